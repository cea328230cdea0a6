"""Figures of a ground truth alone, drawn by name from one table: see definitions.py."""
