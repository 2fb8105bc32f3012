"""The tubelets of every clip in random order: their own motion stays, its course goes.

Every order of the tubelets is equally likely; each clip has its own. A tubelet is what an encoder
embeds as one: two successive frames, which stay together and in order.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pez.controls.control import Control, Look
from pez.controls.reorder import ReorderedClips, reordered

CONTROL = Control(
    name="tubelets_shuffled",
    replaces="clips",
    words="the network on shuffled tubelets",
    caption="Shuffled tubelets: the same network on clips with their pairs of frames in random "
    "order, drawn for each clip, the same recipe.",
    look=Look(
        "shuffled tubelets",
        {"linewidth": 0.9, "linestyle": (0, (2.4, 1.4, 0.8, 1.4)), "zorder": 2.3},
        None,
        11.2,
    ),
)


def reorder(frames: NDArray[np.uint8], clip_ids: Sequence[str], seed: int) -> ReorderedClips:
    """Return the clips ``frames`` [n, T, H, W, 3], called ``clip_ids``, in other orders."""
    return reordered(frames, clip_ids, seed, _order)


def _order(count: int, draws: np.random.Generator) -> NDArray[np.int64]:
    return np.arange(count).reshape(-1, 2)[draws.permutation(count // 2)].reshape(-1)
