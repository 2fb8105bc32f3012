"""Other orders of the frames of clips, never their own."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pez.controls.kinds import frames_shuffled, tubelets_shuffled
from pez.inside.kinds.order_task import Variant
from pez.runtime.errors import ConfigError

_FEWEST = 4  # frames, two tubelets: fewer have no other order


def other_orders(
    variant: Variant, clip_ids: Sequence[str], frames: int, seed: int
) -> NDArray[np.int64]:
    """Order of the frames of every clip, int64 [n, frames].

    Random orders are those of the controls ``tubelets_shuffled`` and ``frames_shuffled`` with this
    ``seed``: drawn for each clip by its name. A clip whose draw is its own order gets that of the
    next seed.

    Raises:
        ConfigError: clips of fewer than two tubelets, which have one order only.
    """
    if frames < _FEWEST:
        raise ConfigError(
            f"clips of {frames} frames have no other order of tubelets: set clips.scene.frames to "
            f"{_FEWEST} or more."
        )
    own = np.arange(frames)
    if variant == "reversed":
        return np.tile(own[::-1], (len(clip_ids), 1))
    reorder = {"tubelets": tubelets_shuffled.reorder, "frames": frames_shuffled.reorder}[variant]
    ids = np.array(clip_ids)
    found = np.tile(own, (len(ids), 1))
    while (same := (found == own).all(axis=1)).any():
        # the controls reorder whatever frames they are given: here, the numbers of the frames
        numbers: NDArray[Any] = np.tile(own[:, None, None, None], (same.sum(), 1, 1, 1, 1))
        found[same] = reorder(numbers, ids[same].tolist(), seed)[:][..., 0, 0, 0]
        seed += 1
    return found
