"""The frames of every clip in random order: its pictures stay, its motion goes.

Every order of the frames is equally likely; each clip has its own.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pez.controls.control import Control, Look
from pez.controls.reorder import ReorderedClips, reordered

CONTROL = Control(
    name="frames_shuffled",
    replaces="clips",
    words="the network on shuffled frames",
    caption="Shuffled frames: the same network on clips with their frames in random order, drawn "
    "for each clip, the same recipe.",
    look=Look(
        "shuffled frames",
        {"linewidth": 0.9, "linestyle": (0, (2.4, 1.4)), "zorder": 2.4},
        None,
        10.4,
    ),
)


def reorder(frames: NDArray[np.uint8], clip_ids: Sequence[str], seed: int) -> ReorderedClips:
    """Return the clips ``frames`` [n, T, H, W, 3], called ``clip_ids``, in other orders."""
    return reordered(frames, clip_ids, seed, lambda count, draws: draws.permutation(count))
