"""What the estimators compute, a file each, named by the estimator's kind. task: what architectures are judged for."""
