"""The sub-commands of `python -m analysis`, one a module: HELP, add_arguments(parser), main(args).

pandas, SciPy and Matplotlib are imported where they are used, so that --help answers at once.
"""
