"""Ways to rank architectures, one file each: what a network's cost, its first epochs or its gradients say of it.

estimator: the interface and what there is.
"""

from studies.estimators.estimator import STATUSES, Estimator, Record, Report, Task, estimators, register

__all__ = ["STATUSES", "Estimator", "Record", "Report", "Task", "estimators", "register"]
