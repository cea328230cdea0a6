"""Blox: three blocks of their own, one a stage. space.py is plain Python; cells.py holds its modules."""
