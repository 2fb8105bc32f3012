"""Where the ball is: what tuning to direction has to be more than.

Balls reach the right edge only when they move right. So a unit that says no more than "the ball is
here" is tuned to direction wherever "here" is off centre, and all such units together tile the
circle. "Here" may be the unit's own patch, or a part of the frame that attention told it of.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from pez.clips.coverage import covered_pixels
from pez.clips.geometry import project
from pez.encoders.patches import TUBELET_FRAMES
from pez.inside.network import Network
from pez.inside.shares import patch_shares
from pez.inside.tuning.sums import Beside

_SEEN = 0.02  # share of a patch: less of a ball counts as out of view
_FARTHEST = 1.1  # half frames from the middle: where a ball that is out of view is taken to be


@dataclass(frozen=True)
class Occupancy:
    """Where the ball is on the grid of tokens.

    LOCAL and PLACE are those of `pez.inside.tuning.readings`.

    Attributes:
        local: of every position, float32 [n, positions, LOCAL]; see `local_regressors`.
        place: of every tubelet, float32 [n, tubelets, PLACE]; see `place_regressors`.
        ball: number of the patch that the ball covers most of, by tubelet; -1 where it is out of
            view. int64 [n, tubelets].
    """

    local: Tensor
    place: Tensor
    ball: Tensor

    def everywhere(self) -> Beside:
        """Regressors of all positions, the local ones first."""
        there = torch.ones(self.local.shape[:2], dtype=torch.bool)
        return Beside(self.local, self.place, there)

    def under_ball(self) -> Beside:
        """Regressors of the token under the ball, one a tubelet: the place alone."""
        return Beside(self.local.new_zeros((*self.ball.shape, 0)), self.place, self.ball >= 0)


def occupancy_of(network: Network) -> Occupancy:
    """Occupancy of the clips of ``network``, through the network's own preprocessing.

    The network is opened with trajectories.
    """
    assert network.trajectories is not None and network.scene is not None
    scene, grid = network.scene, network.ready.grid
    size = network.ready.encoder.spec.input_size
    how = network.identity["preprocessing"]
    rows = network.trajectories[["x_m", "y_m", "z_m"]].to_numpy(np.float64)
    positions = rows.reshape(len(network.labels), -1, 3)
    shares = torch.stack(
        [
            patch_shares(np.stack([covered_pixels(scene, one) for one in track]), how, size, grid)
            for track in positions
        ]
    )
    ball = ball_patches(shares)
    across = (project(scene, positions) / scene.resolution - 0.5) * 2
    return Occupancy(local_regressors(shares), place_regressors(across, ball < 0), ball)


def local_regressors(shares: Tensor) -> Tensor:
    """Shares that are covered of a position's own patch, in both frames, and of all about it.

    Of the eight patches about it the mean of both frames counts: frame by frame they would tell how
    the ball moves, which is what tuning to direction is.

    Args:
        shares: float32 [n, tubelets, 2, rows, columns].

    Returns:
        float32 [n, positions, LOCAL], positions ordered tubelet, row, column.
    """
    mean = shares.mean(dim=2)
    rows, columns = mean.shape[-2:]
    around = F.pad(mean, (1, 1, 1, 1))
    neighbours = [
        around[..., 1 + down : 1 + down + rows, 1 + right : 1 + right + columns]
        for down in (-1, 0, 1)
        for right in (-1, 0, 1)
        if (down, right) != (0, 0)
    ]
    return torch.stack([*shares.unbind(dim=2), *neighbours], dim=-1).flatten(1, 3)


def place_regressors(across: NDArray[np.float64], out: Tensor) -> Tensor:
    """Where the ball is in the frame, as a polynomial of second degree, and whether it is out.

    Args:
        across: image points of its centre, half frames from the middle, [n, T, 2].
        out: whether it is out of view, bool [n, tubelets].

    Returns:
        float32 [n, tubelets, PLACE]: x, y, x^2, xy, y^2 of the mean of both frames, and out.
    """
    by_tubelet = across.reshape(len(across), -1, TUBELET_FRAMES, 2).mean(axis=2)
    x, y = torch.from_numpy(by_tubelet).float().clamp(-_FARTHEST, _FARTHEST).unbind(dim=-1)
    return torch.stack([x, y, x * x, x * y, y * y, out.float()], dim=-1)


def ball_patches(shares: Tensor) -> Tensor:
    """Patch that the ball covers most of, -1 where it covers next to nothing.

    Args:
        shares: float32 [n, tubelets, 2, rows, columns].

    Returns:
        int64 [n, tubelets].
    """
    most, place = shares.mean(dim=2).flatten(2).max(dim=2)
    return torch.where(most >= _SEEN, place, -1)
