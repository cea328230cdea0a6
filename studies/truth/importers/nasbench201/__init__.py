"""NAS-Bench-201's published files, in all of their formats."""
