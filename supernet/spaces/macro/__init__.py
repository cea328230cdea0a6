"""NAS-Bench-Macro: eight layers of their own in three stages. space.py is plain Python; cells.py holds its modules."""
