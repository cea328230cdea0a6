"""Zero-cost proxies: what a network with random weights says of its architecture. One file a proxy or a family.

Each is a pure function; higher is better for all, as published. `together` computes many of one network and shares
what they have in common.
"""

from studies.estimators.proxies.batch import Batch, fixed_batch
from studies.estimators.proxies.together import PROXIES, Value, together

__all__ = ["PROXIES", "Batch", "Value", "fixed_batch", "together"]
