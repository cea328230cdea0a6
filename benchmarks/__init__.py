"""Speed of everything, each piece of work beside a plain implementation of it: `python -m benchmarks`.

A benchmark is a function of `quick` that yields rows (timing.py); __main__.py names them all. work.py has the networks,
sizes and random images that they share, plain.py the reference network, page.py prints and writes.
"""

NB201, BLOX = "nasbench201", "blox"  # the spaces measured, by their names in the registry
