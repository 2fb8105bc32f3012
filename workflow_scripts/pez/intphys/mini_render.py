"""Render a generated scene with Cycles: the empty stage, then only what the object changes.

As for the balls (`pez.clips.renderer`): Cycles draws the random numbers of a pixel from its place
in the full frame and a fixed seed, so a cropped rendering equals the full frame's pixels, and a
pixel whose light does not change keeps its value from frame to frame, bit for bit.
"""

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from PIL import Image

from pez.clips.colour import linear_from_srgb
from pez.clips.geometry import Region
from pez.clips.kubric_blender import Blender, bpy, plain_picture_only
from pez.clips.quiet import quiet_stdout
from pez.intphys.mini_scene import Floor, MiniScene
from pez.intphys.mini_stage import Cone, build_stage
from pez.intphys.mini_view import actor_outline, bounding_region, panel_outline
from pez.intphys.spec import MiniSpec
from pez.runtime.errors import ArtifactError

from kubric.renderer import blender_utils  # isort: skip  (needs bpy)
from kubric.renderer.blender import AttributeSetter, register_object3d_setters  # isort: skip

SEED = 0
CONE_SIDES = 96


@Blender.add_asset.register(Cone)
@blender_utils.prepare_blender_object
def _add_cone(self: Blender, cone: Cone) -> Any:
    bpy.ops.mesh.primitive_cone_add(vertices=CONE_SIDES, radius1=1.0, radius2=0.0, depth=2.0)
    mesh = bpy.context.active_object
    register_object3d_setters(cone, mesh)
    convert = self._convert_to_blender_object
    cone.observe(AttributeSetter(mesh, "active_material", converter=convert), "material")
    cone.observe(AttributeSetter(mesh, "scale"), "scale")
    return mesh


class StageRenderer:
    """Blender with a drawn scene in it. One at a time: Blender is one per process.

    Use it as a context manager; it keeps a folder for the picture that Blender writes.
    """

    def __init__(self, spec: MiniSpec, drawn: MiniScene, threads: int) -> None:
        self._spec, self._drawn = spec, drawn
        self._folder = tempfile.TemporaryDirectory(prefix="pez_render_")
        self._picture = Path(self._folder.name) / "picture.png"
        with quiet_stdout():
            self._stage = build_stage(spec, drawn)
            view = Blender(
                self._stage.scene,
                scratch_dir=self._folder.name,
                use_denoising=False,
                samples_per_pixel=spec.samples,
            )
        self._actors = [actor.linked_objects[view] for actor in self._stage.actors]
        self._panels = [panel.linked_objects[view] for panel in self._stage.panels]
        self._stage.fill.linked_objects[view].data.use_shadow = False
        for light in bpy.data.lights:
            light.angle = 0.0  # sharp shadows end where geometry says
        _paint_floor(self._stage.floor.linked_objects[view], drawn.floor)
        self._scene = bpy.context.scene
        self._configure(threads)
        self._empty: dict[float, np.ndarray] = {}

    def _configure(self, threads: int) -> None:
        scene = self._scene
        plain_picture_only(scene)
        scene.cycles.seed = SEED
        scene.cycles.max_bounces = 0  # an object changes the picture by itself and its shadow only
        scene.view_settings.view_transform = "Standard"
        render = scene.render
        render.dither_intensity = 0.0
        render.use_persistent_data = True
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

    def empty(self, lift: float) -> np.ndarray:
        """Return the stage without any actor, panels ``lift`` (0 to 1) out of the floor.

        uint8 [H, W, 3]; rendered once for each lift, then kept.
        """
        if lift not in self._empty:
            if lift == 1.0:
                self._empty[lift] = self._render(None, None, lift)
            else:
                picture = self.empty(1.0).copy()
                side = self._spec.resolution
                outlines = [panel_outline(self._drawn, side, p) for p in self._drawn.panels]
                region = bounding_region(np.concatenate(outlines), side)
                if region is not None:
                    picture[region.slices] = self._render(region, None, lift)
                self._empty[lift] = picture
        return self._empty[lift]

    def frame(self, actor: int, position_m: np.ndarray, lift: float) -> np.ndarray:
        """Return the picture with an actor (number in ``play``) at ``position_m`` [3].

        uint8 [H, W, 3]; only the region that the actor can change is rendered.
        """
        picture = self.empty(lift).copy()
        side = self._spec.resolution
        outline = actor_outline(self._drawn, side, self._drawn.play[actor], position_m)
        region = bounding_region(outline, side)
        if region is not None:
            self._stage.actors[actor].position = tuple(map(float, position_m))
            picture[region.slices] = self._render(region, actor, lift)
        return picture

    def full_frame(self, actor: int, position_m: np.ndarray, lift: float) -> np.ndarray:
        """Render every pixel of what `frame` returns; the check of its composite."""
        self._stage.actors[actor].position = tuple(map(float, position_m))
        return self._render(None, actor, lift)

    def _render(self, region: Region | None, shown: int | None, lift: float) -> np.ndarray:
        for index, actor in enumerate(self._actors):
            actor.hide_render = index != shown
        for drawn, panel in zip(self._drawn.panels, self._panels, strict=True):
            panel.location.z = (lift - 0.5) * drawn.height_m
            panel.hide_render = bool(lift == 0.0)  # its top would lie in the floor's surface
        side = self._spec.resolution
        return render_picture(self._scene, region or Region(0, 0, side, side), self._picture)


def render_picture(scene: Any, region: Region, file: Path) -> np.ndarray:
    """Let Blender render ``region`` by way of ``file``, uint8 [h, w, 3].

    Raises:
        ArtifactError: the folder for temporary files cannot hold the picture.
    """
    render = scene.render
    side = render.resolution_x
    render.use_border = render.use_crop_to_border = True
    # fractions, counted from the bottom left, that Blender rounds down to whole pixels: a quarter
    # of a pixel more is safe from the rounding of the fraction itself
    render.border_min_x = (region.left + 0.25) / side
    render.border_max_x = (region.right + 0.25) / side
    render.border_min_y = (side - region.bottom + 0.25) / side
    render.border_max_y = (side - region.top + 0.25) / side
    try:
        file.unlink(missing_ok=True)  # a failed write must not show the last frame
        with quiet_stdout():
            bpy.ops.render.render(write_still=True)
        with Image.open(file) as image:
            pixels = np.asarray(image)
    except (OSError, RuntimeError) as error:
        raise ArtifactError(
            f"Blender's picture did not arrive in {file} ({error}). If that disk is full, free "
            "some space or set TMPDIR to a folder on another one, and run again."
        ) from error
    expected = (region.bottom - region.top, region.right - region.left, 3)
    if pixels.shape != expected:
        raise RuntimeError(f"Blender rendered {pixels.shape} where {expected} was asked for")
    return pixels


def _paint_floor(blender_floor: Any, floor: Floor) -> None:
    """Give the floor its pattern: nodes of Blender, which Kubric's materials do not have."""
    if floor.pattern == "plain":
        return
    tree = blender_floor.active_material.node_tree
    place, mapping = tree.nodes.new("ShaderNodeNewGeometry"), tree.nodes.new("ShaderNodeMapping")
    # the texture is flat: on the edge between two layers of it rounding would choose the colour
    mapping.inputs["Location"].default_value = (0.0, 0.0, 0.5)
    mapping.inputs["Scale"].default_value = (1 / floor.tile_m, 1 / floor.tile_m, 0.0)
    kind = {"checker": "ShaderNodeTexChecker", "noise": "ShaderNodeTexNoise"}[floor.pattern]
    texture, mix = tree.nodes.new(kind), tree.nodes.new("ShaderNodeMixRGB")
    texture.inputs["Scale"].default_value = 1.0
    for socket, colour in zip(("Color1", "Color2"), floor.colours, strict=True):
        mix.inputs[socket].default_value = (*linear_from_srgb(colour).tolist(), 1.0)
    tree.links.new(place.outputs["Position"], mapping.inputs["Vector"])
    tree.links.new(mapping.outputs["Vector"], texture.inputs["Vector"])
    tree.links.new(texture.outputs["Fac"], mix.inputs["Fac"])
    tree.links.new(mix.outputs["Color"], tree.nodes["Principled BSDF"].inputs["Base Color"])
