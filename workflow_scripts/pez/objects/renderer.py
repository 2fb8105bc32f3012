"""Render the objects with Cycles: what rests once, then only what those that move can change."""

from typing import Any

import numpy as np

from pez.clips.geometry import Region, enclosing_region
from pez.clips.kubric_blender import Blender, bpy
from pez.clips.region_renderer import RegionRenderer
from pez.intphys.mini_render import follow_asset, light_meshes
from pez.objects.scene import Thing
from pez.objects.spec import ObjectsSpec
from pez.objects.stage import Cylinder, build_stage
from pez.objects.view import outline

from kubric.renderer import blender_utils  # isort: skip  (needs bpy)

SIDES = 96  # of a cylinder's base
STILL = 1e-4  # metres, and of a unit quaternion: what moves less is drawn where it began


@Blender.add_asset.register(Cylinder)
@blender_utils.prepare_blender_object
def _add_cylinder(self: Blender, cylinder: Cylinder) -> Any:
    bpy.ops.mesh.primitive_cylinder_add(vertices=SIDES, radius=1.0, depth=2.0)
    return follow_asset(self, cylinder)


def moving(position_m: np.ndarray, quaternion: np.ndarray) -> np.ndarray:
    """Which objects ever move or turn, of positions [objects, T, 3] and turns [objects, T, 4]."""
    ways = [np.abs(one - one[:, :1]).max(axis=(1, 2)) for one in (position_m, quaternion)]
    return np.maximum(*ways) > STILL


class ObjectsRenderer(RegionRenderer):
    """Blender with the objects of one clip in it."""

    def __init__(self, spec: ObjectsSpec, things: list[Thing], samples: int, threads: int) -> None:
        self._stage = build_stage(spec, things)
        super().__init__(self._stage.scene, samples, threads)
        self._spec = spec
        self._half_sizes = [np.asarray(thing.half_size_m) for thing in things]
        self._meshes = [asset.linked_objects[self._view] for asset in self._stage.things]
        light_meshes(self._stage.floor.linked_objects[self._view], *self._meshes)

    def film(self, position_m: np.ndarray, quaternion: np.ndarray) -> np.ndarray:
        """Render a clip.

        Args:
            position_m: centres at every frame, [objects, T, 3].
            quaternion: turns, w first, [objects, T, 4].

        Returns:
            uint8 [T, H, W, 3].
        """
        moves = moving(position_m, quaternion)
        self._place(position_m[:, 0], quaternion[:, 0])
        self._hide(moves)
        resting = self._render(None)
        self._hide(np.zeros_like(moves))
        frames = []
        for places, turns in zip(position_m.swapaxes(0, 1), quaternion.swapaxes(0, 1), strict=True):
            picture = resting.copy()
            region = self._changed(places[moves], turns[moves], np.flatnonzero(moves))
            if region is not None:
                self._place(places, turns, moves)
                picture[region.slices] = self._render(region)
            frames.append(picture)
        return np.stack(frames)

    def full_frame(self, places: np.ndarray, turns: np.ndarray) -> np.ndarray:
        """Render every pixel of what `film` returns for a frame; the check of its composite."""
        self._place(places, turns)
        return self._render(None)

    def _changed(self, places: np.ndarray, turns: np.ndarray, numbers: np.ndarray) -> Region | None:
        if not len(numbers):
            return None
        points = [
            outline(self._spec, self._half_sizes[number], place, turn)
            for number, place, turn in zip(numbers, places, turns, strict=True)
        ]
        return enclosing_region(np.concatenate(points), self._side)

    def _place(
        self, places: np.ndarray, turns: np.ndarray, chosen: np.ndarray | None = None
    ) -> None:
        for number, asset in enumerate(self._stage.things):
            if chosen is None or chosen[number]:
                asset.position = tuple(map(float, places[number]))
                asset.quaternion = tuple(map(float, turns[number]))

    def _hide(self, hidden: np.ndarray) -> None:
        for mesh, gone in zip(self._meshes, hidden.tolist(), strict=True):
            mesh.hide_render = gone
