"""V-JEPA 2's rotary positions from tables, equal to transformers' and several times faster.

There the angles of every token are computed anew for queries and keys of every block, and rotated
in slices that are joined again: half of the time of a block on a GPU. Here one table of cosines
and one of sines serve all blocks.

The released models were trained with a slip that has to be kept. Channels 2k and 2k + 1 are
rotated as a pair, but the frequencies are laid out as f0 .. fm f0 .. fm, so that the two members of
a pair turn by different angles.
"""

import torch
from torch import Tensor
from transformers.models.vjepa2.modeling_vjepa2 import VJEPA2RopeAttention

MOST_TUBELETS = 32  # 64 frames, the longest clips that V-JEPA 2 was trained on
_BASE = 10_000


class Rotary:
    """Rotation of queries and keys of whole clips, tokens ordered tubelet, row, column."""

    def __init__(self, attention: VJEPA2RopeAttention, dtype: torch.dtype, device: torch.device):
        tokens = torch.arange(MOST_TUBELETS * attention.grid_size**2)
        row = tokens % attention.grid_size**2 // attention.grid_size
        positions = (tokens // attention.grid_size**2, row, tokens % attention.grid_size)
        angle = torch.zeros(len(tokens), attention.attention_head_size, dtype=torch.float64)
        start = 0
        sizes = (attention.d_dim, attention.h_dim, attention.w_dim)
        for position, size in zip(positions, sizes, strict=True):  # what is left does not turn
            exponent = torch.arange(size // 2, dtype=torch.float64) / (size / 2)
            part = position[:, None] * _BASE**-exponent
            angle[:, start : start + size] = part.repeat(1, 2)
            start += size
        sign = torch.tensor([-1.0, 1.0]).repeat(attention.attention_head_size // 2)
        self._cosine = angle.cos().to(device, dtype)
        self._signed_sine = (sign * angle.sin()).to(device, dtype)

    def rotate(self, vectors: Tensor, _: object = None) -> Tensor:
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
