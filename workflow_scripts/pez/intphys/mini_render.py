"""Render a generated scene with Cycles: the empty stage, then only what the object changes."""

from typing import Any

import numpy as np

from pez.clips.colour import linear_from_srgb
from pez.clips.geometry import Region, enclosing_region
from pez.clips.kubric_blender import Blender, bpy
from pez.clips.region_renderer import RegionRenderer
from pez.intphys.mini_scene import Floor, MiniScene
from pez.intphys.mini_stage import Cone, build_stage
from pez.intphys.mini_view import actor_outline, panel_outline
from pez.intphys.spec import MiniSpec

from kubric.renderer import blender_utils  # isort: skip  (needs bpy)
from kubric.renderer.blender import AttributeSetter, register_object3d_setters  # isort: skip

CONE_SIDES = 96
GLOW = 0.3  # share of its colour that a surface shows in the shade


@Blender.add_asset.register(Cone)
@blender_utils.prepare_blender_object
def _add_cone(self: Blender, cone: Cone) -> Any:
    bpy.ops.mesh.primitive_cone_add(vertices=CONE_SIDES, radius1=1.0, radius2=0.0, depth=2.0)
    return follow_asset(self, cone)


def follow_asset(renderer: Blender, asset: Any) -> Any:
    """Let the mesh that Blender has just made follow ``asset``, as Kubric's own shapes do."""
    mesh = bpy.context.active_object
    register_object3d_setters(asset, mesh)
    convert = renderer._convert_to_blender_object
    asset.observe(AttributeSetter(mesh, "active_material", converter=convert), "material")
    asset.observe(AttributeSetter(mesh, "scale"), "scale")
    return mesh


class StageRenderer(RegionRenderer):
    """Blender with a drawn scene in it."""

    def __init__(self, spec: MiniSpec, drawn: MiniScene, threads: int) -> None:
        self._stage = build_stage(spec, drawn)
        super().__init__(self._stage.scene, spec.samples, threads)
        self._drawn = drawn
        self._actors = [actor.linked_objects[self._view] for actor in self._stage.actors]
        self._panels = [panel.linked_objects[self._view] for panel in self._stage.panels]
        floor = self._stage.floor.linked_objects[self._view]
        _paint_floor(floor, drawn.floor)
        light_meshes(floor, *self._actors, *self._panels)
        self._empty: dict[float, np.ndarray] = {}

    def empty(self, lift: float) -> np.ndarray:
        """Return the stage without any actor, panels ``lift`` (0 to 1) out of the floor.

        uint8 [H, W, 3]; rendered once for each lift, then kept.
        """
        if lift not in self._empty:
            if lift == 1.0:
                self._empty[lift] = self._show(None, None, lift)
            else:
                picture = self.empty(1.0).copy()
                side = self._side
                outlines = [panel_outline(self._drawn, side, p) for p in self._drawn.panels]
                region = enclosing_region(np.concatenate(outlines), side)
                if region is not None:
                    picture[region.slices] = self._show(region, None, lift)
                self._empty[lift] = picture
        return self._empty[lift]

    def frame(self, actor: int, position_m: np.ndarray, lift: float) -> np.ndarray:
        """Return the picture with an actor (number in ``play``) at ``position_m`` [3].

        uint8 [H, W, 3]; only the region that the actor can change is rendered.
        """
        picture = self.empty(lift).copy()
        side = self._side
        outline = actor_outline(self._drawn, side, self._drawn.play[actor], position_m)
        region = enclosing_region(outline, side)
        if region is not None:
            self._stage.actors[actor].position = tuple(map(float, position_m))
            picture[region.slices] = self._show(region, actor, lift)
        return picture

    def full_frame(self, actor: int, position_m: np.ndarray, lift: float) -> np.ndarray:
        """Render every pixel of what `frame` returns; the check of its composite."""
        self._stage.actors[actor].position = tuple(map(float, position_m))
        return self._show(None, actor, lift)

    def _show(self, region: Region | None, shown: int | None, lift: float) -> np.ndarray:
        for index, actor in enumerate(self._actors):
            actor.hide_render = index != shown
        for drawn, panel in zip(self._drawn.panels, self._panels, strict=True):
            panel.location.z = (lift - 0.5) * drawn.height_m
            panel.hide_render = bool(lift == 0.0)  # its top would lie in the floor's surface
        return self._render(region)


def light_meshes(*meshes: Any) -> None:
    """Light ``meshes`` by a sun with sharp shadows, which end where geometry says, and a glow."""
    for light in bpy.data.lights:
        light.angle = 0.0
    for mesh in meshes:
        _let_glow(mesh.active_material)


def _let_glow(material: Any) -> None:
    """Let a material shine in its own colour where the sun does not reach it.

    In place of light from all around: that would be dimmed, a little, everywhere near an object,
    and so betray one that is hidden. And with a second light Cycles would choose between the two
    at random for every ray, which is noise.
    """
    tree = material.node_tree
    shader = tree.nodes["Principled BSDF"]
    colour, glow = shader.inputs["Base Color"], shader.inputs["Emission Color"]
    glow.default_value = colour.default_value
    for link in colour.links:
        tree.links.new(link.from_socket, glow)
    # for the camera only: what glows must not light what stands beside it
    path, strength = tree.nodes.new("ShaderNodeLightPath"), tree.nodes.new("ShaderNodeMath")
    strength.operation = "MULTIPLY"
    strength.inputs[1].default_value = GLOW
    tree.links.new(path.outputs["Is Camera Ray"], strength.inputs[0])
    tree.links.new(strength.outputs["Value"], shader.inputs["Emission Strength"])
    material.cycles.emission_sampling = "NONE"


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
