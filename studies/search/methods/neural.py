"""What the searches that learn a network need: parameters in one vector, and Adam. Plain NumPy: the networks are so
small that PyTorch would mostly wait for itself."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

Array = np.ndarray
FLOAT = np.float32


class Parameters:
    """Named arrays that are views of one vector.

    Args:
        shapes: of each.
        dtype: float32; float64 for checks.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], dtype: type = FLOAT) -> None:
        self.shapes = dict(shapes)
        self.vector: Array = np.zeros(sum(math.prod(shape) for shape in shapes.values()), dtype)
        self._arrays: dict[str, Array] = {}
        start = 0
        for name, shape in shapes.items():
            end = start + math.prod(shape)
            self._arrays[name] = self.vector[start:end].reshape(shape)
            start = end

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def like(self) -> Parameters:
        """Zeros of the same names and shapes."""
        return Parameters(self.shapes, self.vector.dtype.type)


class Adam:
    """Source: Kingma & Ba (2015). Without weight decay; betas and epsilon as in Blox, supplement C.2."""

    def __init__(self, parameters: Parameters, rate: float) -> None:
        self.parameters, self.rate, self.steps = parameters, rate, 0
        self.first, self.second = np.zeros_like(parameters.vector), np.zeros_like(parameters.vector)

    def step(self, gradient: Parameters) -> None:
        """Descend along the gradient."""
        g = gradient.vector
        self.steps += 1
        self.first *= 0.9
        self.first += 0.1 * g
        self.second *= 0.999
        g *= g
        g *= 0.001
        self.second += g
        np.sqrt(self.second, out=g)
        g *= 1 / math.sqrt(1 - 0.999**self.steps)
        g += 1e-8
        np.divide(self.first, g, out=g)
        g *= self.rate / (1 - 0.9**self.steps)
        self.parameters.vector -= g
