"""Ways to rank architectures: what a supernet, a network's cost, its first epochs or its gradients say of it.

estimator: the interface and what there is. The other files are the settings of one estimator each and import no torch;
compute: what they do. proxies: zero-cost proxies as functions of a network.
"""

from studies.estimators.estimator import STATUSES, Estimator, Record, Report, estimators, register

__all__ = ["STATUSES", "Estimator", "Record", "Report", "estimators", "register"]
