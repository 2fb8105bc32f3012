"""Rotary positions of tubelets, rows and columns, from tables that all blocks share.

A head's channels fall into three equal parts, which turn with the token's tubelet, row and column;
what is left over does not turn. Channels 2k and 2k + 1 are rotated as a pair. Computed anew in
every block, as the published code does, the angles take half of a block's time on a GPU.
"""

from collections.abc import Callable
from copy import copy

import torch
from torch import Tensor

MOST_TUBELETS = 32  # 64 frames, the longest clips that V-JEPA 2 was trained on
_BASE = 10_000

Spread = Callable[[Tensor], Tensor]  # angles [tokens, pairs] -> [tokens, 2 * pairs]


def tiled(angles: Tensor) -> Tensor:
    """Lay frequencies out as f0 .. fm f0 .. fm: the slip that V-JEPA 2 was trained with.

    The two members of a pair turn by different angles. It has to be kept for its weights.
    """
    return angles.repeat(1, 2)


def paired(angles: Tensor) -> Tensor:
    """Lay frequencies out as f0 f0 f1 f1 ..: both members of a pair turn by one angle."""
    return angles.repeat_interleave(2, dim=1)


class Rotary:
    """Rotation of queries and keys of whole clips, tokens ordered tubelet, row, column."""

    def __init__(
        self,
        head_size: int,
        grid: int,
        spread: Spread,
        dtype: torch.dtype,
        device: torch.device,
        step: float = 1.0,
    ) -> None:
        """Make the tables.

        Args:
            head_size: channels of a head.
            grid: patches along a side of a frame.
            spread: `tiled` or `paired`.
            dtype, device: of the tables; that of queries and keys.
            step: distance between neighbouring rows and columns, in positions.
        """
        tokens = torch.arange(MOST_TUBELETS * grid**2)
        row = tokens % grid**2 // grid * step
        positions = (tokens // grid**2, row, tokens % grid * step)
        part = 2 * (head_size // 3 // 2)
        angle = torch.zeros(len(tokens), head_size, dtype=torch.float64)
        for index, position in enumerate(positions):
            exponent = torch.arange(part // 2, dtype=torch.float64) / (part / 2)
            turn = position[:, None] * _BASE**-exponent
            angle[:, index * part : (index + 1) * part] = spread(turn)
        sign = torch.tensor([-1.0, 1.0]).repeat(head_size // 2)
        self._cosine = angle.cos().to(device, dtype)
        self._signed_sine = (sign * angle.sin()).to(device, dtype)

    def at_positions(self, positions: Tensor) -> "Rotary":
        """Return the rotation of tokens with these numbers in whole clips, int64 [N]."""
        chosen = copy(self)
        chosen._cosine = self._cosine[positions]
        chosen._signed_sine = self._signed_sine[positions]
        return chosen

    def __call__(self, vectors: Tensor) -> Tensor:
        """Rotate queries or keys [clips, heads, N, head size] of all N tokens of whole clips.

        Raises:
            ValueError: the clips are longer than `MOST_TUBELETS`.
        """
        count = vectors.shape[2]
        if count > len(self._cosine):
            raise ValueError(
                f"{count} tokens a clip, and positions for {len(self._cosine)} ({MOST_TUBELETS} "
                "tubelets): take fewer frames"
            )
        swapped = vectors.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)
        turned = vectors * self._cosine[:count]
        return torch.addcmul(turned, swapped, self._signed_sine[:count])
