"""Cells: clips that stand on the same side of every split.

The training rows and the held-out rows of every split are unions of cells, so sums kept per cell
give the sums of any of these sets. Five folds with their inner splits make 5 to 21 cells of the
datasets' groupings; at most 80 are possible.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pez.recipes.splits import Split


@dataclass(frozen=True)
class Cells:
    """A partition of n clips into K cells.

    Attributes:
        of_clip: cell of each clip, int64 [n].
        train: cells that make up the training rows of each split, bool [splits, K].
        held_out: the same of the held-out rows.
    """

    of_clip: np.ndarray
    train: np.ndarray
    held_out: np.ndarray

    def fingerprint(self) -> str:
        """Return 16 hex digits that differ wherever the splits differ."""
        digest = hashlib.sha256()
        for array in (self.of_clip, self.train, self.held_out):
            digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]


def cells_of(splits: Sequence[Split]) -> Cells:
    """Cut the clips into the fewest cells that all ``splits`` are made of."""
    sides = np.stack([[split.train, split.held_out] for split in splits])  # [splits, 2, n]
    patterns, of_clip = np.unique(
        np.packbits(sides.reshape(-1, sides.shape[2]), axis=0), axis=1, return_inverse=True
    )
    bits = np.unpackbits(patterns, axis=0, count=2 * len(splits)).astype(bool)
    train, held_out = bits.reshape(len(splits), 2, -1).swapaxes(0, 1)
    return Cells(of_clip.reshape(-1).astype(np.int64), train, held_out)
