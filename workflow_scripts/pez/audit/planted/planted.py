"""What a planted network is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

Truth = Literal["yes", "no"] | None  # None: the construction does not say, or nothing is planted


@dataclass(frozen=True)
class Stack:
    """Pooled features of one dataset.

    Attributes:
        labels: one row per clip, columns as in ``labels.parquet``.
        features: at states 0 .. L, float32 [S, n, D].
    """

    labels: pd.DataFrame
    features: np.ndarray


Network = Mapping[str, Stack]  # by kind of dataset: velocity, acceleration, plausibility


@dataclass(frozen=True)
class PlantedKind:
    """A kind of planted network.

    Attributes:
        name: its module.
        words: what is planted.
        truth: what is true of every claim by construction, by its id; C10 is never known.
        plant: draws one from a generator and the number of blocks L.
        step: where direction's score steps, as a share of the blocks; None: it does not.
        rises: whether direction's score rises at all.
    """

    name: str
    words: str
    truth: Mapping[str, Truth]
    plant: Callable[[np.random.Generator, int], Network]
    step: float | None = None
    rises: bool = True


def noisier(network: Network, random: np.random.Generator, variance: float) -> Network:
    """Add white noise of ``variance`` to every feature of ``network``, new at every state."""
    louder = {}
    for kind, stack in network.items():
        noise = random.normal(0, np.sqrt(variance), stack.features.shape).astype(np.float32)
        louder[kind] = Stack(stack.labels, stack.features + noise)
    return louder
