"""Blender with a Kubric scene in it, rendering a region of the picture at a time.

Cycles draws the random numbers of a pixel from its place in the full frame and a fixed seed. A
cropped rendering therefore equals the full frame's pixels bit for bit, noise included, and a
pixel whose light does not change does not flicker from frame to frame.
"""

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from PIL import Image

from pez.clips.geometry import Region
from pez.clips.kubric_blender import Blender, bpy, plain_picture_only
from pez.clips.quiet import quiet_stdout
from pez.runtime.errors import ArtifactError

SEED = 0


class RegionRenderer:
    """Blender showing a square Kubric scene. One at a time: Blender is one per process.

    Use it as a context manager; it keeps a folder for the picture that Blender writes.
    """

    def __init__(self, scene: Any, samples: int, threads: int) -> None:
        self._side = int(scene.resolution[0])
        self._folder = tempfile.TemporaryDirectory(prefix="pez_render_")
        self._picture = Path(self._folder.name) / "picture.png"
        with quiet_stdout():
            self._view = Blender(
                scene,
                scratch_dir=self._folder.name,
                use_denoising=False,
                samples_per_pixel=samples,
            )
        self._blender_scene = bpy.context.scene
        self._configure(threads)

    def _configure(self, threads: int) -> None:
        scene = self._blender_scene
        plain_picture_only(scene)
        scene.cycles.seed = SEED
        # Light falls once and is not reflected on. This makes an object's influence local (itself,
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

    def _render(self, region: Region | None) -> np.ndarray:
        """Render the pixels of ``region`` (None: the whole frame), uint8 [h, w, 3].

        Raises:
            ArtifactError: the folder for temporary files cannot hold the picture.
        """
        side = self._side
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
