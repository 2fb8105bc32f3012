"""Every clip is its first frame, repeated: one picture stays, and all motion goes.

Nothing is drawn, so that this control has no seed.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pez.controls.control import Control, Look
from pez.controls.reorder import ReorderedClips

CONTROL = Control(
    name="static",
    replaces="clips",
    words="the network on static clips",
    caption="Static: the same network on clips that repeat their first frame, the same recipe.",
    look=Look(
        "static clips",
        {"linewidth": 0.9, "linestyle": (0, (1, 1)), "zorder": 2.2},
        None,
        12.0,
    ),
    draws=False,
)


def reorder(frames: NDArray[np.uint8], clip_ids: Sequence[str], seed: int | None) -> ReorderedClips:
    """Return the clips ``frames`` [n, T, H, W, 3], each as its first frame T times."""
    return ReorderedClips(frames, np.zeros(frames.shape[:2], np.int64))
