"""What TensorBoard shows of a run: for looking; the results of record are the run's other files.

settings: what a log is compared with and where it is. comparison: the score sets and their tau. milestones: scores
during training. curves, hparams, figures: what is shown. events: the one module that writes event files. log: the log
of a finished run from its files. live: the log while a run trains.
"""
