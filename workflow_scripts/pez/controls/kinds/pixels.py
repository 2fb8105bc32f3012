"""The clip's own pixels: what is readable before any network has looked.

Frames in 0..1, averaged over 16 x 16 squares of a frame (over 4 x 4 squares of each of 16 x 16
patches, where a recipe reads patches), both frames of a tubelet side by side; see
`pez.controls.grid`.
"""

import numpy as np
from numpy.typing import NDArray

from pez.controls.control import Control, Look
from pez.controls.grid import PATCH_WIDTH, tubelets_on_grid
from pez.features.spec import View

CONTROL = Control(
    name="pixels",
    replaces="features",
    words="the clip's own pixels",
    caption="Pixels: means of 16 x 16 squares of every frame (of 4 x 4 of every patch) in place of "
    "the residual stream, the same recipe; no depth, hence a flat line.",
    look=Look(
        "pixels, no network",
        {"linewidth": 0.9, "linestyle": (0, (7, 1.5)), "zorder": 2.7},
        None,
        8.0,
    ),
    patch_width=PATCH_WIDTH,
)


def features(clip: NDArray[np.uint8], view: View) -> NDArray[np.float32]:
    """Return what is stored of the frames [T, H, W, 3] of a clip, float32 [rows, values]."""
    return tubelets_on_grid(clip.astype(np.float32) / np.float32(255), view)
