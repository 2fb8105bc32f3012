"""Frames as features: the means of the squares of a grid, of a tubelet or of a patch.

The squares of a whole frame are stored as the coefficients of their cosine transform. It is a
rotation: a straight line reads from them what it reads from the squares. But a square that no ball
crosses in the training clips is constant there; scaled by its spread, it would drown all else in a
clip where one does.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

from pez.features.spec import View

TUBELET_FRAMES = 2
FRAME_SIDE = 16  # squares along a side of a frame, where features keep a whole tubelet
PATCHES = 16  # patches along a side, as an encoder has them at 256 pixels
PATCH_SIDE = 4  # squares along a side of a patch, where features keep patches
PATCH_WIDTH = TUBELET_FRAMES * PATCH_SIDE * PATCH_SIDE * 3


def tubelets_on_grid(frames: NDArray[np.float32], view: View) -> NDArray[np.float32]:
    """Reduce frames [T, H, W, 3] of any values to what is stored of them for ``view``.

    Returns:
        float32 [rows, values]. ``tubelet_mean``: one row per tubelet, with the cosine transform of
        16 x 16 squares of both its frames, 1536 values. Patch views: one row for each of 16 x 16
        patches (``all_patches``: of every tubelet, in order), with 4 x 4 squares of both its
        frames, 96 values.
    """
    if view == "tubelet_mean":
        squares = square_means(frames, FRAME_SIDE)
        rotated = dctn(squares, axes=(1, 2), norm="ortho")
        return rotated.reshape(len(frames) // TUBELET_FRAMES, -1)
    if view == "first_tubelet_patches":
        frames = frames[:TUBELET_FRAMES]
    elif view == "last_tubelet_patches":
        frames = frames[-TUBELET_FRAMES:]
    squares = square_means(frames, PATCHES * PATCH_SIDE)
    cut = squares.reshape(-1, TUBELET_FRAMES, PATCHES, PATCH_SIDE, PATCHES, PATCH_SIDE, 3)
    return cut.transpose(0, 2, 4, 1, 3, 5, 6).reshape(-1, PATCH_WIDTH)


def square_means(frames: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Means over ``side`` x ``side`` equal squares of frames [T, H, W, 3]: [T, side, side, 3].

    A pixel on the border of two squares counts in each with its share.
    """
    rows, columns = (_shares(size, side) for size in frames.shape[1:3])
    lines = np.einsum("ah,thwc->tawc", rows, frames, optimize=True)
    return np.einsum("bw,tawc->tabc", columns, lines, optimize=True)


def _shares(pixels: int, squares: int) -> NDArray[np.float32]:
    """Share of each pixel in the mean of each square along one axis, [squares, pixels]."""
    edges = np.arange(squares + 1) * pixels / squares
    place = np.arange(pixels)
    overlap = np.minimum(edges[1:, None], place + 1) - np.maximum(edges[:-1, None], place)
    return (np.clip(overlap, 0, None) * squares / pixels).astype(np.float32)
