"""Render the ball with Cycles: the static scene once, then only what the ball changes."""

import numpy as np

from pez.clips.geometry import SUN_ANGLE_RAD, Region, changed_region
from pez.clips.region_renderer import RegionRenderer
from pez.clips.scene import build_scene
from pez.clips.spec import SceneSpec


class BallRenderer(RegionRenderer):
    """Blender with the scene of ``spec`` in it."""

    def __init__(self, spec: SceneSpec, samples: int, threads: int) -> None:
        scene, self._ball, sun = build_scene(spec)
        super().__init__(scene, samples, threads)
        self._spec = spec
        sun.linked_objects[self._view].data.angle = SUN_ANGLE_RAD
        self._blender_ball = self._ball.linked_objects[self._view]
        self._background: np.ndarray | None = None

    def background(self) -> np.ndarray:
        """Return the picture without the ball, uint8 [H, W, 3]; rendered once, then kept."""
        if self._background is None:
            self._blender_ball.hide_render = True
            self._background = self._render(None)
            self._blender_ball.hide_render = False
        return self._background

    def frame(self, position_m: np.ndarray) -> np.ndarray:
        """Return the picture with the ball's centre at ``position_m`` [3], uint8 [H, W, 3]."""
        picture = self.background().copy()
        region = changed_region(self._spec, position_m)
        if region is not None:
            picture[region.slices] = self.render_region(position_m, region)
        return picture

    def render_region(self, position_m: np.ndarray, region: Region | None) -> np.ndarray:
        """Render the pixels of ``region`` (None: the whole frame), uint8 [h, w, 3].

        Raises:
            ArtifactError: the folder for temporary files cannot hold the picture.
        """
        self._ball.position = tuple(float(value) for value in position_m)
        return self._render(region)
