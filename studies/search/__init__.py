"""Searches for a good architecture by an estimator, against ground truth.

policy: random search as arithmetic over what estimates say and cost. methods: what is compared, and its settings.
trials: the estimates, computed when a search asks for them, kept on disk. compare: all searches of a comparison.
"""
