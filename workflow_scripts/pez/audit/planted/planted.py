"""What a planted network is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

Truth = Literal["yes", "no"] | None  # None: the construction does not say, or nothing is planted


@dataclass(frozen=True)
class Stack:
    """Pooled features of one dataset.

    Attributes:
        labels: one row a clip, columns as in ``labels.parquet``.
        features: at states 0 .. L, float32 [S, n, D].
    """

    labels: pd.DataFrame
    features: np.ndarray


@dataclass(frozen=True)
class Planted:
    """One planted network with its untrained counterparts.

    Attributes:
        trained: by kind of dataset (velocity, acceleration, plausibility).
        untrained: stacks of the velocity clips, one a seed.
    """

    trained: Mapping[str, Stack]
    untrained: Sequence[Stack]


@dataclass(frozen=True)
class PlantedKind:
    """A kind of planted network.

    Attributes:
        name: its module.
        words: what is planted.
        truth: what is true of every claim by construction, by its id; C10 is never known.
        plant: draws one from a generator, the number of blocks L and of untrained seeds.
    """

    name: str
    words: str
    truth: Mapping[str, Truth]
    plant: Callable[[np.random.Generator, int, int], Planted]
