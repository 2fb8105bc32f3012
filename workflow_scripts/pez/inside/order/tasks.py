"""Tasks that are read side by side: their targets, and who is told right."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pez.recipes.targets import target_values

DIRECTION, PLACE = "direction", "place"  # beside the orders, which are named as variants
PLACES = 8  # sectors of the start
TIE = 1e-3  # of predictions of +1 or -1: nearer to 0 they say neither
_FULL_TURN = 2 * np.pi


@dataclass(frozen=True)
class Sectors:
    """In which of some equal sectors a vector lies; the answer is that of the predicted vector.

    Attributes:
        targets: vectors (x, y) of the clips, float64 [n, 2].
        own: their sectors, int64 [n].
        sectors: how many there are.
        begin: of the first one, in sectors from the x axis, counter-clockwise.
    """

    targets: np.ndarray
    own: np.ndarray
    sectors: int
    begin: float

    @classmethod
    def of(cls, vectors: np.ndarray, sectors: int, begin: float) -> "Sectors":
        """Sectors of ``vectors`` [n, 2]."""
        return cls(vectors, _sector(vectors, sectors, begin), sectors, begin)

    @property
    def chance(self) -> float:
        """See `Task`; the same whether sectors are equally full or not."""
        return 1 / self.sectors

    def right(self, predictions: np.ndarray) -> np.ndarray:
        """See `Task`."""
        found = _sector(predictions, self.sectors, self.begin)
        return (found == self.own).astype(np.float64)

    def dealt(self, random: np.random.Generator) -> "Sectors":
        """See `Task`."""
        rows = random.permutation(len(self.own))
        return replace(self, targets=self.targets[rows], own=self.own[rows])


def _sector(vectors: np.ndarray, sectors: int, begin: float) -> np.ndarray:
    """Sector of vectors [..., 2]: int64 [...]."""
    turns = np.arctan2(vectors[..., 1], vectors[..., 0]) / _FULL_TURN
    return np.floor(turns * sectors - begin).astype(np.int64) % sectors


@dataclass(frozen=True)
class Order:
    """Every clip twice: first all in their own order, then all in another.

    Attributes:
        signs: 1 where the first version of a clip is to be called its own order, float64 [n].
    """

    signs: np.ndarray

    @property
    def targets(self) -> np.ndarray:
        """See `Task`: +1 and -1."""
        return np.concatenate([self.signs, -self.signs])[:, None]

    @property
    def chance(self) -> float:
        """See `Task`."""
        return 0.5

    def right(self, predictions: np.ndarray) -> np.ndarray:
        """See `Task`: mean over both versions; a prediction of neither counts one half.

        Where both versions have the same features, predictions are the same, and one of two is
        right, or 0, and two halves are: one half in either case.
        """
        towards = predictions[:, :, 0] * self.targets[:, 0]
        right = np.where(np.abs(towards) <= TIE, 0.5, towards > 0)
        return right.reshape(len(right), 2, -1).mean(axis=1)

    def dealt(self, random: np.random.Generator) -> "Order":
        """See `Task`: swapped within a clip, or not."""
        return replace(self, signs=random.choice([-1.0, 1.0], len(self.signs)))


def direction_task(labels: pd.DataFrame) -> Sectors:
    """Direction of motion, one of as many as the clips have, which are equally spaced from 0."""
    sine, cosine = target_values(labels, "direction_sincos").T
    directions = labels["direction_index"].nunique()
    return Sectors.of(np.stack([cosine, sine], axis=1), directions, begin=-0.5)


def place_task(labels: pd.DataFrame) -> Sectors:
    """Sector about the image's centre, of 45 degrees, in which the ball starts: no motion."""
    starts = labels[["start_x_m", "start_y_m"]].to_numpy(np.float64)
    return Sectors.of(starts, PLACES, begin=0.0)
