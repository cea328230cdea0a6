"""Searches for a good architecture, against ground truth.

ledger: the events of one search, from which everything that is said of it is derived.
Searches that look trainings up: pool (a table as something to search), bench (what one search sees of it), methods/ (a
file each), look_up (all runs of all methods). Searches that train: cut_off (random search over estimates), trials (the
estimates, computed when a search asks for them, kept on disk), compare (FEAR and short training).
What was searched is saved through analysis/store/search.py and summed up by analysis/measures/search.py.
"""
