"""Ways to search a pool, a file each. METHODS has those that need nothing but settings, by name."""

from studies.search.methods import (
    evolution,  # noqa: F401 - each registers itself
    hyperband,  # noqa: F401
    local_search,  # noqa: F401
    predictor_guided,  # noqa: F401
    q_learning,  # noqa: F401
    random_search,  # noqa: F401
    reinforce,  # noqa: F401
)
from studies.search.methods.registry import METHODS, SLOW, with_settings

__all__ = ["METHODS", "SLOW", "with_settings"]
