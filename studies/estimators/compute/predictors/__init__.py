"""Predictors: what they see of an architecture (features.py), and models that learn from labelled ones (models.py)."""
