"""The sub-commands of `python -m analysis`: their arguments in one light module, the work of each in its own, which is
imported once the command is known."""
