"""REINFORCE with an LSTM, as in Blox, supplement C.2. Sources: Williams (1992); Pham et al., "Efficient neural
architecture search via parameter sharing" (2018), for the controller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from studies.search.bench import PERCENT, Bench
from studies.search.methods.neural import FLOAT, Adam, Array, Parameters
from studies.search.methods.q_learning import INVALID_REWARD
from studies.search.methods.registry import at_least, register

INITIAL = 0.1  # weights begin uniformly in ±INITIAL, as in the second source


@register("reinforce")
@dataclass(frozen=True, kw_only=True)
class Reinforce:
    """One LSTM cell writes an encoding value by value; the result is trained, and its objective / 100 is the reward, -1
    if it is invalid, at no cost. One step of Adam for each encoding.

    Logits are scale * tanh(linear(h) / temperature). The input is zero at first, then what was drawn last, embedded.
    The paper leaves open, and here is: a linear output and embeddings for each position, and as baseline the moving
    average of the rewards, which begins with the first one.

    Args:
        width: of the LSTM's inputs and of its state.
        temperature, scale: of the logits.
        entropy: weight of the entropy of the distributions, which is maximised as well.
        baseline: decay of the moving average; 0 for no baseline.
        rate: Adam's learning rate.
    """

    width: int = 100
    temperature: float = 5.0
    scale: float = 2.5
    entropy: float = 1e-4
    baseline: float = 0.95
    rate: float = 3.5e-4

    def __post_init__(self) -> None:
        at_least(self, width=1, temperature=1e-6, scale=0, entropy=0, baseline=0, rate=0)
        if self.baseline >= 1:
            raise ValueError(f"baseline: {self.baseline!r} is not below 1")

    def run(self, bench: Bench, rng: np.random.Generator) -> None:
        controller = Controller(bench.pool.arity, self, rng)
        average: float | None = None
        while True:
            drawn = controller.draw(rng)
            value = bench.train(bench.pool.code(drawn.values))
            reward = INVALID_REWARD if value is None else value / PERCENT
            if average is None or not self.baseline:
                average = reward if self.baseline else 0.0
            controller.ascend(drawn, reward - average)
            if self.baseline:
                average = self.baseline * average + (1 - self.baseline) * reward


class Drawn(NamedTuple):
    """values: of an encoding. The others, for each position: what entered the cell (2 * width), its gates, its state
    before and after, its output, the tanh of the logits, the probabilities."""

    values: list[int]
    inputs: list[Array]
    gates: list[Array]
    cells: list[Array]
    outputs: list[Array]
    squashed: list[Array]
    probabilities: list[Array]


class Controller:
    """The LSTM and its gradient. arity: values of each position."""

    def __init__(
        self, arity: tuple[int, ...], settings: Reinforce, rng: np.random.Generator, dtype: type = FLOAT
    ) -> None:
        self.settings, self.arity = settings, arity
        ends = np.cumsum(arity)
        self.slices = [slice(end - count, end) for end, count in zip(ends, arity, strict=True)]
        total, width = int(ends[-1]), settings.width
        shapes: dict[str, tuple[int, ...]] = {
            "lstm": (4 * width, 2 * width), "lstm_bias": (4 * width,), "embedding": (total, width),
            "output": (total, width), "output_bias": (total,),
        }  # fmt: skip
        self.parameters = Parameters(shapes, dtype)
        self.parameters.vector[:] = rng.uniform(-INITIAL, INITIAL, len(self.parameters.vector))
        self.gradient = self.parameters.like()
        self.adam = Adam(self.parameters, settings.rate)

    def draw(self, rng: np.random.Generator, values: list[int] | None = None) -> Drawn:
        """An encoding, or `values` and what the network says of them."""
        p, width, s = self.parameters, self.settings.width, self.settings
        dtype = p.vector.dtype
        entered, h, c = (np.zeros(width, dtype) for _ in range(3))
        drawn = Drawn([], [], [], [c], [], [], [])
        uniform = rng.random(len(self.arity))
        for place, here in enumerate(self.slices):
            x = np.concatenate((entered, h))
            z = p["lstm"] @ x + p["lstm_bias"]
            gates = np.concatenate((1 / (1 + np.exp(-z[: 3 * width])), np.tanh(z[3 * width :])))
            i, f, o, g = gates.reshape(4, width)
            c = f * c + i * g
            h = o * np.tanh(c)
            squashed = np.tanh((p["output"][here] @ h + p["output_bias"][here]) / s.temperature)
            weight = np.exp(s.scale * squashed)
            probability = weight / weight.sum()
            if values is None:
                value = min(
                    int(np.searchsorted(np.cumsum(probability), uniform[place], side="right")),
                    len(weight) - 1,
                )
            else:
                value = values[place]
            entered = p["embedding"][here.start + value]
            drawn.values.append(value)
            for kept, one in zip(drawn[1:], (x, gates, c, h, squashed, probability), strict=True):
                kept.append(one)
        return drawn

    def ascend(self, drawn: Drawn, advantage: float) -> None:
        """One step on advantage * log(probability of what was drawn) + entropy weight * entropy."""
        self.differentiate(drawn, advantage)
        np.negative(self.gradient.vector, out=self.gradient.vector)
        self.adam.step(self.gradient)

    def differentiate(self, drawn: Drawn, advantage: float) -> None:
        """The gradient of that, into `gradient`."""
        p, q, width, s = self.parameters, self.gradient, self.settings.width, self.settings
        q.vector[:] = 0
        before_gates = np.empty((len(self.arity), 4 * width), p.vector.dtype)
        to_h, to_c = np.zeros(width, p.vector.dtype), np.zeros(width, p.vector.dtype)
        for place in reversed(range(len(self.arity))):
            here, value, probability = self.slices[place], drawn.values[place], drawn.probabilities[place]
            log = np.log(probability)
            to_logits = -advantage * probability - s.entropy * probability * (log - probability @ log)
            to_logits[value] += advantage
            to_linear = to_logits * s.scale * (1 - drawn.squashed[place] ** 2) / s.temperature
            h, c = drawn.outputs[place], drawn.cells[place + 1]
            q["output"][here] = np.outer(to_linear, h)
            q["output_bias"][here] = to_linear
            to_h = to_h + to_linear @ p["output"][here]
            i, f, o, g = drawn.gates[place].reshape(4, width)
            squashed = np.tanh(c)
            to_c = to_c + to_h * o * (1 - squashed**2)
            before_gates[place] = np.concatenate(
                (
                    to_c * g * i * (1 - i),
                    to_c * drawn.cells[place] * f * (1 - f),
                    to_h * squashed * o * (1 - o),
                    to_c * i * (1 - g**2),
                )
            )
            to_input = before_gates[place] @ p["lstm"]
            if place:
                q["embedding"][self.slices[place - 1].start + drawn.values[place - 1]] = to_input[:width]
            to_h, to_c = to_input[width:], to_c * f
        q["lstm"][:] = before_gates.T @ np.array(drawn.inputs)
        q["lstm_bias"][:] = before_gates.sum(0)
