"""What the estimators compute, a file each, named by the estimator's kind. task: what they score."""
