"""Units of cost of a search's events. Light, for the command line."""

UNITS = ("steps", "seconds", "macs")  # of searches that train
LOOKED_UP = ("trainings", "epochs", "macs", "seconds")  # of searches that look trainings up
