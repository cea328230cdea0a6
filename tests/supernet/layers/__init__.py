"""A third space for tests: a choice a layer, each its own, and cells that halve the image themselves."""
