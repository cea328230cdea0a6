"""How runs are done: one by one or in worker processes, under a lock, resumable."""
