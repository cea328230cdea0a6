"""Zero-cost proxies: what a network with random weights says of its architecture. One file a proxy or a family.

Each is a pure function; higher is better for all, as published. `proxies_of` computes many of one network and shares
what they have in common.
"""

from studies.estimators.proxies.compute import Value, proxies_of
from studies.estimators.proxies.forward import Batch, fixed_batch

__all__ = ["Batch", "Value", "fixed_batch", "proxies_of"]
