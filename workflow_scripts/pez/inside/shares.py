"""How much of every patch something in the picture covers, as the network sees it."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from pez.encoders.family import Grid
from pez.encoders.patches import TUBELET_FRAMES
from pez.encoders.preprocess import Preprocessing, build_transform, preprocess


def patch_shares(
    covered: NDArray[np.bool_], preprocessing: Preprocessing, size: int, grid: Grid
) -> Tensor:
    """Share of every patch that is covered.

    Args:
        covered: pixels of one clip, bool [T, H, W].
        preprocessing: how frames reach the encoder's ``size``.
        size: side of what the encoder sees, pixels.
        grid: of its tokens.

    Returns:
        float32 [tubelets, 2 frames, rows, columns].
    """
    frames = torch.from_numpy(covered.astype(np.uint8) * np.uint8(255))[None, ..., None]
    still = build_transform(preprocessing, size, mean=(0.0,), std=(1.0,))
    pixels = preprocess(frames, still)[0, :, 0]
    return F.adaptive_avg_pool2d(pixels, (grid.rows, grid.columns)).unflatten(
        0, (grid.tubelets, TUBELET_FRAMES)
    )
