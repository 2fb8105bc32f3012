"""Tokens that lie under the ball, as the network sees it."""

import numpy as np
import torch
from torch import Tensor

from pez.clips.coverage import covered_pixels
from pez.inside.network import Network
from pez.inside.shares import patch_shares
from pez.runtime.errors import PezError

_COVERED = 0.02  # share of a patch: with less of the ball it does not count as under it


def tokens_under_ball(network: Network) -> Tensor:
    """Which tokens the ball or its shadow covers a part of, bool [clips, tokens].

    The network is opened with trajectories.

    Raises:
        PezError: the ball of a clip is never in view.
    """
    assert network.trajectories is not None and network.scene is not None
    scene, ready = network.scene, network.ready
    how, size = network.identity["preprocessing"], ready.encoder.spec.input_size
    rows = network.trajectories[["x_m", "y_m", "z_m"]].to_numpy(np.float64)
    under = []
    for track in rows.reshape(len(network.labels), -1, 3):
        covered = np.stack([covered_pixels(scene, place) for place in track])
        under.append(patch_shares(covered, how, size, ready.grid).mean(dim=1).flatten())
    found = torch.stack(under) >= _COVERED
    seen = found.any(dim=1)
    if not seen.all():
        clip = network.labels["clip_id"][int((~seen).nonzero()[0, 0])]
        raise PezError(
            f"the ball of clip {clip} is never in view, and no token lies under it: take a dataset "
            "whose balls start in the picture."
        )
    return found
