"""Render the ball with Cycles: the static scene once, then only what the ball changes.

Cycles draws the random numbers of a pixel from its place in the full frame and a fixed seed. A
cropped rendering therefore equals the full frame's pixels bit for bit, noise included, and a
pixel whose light does not change does not flicker from frame to frame.
"""

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from PIL import Image

from pez.clips.geometry import SUN_ANGLE_RAD, Region, changed_region
from pez.clips.kubric_blender import Blender, bpy, plain_picture_only
from pez.clips.quiet import quiet_stdout
from pez.clips.scene import build_scene
from pez.clips.spec import SceneSpec
from pez.runtime.errors import ArtifactError

SEED = 0


class BallRenderer:
    """Blender with the scene of ``spec`` in it. One at a time: Blender is one per process.

    Use it as a context manager; it keeps a folder for the picture that Blender writes.
    """

    def __init__(self, spec: SceneSpec, samples: int, threads: int) -> None:
        self._spec = spec
        self._folder = tempfile.TemporaryDirectory(prefix="pez_render_")
        self._picture = Path(self._folder.name) / "picture.png"
        with quiet_stdout():
            scene, self._ball, sun = build_scene(spec)
            view = Blender(
                scene,
                scratch_dir=self._folder.name,
                use_denoising=False,
                samples_per_pixel=samples,
            )
        sun.linked_objects[view].data.angle = SUN_ANGLE_RAD
        self._blender_ball = self._ball.linked_objects[view]
        self._blender_scene = bpy.context.scene
        self._configure(threads)
        self._background: np.ndarray | None = None

    def _configure(self, threads: int) -> None:
        scene = self._blender_scene
        plain_picture_only(scene)
        scene.cycles.seed = SEED
        # Light falls once and is not reflected on. This makes the ball's influence local (itself,
        # its shadow, its contact shade), so that the region around it is all there is to render.
        scene.cycles.max_bounces = 0
        scene.view_settings.view_transform = "Standard"  # plain sRGB: colours mean what they say
        render = scene.render
        render.dither_intensity = 0.0
        render.use_persistent_data = True  # keep the scene in Cycles between frames
        render.threads_mode = "FIXED"
        render.threads = threads
        render.filepath = str(self._picture)
        render.image_settings.file_format = "PNG"
        render.image_settings.color_mode = "RGB"
        render.image_settings.color_depth = "8"
        render.image_settings.compression = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._folder.cleanup()

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

    def _render(self, region: Region | None) -> np.ndarray:
        side = self._spec.resolution
        region = region or Region(0, 0, side, side)
        render = self._blender_scene.render
        render.use_border = render.use_crop_to_border = True
        # Blender counts from the bottom left, in fractions that it rounds down to whole pixels:
        # a quarter of a pixel more is safe from the rounding of the fraction itself.
        render.border_min_x = (region.left + 0.25) / side
        render.border_max_x = (region.right + 0.25) / side
        render.border_min_y = (side - region.bottom + 0.25) / side
        render.border_max_y = (side - region.top + 0.25) / side
        try:
            self._picture.unlink(missing_ok=True)  # a failed write must not show the last frame
            with quiet_stdout():
                bpy.ops.render.render(write_still=True)
            with Image.open(self._picture) as image:
                pixels = np.asarray(image)
        except (OSError, RuntimeError) as error:
            raise ArtifactError(
                f"Blender's picture did not arrive in {self._picture} ({error}). If that disk is "
                "full, free some space or set TMPDIR to a folder on another one, and run again."
            ) from error
        expected = (region.bottom - region.top, region.right - region.left, 3)
        if pixels.shape != expected:
            raise RuntimeError(f"Blender rendered {pixels.shape} where {expected} was asked for")
        return pixels
