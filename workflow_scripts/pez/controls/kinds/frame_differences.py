"""Differences of successive frames: what moves, and nothing that stands still.

Every frame less the one before it, the first less itself; then as `pez.controls.kinds.pixels`.
"""

import numpy as np
from numpy.typing import NDArray

from pez.controls.control import Control, Look
from pez.controls.grid import PATCH_WIDTH, tubelets_on_grid
from pez.features.spec import View

CONTROL = Control(
    name="frame_differences",
    replaces="features",
    words="differences of successive frames",
    caption="Frame differences: every frame less the one before it, means of 16 x 16 squares (of "
    "4 x 4 of every patch), in place of the residual stream, the same recipe; no depth, hence a "
    "flat line.",
    look=Look(
        "frame differences, no network",
        {"linewidth": 0.9, "linestyle": (0, (7, 1.5, 1, 1.5)), "zorder": 2.6},
        None,
        8.8,
    ),
    patch_width=PATCH_WIDTH,
)


def features(clip: NDArray[np.uint8], view: View) -> NDArray[np.float32]:
    """Return what is stored of the frames [T, H, W, 3] of a clip, float32 [rows, values]."""
    frames = clip.astype(np.float32) / np.float32(255)
    return tubelets_on_grid(np.diff(frames, axis=0, prepend=frames[:1]), view)
