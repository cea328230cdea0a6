"""What TensorBoard shows of a run: for monitoring; the results of record are the run's other files.

links: which runs are shown and where their logs are. comparison: the score sets and their tau. milestones: scores
during training. events: the one module that writes event files. log: the log of a finished run from its files, and what
is shown of an epoch. live: the log while a run trains. figures: its pictures.
"""
