"""Where the ball is on the grid of patches, frame by frame.

A patch is named by its number, row by row from the top left. Places are in patches: x to the right,
y down, (0, 0) the top left corner of the frame, so that the patch in row i and column j has its
centre at (j + .5, i + .5).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pez.encoders.family import Grid

_POINTS = 8  # along a side of a patch, at which it is covered or not
HALVES = ("left", "right", "top", "bottom")
OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}


@dataclass(frozen=True)
class Track:
    """Centres and radii of the balls of some clips.

    Attributes:
        grid: of patches.
        centre: x and y, patches, float64 [n, T, 2].
        radius: patches, float64 [n, T].
    """

    grid: Grid
    centre: NDArray[np.float64]
    radius: NDArray[np.float64]

    @cached_property
    def cover(self) -> NDArray[np.float32]:
        """Share of every patch that the ball covers in every frame, [n, T, P]."""
        rows, columns = self.grid.rows, self.grid.columns
        step = (np.arange(_POINTS) + 0.5) / _POINTS
        x = (np.arange(columns)[:, None] + step).ravel()
        y = (np.arange(rows)[:, None] + step).ravel()
        found = np.empty((*self.radius.shape, rows * columns), np.float32)
        for clip, (centre, radius) in enumerate(zip(self.centre, self.radius, strict=True)):
            across = (x - centre[:, :1])[:, None, :] ** 2 + (y - centre[:, 1:])[:, :, None] ** 2
            under = across < radius[:, None, None] ** 2  # [T, points down, points across]
            parts = under.reshape(len(under), rows, _POINTS, columns, _POINTS)
            found[clip] = parts.mean(axis=(2, 4)).reshape(len(under), -1)
        return found

    @cached_property
    def touched(self) -> NDArray[np.bool_]:
        """Whether the ball reaches over a patch in a frame, [n, T, P]."""
        apart = [
            np.maximum(np.abs(self.centre[..., axis, None] - middle) - 0.5, 0)
            for axis, middle in enumerate(_middles(self.grid))
        ]
        return np.asarray(np.hypot(*apart) < self.radius[..., None])

    @cached_property
    def in_view(self) -> NDArray[np.bool_]:
        """Whether a part of the ball is in the picture, [n, T]."""
        return np.asarray(self.touched.any(axis=-1))

    @cached_property
    def distance(self) -> NDArray[np.float64]:
        """Distance from the centre of every patch to the path, patches, [n, P].

        That is to the nearest centre of the ball in the frames that show it; infinite where none
        does.
        """
        apart = [
            self.centre[..., axis, None] - middle for axis, middle in enumerate(_middles(self.grid))
        ]
        far = np.where(self.in_view[..., None], np.hypot(*apart), np.inf)
        return np.asarray(far.min(axis=1))

    def on_side(self, side: str, frames: slice) -> NDArray[np.bool_]:
        """Clips whose ball's centre lies in a half of the frame all through ``frames``, [n].

        Frames without the ball do not count; a clip without any is on no side.
        """
        axis = 0 if side in ("left", "right") else 1
        middle = (self.grid.columns, self.grid.rows)[axis] / 2
        place, seen = self.centre[:, frames, axis], self.in_view[:, frames]
        there = place < middle if side in ("left", "top") else place > middle
        return np.asarray((there | ~seen).all(axis=1) & seen.any(axis=1))


def track_of(trajectories: pd.DataFrame, clips: int, side_px: int, grid: Grid) -> Track:
    """Place the balls of ``trajectories`` on ``grid``.

    The ball rolls on the floor, so that the height of its centre is its radius; pixels a metre
    follow from places in both. In perspective a sphere's outline is longer away from the middle of
    the frame, at the default scene's edge by 8 % one way: left out here.

    Args:
        trajectories: rows clip by clip and frame by frame, with x_m, y_m, z_m, x_px, y_px.
        clips: how many there are.
        side_px: side of the frame, pixels.
        grid: of patches.
    """
    held = {name: trajectories[name].to_numpy(np.float64) for name in ("x_px", "y_px", "z_m")}
    metres = trajectories[["x_m", "y_m"]].to_numpy(np.float64)
    pixels = np.stack([held["x_px"], held["y_px"]], axis=1)
    scale = pixels.std(axis=0).max() / metres.std(axis=0).max()  # axes may differ in sign
    of_patch = np.array([grid.columns, grid.rows]) / side_px
    return Track(
        grid=grid,
        centre=(pixels * of_patch).reshape(clips, -1, 2),
        radius=(held["z_m"] * scale * of_patch[0]).reshape(clips, -1),
    )


def patches_of(side: str, grid: Grid) -> NDArray[np.bool_]:
    """Patches in a half of the frame, [P]; a middle row or column is in neither."""
    x, y = _middles(grid)
    place, middle = (x, grid.columns / 2) if side in ("left", "right") else (y, grid.rows / 2)
    return np.asarray(place < middle if side in ("left", "top") else place > middle)


def _middles(grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x and y of the centres of all patches, [P] each."""
    row, column = np.divmod(np.arange(grid.rows * grid.columns), grid.columns)
    return column + 0.5, row + 0.5
