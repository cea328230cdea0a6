"""Q-learning as in Blox, supplement C.2: an agent that changes an encoding twice and is rewarded for the result."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from studies.search.bench import PERCENT, Bench
from studies.search.methods.neural import FLOAT, Adam, Array, Parameters
from studies.search.methods.registry import at_least, register
from studies.search.pool import Pool

LAYERS = 4
STEPS = 2  # changes in an episode
INVALID_REWARD = -1.0


@register("q-learning")
@dataclass(frozen=True, kw_only=True)
class QLearning:
    """An MLP of one-hot inputs predicts the return of setting one position to another value. Epsilon-greedy; after two
    changes the encoding is trained, and its objective / 100 is the reward, -1 if it is invalid, at no cost.

    The paper leaves open, and here is: an episode starts from a random valid encoding, which is not trained; the target
    of the last change is the reward, that of the one before gamma times it (the return of the episode, no second
    network); no change may lead back to an encoding of its episode; four layers are three hidden ones and the output,
    with ReLU and He's initial weights; one step of Adam on the mean squared error after every episode.

    Args:
        width: of the hidden layers.
        epsilon: probability of a random change.
        gamma: discount.
        replay: episodes that are kept.
        batch: of them in a step, drawn without replacement.
        rate: Adam's learning rate.
    """

    width: int = 128
    epsilon: float = 0.1
    gamma: float = 0.1
    replay: int = 32
    batch: int = 8
    rate: float = 3.5e-4

    def __post_init__(self) -> None:
        at_least(self, width=1, epsilon=0, gamma=0, replay=1, batch=1, rate=0)

    def run(self, bench: Bench, rng: np.random.Generator) -> None:
        agent = Agent(bench.pool, self, rng)
        episodes: deque[list[tuple[int, int, float]]] = deque(maxlen=self.replay)
        while True:
            states = [bench.draw(rng)]
            actions = []
            for _ in range(STEPS):
                action, state = agent.act(states, rng)
                actions.append(action)
                states.append(state)
            value = bench.train(states[-1])
            reward = INVALID_REWARD if value is None else value / PERCENT
            returns = [reward * self.gamma ** (STEPS - 1 - step) for step in range(STEPS)]
            episodes.append(list(zip(states[:-1], actions, returns, strict=True)))
            chosen = rng.choice(len(episodes), min(self.batch, len(episodes)), replace=False)
            agent.learn([step for place in chosen for step in episodes[place]])


class Agent:
    """The network, and what it chooses. An action is a place of the one-hot encoding: a position and its new value."""

    def __init__(self, pool: Pool, settings: QLearning, rng: np.random.Generator) -> None:
        self.pool, self.settings = pool, settings
        self.offsets = np.concatenate(([0], np.cumsum(pool.arity)))
        self.actions = [(place, value) for place, count in enumerate(pool.arity) for value in range(count)]
        size, width = len(self.actions), settings.width
        self.sizes = (size, *(width,) * (LAYERS - 1), size)
        shapes: dict[str, tuple[int, ...]] = {}
        for layer, (inputs, outputs) in enumerate(zip(self.sizes, self.sizes[1:], strict=False)):
            shapes |= {f"weight{layer}": (inputs, outputs), f"bias{layer}": (outputs,)}
        self.parameters = Parameters(shapes)
        for layer, inputs in enumerate(self.sizes[:-1]):
            weight = self.parameters[f"weight{layer}"]
            weight[:] = rng.standard_normal(weight.shape, FLOAT) * np.sqrt(2 / inputs)
        self.gradient = self.parameters.like()
        self.adam = Adam(self.parameters, settings.rate)

    def moves(self, states: list[int]) -> list[tuple[int, int]]:
        """(action, next state) of each change of the last state that leads to none of `states`."""
        here = states[-1]
        values = self.pool.values(here)
        found = [
            (action, self.pool.changed(here, place, value - values[place]))
            for action, (place, value) in enumerate(self.actions)
        ]
        return [move for move in found if move[1] not in states]

    def act(self, states: list[int], rng: np.random.Generator) -> tuple[int, int]:
        """(action, next state) by the epsilon-greedy rule; the first of equals."""
        moves = self.moves(states)
        if rng.random() < self.settings.epsilon:
            return moves[rng.integers(len(moves))]
        values = self.forward([states[-1]])[-1][0]
        return max(moves, key=lambda move: values[move[0]])

    def forward(self, states: list[int]) -> list[Array]:
        """What enters each layer, (n, ...), and the predictions (n, actions)."""
        x = np.zeros((len(states), len(self.actions)), FLOAT)
        for row, state in enumerate(states):
            x[row, self.offsets[:-1] + self.pool.values(state)] = 1
        found = [x]
        for layer in range(LAYERS):
            x = found[-1] @ self.parameters[f"weight{layer}"] + self.parameters[f"bias{layer}"]
            found.append(x if layer == LAYERS - 1 else np.maximum(x, 0))
        return found

    def learn(self, steps: list[tuple[int, int, float]]) -> None:
        """One step on (state, action, return)s."""
        states, actions, returns = zip(*steps, strict=True)
        layers = self.forward(list(states))
        rows = np.arange(len(steps))
        error = np.zeros_like(layers[-1])
        error[rows, list(actions)] = layers[-1][rows, list(actions)] - np.array(returns, FLOAT)
        error *= 2 / len(steps)
        for layer in reversed(range(LAYERS)):
            self.gradient[f"weight{layer}"][:] = layers[layer].T @ error
            self.gradient[f"bias{layer}"][:] = error.sum(0)
            if layer:
                error = (error @ self.parameters[f"weight{layer}"].T) * (layers[layer] > 0)
        self.adam.step(self.gradient)
