"""Units of cost of a search's events. Light, for the command line."""

UNITS = ("steps", "seconds", "macs")  # of searches that train
LOOKED_UP = ("trainings", "epochs", "macs", "seconds")  # of searches that look trainings up
PASSES = 3  # a training's, of an image: one forward, and one backward that is counted as two
