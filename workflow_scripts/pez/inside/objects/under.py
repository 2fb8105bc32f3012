"""Tokens under single objects, as the network sees them, and for how long each patch is."""

from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pez.encoders.family import Grid
from pez.inside.network import Network
from pez.inside.shares import patch_shares
from pez.runtime.errors import PezError

_SIDE = 3  # of the square about an object's centre that counts as under it, patches
_COVERED = 0.5  # share of a patch, over both frames, from which the square covers it


def tokens_under(network: Network, objects: pd.DataFrame) -> Tensor:
    """Which tokens lie under each object, in every tubelet: bool [objects, tokens].

    Under it are those that a square of 3 patches about its centre covers by half. Where the centre
    is out of view there are none.

    Args:
        network: with its clips.
        objects: of these clips, as `pez.inside.objects.targets.in_order` has them; columns
            ``clip_id``, ``object``, ``x_px`` and ``y_px``.

    Raises:
        PezError: an object is never in view.
    """
    ready, how = network.ready, network.identity["preprocessing"]
    frames, height, width = network.identity["frame_shape"][:3]
    size = ready.encoder.spec.input_size
    down, across = np.arange(height) + 0.5, np.arange(width) + 0.5
    reach = _SIDE * height / ready.grid.rows / 2, _SIDE * width / ready.grid.columns / 2
    centres = objects[["y_px", "x_px"]].to_numpy(np.float64).reshape(-1, frames, 2)
    found = []
    for track in centres:
        rows: Any = np.abs(down - track[:, :1]) < reach[0]
        columns: Any = np.abs(across - track[:, 1:]) < reach[1]
        seen: Any = np.all((track >= 0) & (track <= (height, width)), axis=1)
        covered = rows[:, :, None] & columns[:, None] & seen[:, None, None]
        shares = patch_shares(covered, how, size, ready.grid).mean(dim=1)
        found.append(shares.flatten() >= _COVERED)
    under = torch.stack(found)
    without = ~under.any(dim=1)
    if without.any():
        one = objects.iloc[int(without.nonzero()[0, 0]) * frames]
        raise PezError(
            f"object {one['object']} of clip {one['clip_id']} is never in view, and no token lies "
            "under it: take a dataset whose objects start in the picture."
        )
    return under


def time_under(under: Tensor, grid: Grid) -> Tensor:
    """Share of time for which each patch lies under each object: where it was, and not when.

    Args:
        under: as `tokens_under` returns them, bool [objects, tokens].
        grid: of the tokens.

    Returns:
        float32 [objects, patches].
    """
    return under.unflatten(1, (grid.tubelets, -1)).float().mean(dim=1)
