"""Searches for a good architecture by an estimator, against ground truth.

policy: random search as arithmetic over what estimates say and cost. trials: the estimates, computed when a search asks
for them, kept on disk. compare: what is compared, and all searches of a comparison.
"""
