"""NAS-Bench-201: a cell of six edges, repeated. space.py is plain Python; cells.py holds its modules."""
