"""What is on the stage of one generated IntPhys quadruplet: drawn from its seed alone.

The stage is a floor with one or two upright panels that rise out of it during the first frames
and sink back during the last, as the screens of IntPhys do: with the panels down the whole stage
is seen, before and after. One object slides behind the panels along x, on a lane of constant y.
World: x right, y away from the camera, z up, metres.

Two movies A and B are possible; the other two change from one to the other at a frame in which
the object is hidden in both (`mini_plan`). Why each change is impossible:

* O1, permanence. A: the object passes behind the panel. B: nothing moves. A then B: it goes in,
  never comes out, and is not there when the panel is down. B then A: something comes out from
  behind a panel that rose with nothing behind it.
* O2, shape constancy. A and B: the same passage, in two shapes. A change swaps the shape.
* O3, continuity. Two panels with a gap between. A and B: the same passage; B is ahead by the
  distance of the panels, so A is behind the first while B is behind the second. A then B: it
  leaves the second without having crossed the gap. B then A: it enters the second and leaves the
  first, across the gap again unseen.
"""

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from pez.clips.spec import Colour
from pez.intphys.spec import BLOCKS, MiniSpec

Item = TypeVar("Item")
Shape = Literal["sphere", "cube", "cone"]
SHAPES: tuple[Shape, ...] = ("sphere", "cube", "cone")
Point = tuple[float, float, float]
PANEL_HALF_THICKNESS_M = 0.05
HALF_VIEW_M = 3.0  # half of what the camera sees, across the middle of the stage
LIFT_SHARE = 1 / 8  # of a movie's frames, in which the panels rise; and again to sink


@dataclass(frozen=True)
class Actor:
    """An object and its passage: at frame f it is to be at x = ``start_x_m`` + f ``step_m``."""

    shape: Shape
    half_size_m: Point  # half the extent along its own axes
    yaw_rad: float  # turn about the vertical axis
    start_x_m: float
    step_m: float  # a frame, signed
    lane_y_m: float


@dataclass(frozen=True)
class Panel:
    """An upright panel on y = 0."""

    x_m: float
    half_width_m: float
    height_m: float
    colour: Colour


@dataclass(frozen=True)
class Floor:
    """Paint of the floor; two colours, of which a plain floor uses the first."""

    pattern: Literal["plain", "checker", "noise"]
    colours: tuple[Colour, Colour]
    tile_m: float  # side of a tile, size of a patch of noise


@dataclass(frozen=True)
class Camera:
    """Perspective camera, upright."""

    position_m: Point
    look_at_m: Point
    half_view: float  # half width of the picture over the distance: tangent of half the angle


@dataclass(frozen=True)
class MiniScene:
    """Everything that the four movies of a scene show. ``actors``: of A and B; None: no object."""

    block: str
    actors: tuple[Actor | None, Actor | None]
    actor_colour: Colour
    panels: tuple[Panel, ...]
    floor: Floor
    wall_colour: Colour  # behind the floor's end
    camera: Camera
    sun_direction: Point  # of its light: away from the camera and down

    @property
    def play(self) -> tuple[Actor, ...]:
        """The actors of A and B, without the place of the one that is not there."""
        return tuple(actor for actor in self.actors if actor is not None)


def scene_generator(seed: int, block: str, scene: int, attempt: int) -> np.random.Generator:
    """Random numbers of one attempt at one scene, independent of all others."""
    return np.random.default_rng([seed, list(BLOCKS).index(block), scene, attempt])


def draw_scene(spec: MiniSpec, block: str, random: np.random.Generator) -> MiniScene:
    """Draw a scene of ``block`` (O1, O2, O3). Whether its change stays hidden is not yet known."""
    panel_hue, floor_hue = random.uniform(size=2)
    actor_hue = (panel_hue + random.uniform(0.3, 0.7)) % 1.0  # well apart from the panel's
    panels = _draw_panels(block, random, _hsv(panel_hue, random.uniform(0.25, 0.6), 0.75))
    return MiniScene(
        block=block,
        actors=_draw_actors(spec, block, random, panels),
        actor_colour=_hsv(actor_hue, random.uniform(0.75, 0.95), random.uniform(0.75, 0.95)),
        panels=panels,
        floor=Floor(
            pattern=_choose(random, ("plain", "checker", "noise")),
            colours=(_hsv(floor_hue, 0.15, 0.62), _hsv(floor_hue, 0.2, 0.5)),
            tile_m=random.uniform(0.5, 1.2),
        ),
        wall_colour=_hsv(random.uniform(), 0.12, random.uniform(0.55, 0.8)),
        camera=_draw_camera(random),
        sun_direction=_draw_sun(random),
    )


def panel_lift(frames: int) -> np.ndarray:
    """How far the panels are out of the floor at each frame: 0 (not at all) to 1, float64 [T]."""
    rise = max(1, round(frames * LIFT_SHARE))
    frame = np.arange(frames)
    return np.minimum(1.0, np.minimum(frame, frames - 1 - frame) / rise)


def _draw_panels(block: str, random: np.random.Generator, colour: Colour) -> tuple[Panel, ...]:
    height = random.uniform(1.35, 1.75)
    if block == "O3":
        half_width, place = random.uniform(0.74, 0.84), random.uniform(1.35, 1.45)
        return tuple(Panel(x, half_width, height, colour) for x in (-place, place))
    return (Panel(random.uniform(-0.4, 0.4), random.uniform(1.1, 1.3), height, colour),)


def _draw_actors(
    spec: MiniSpec, block: str, random: np.random.Generator, panels: Sequence[Panel]
) -> tuple[Actor | None, Actor | None]:
    last = spec.frames - 1
    direction = _choose(random, (-1, 1))
    size = random.uniform(0.32, 0.4) if block == "O3" else random.uniform(0.38, 0.48)
    way = random.uniform(4.0, 4.8) if block == "O3" else random.uniform(5.0, 5.8)
    step = direction * way / last
    middle = random.uniform(0.44, 0.56) * last  # frame at which the object passes its panel
    yaw, lane = random.uniform(0, np.pi / 2), random.uniform(0.75, 1.1)

    def actor(shape: Shape, panel: Panel) -> Actor:
        start = panel.x_m - middle * step
        return Actor(shape, _half_size(shape, size), yaw, start, step, lane)

    if block == "O2":
        one, two = (SHAPES[index] for index in random.permutation(len(SHAPES))[:2])
        return actor(one, panels[0]), actor(two, panels[0])
    shape = _choose(random, SHAPES)
    if block == "O3":
        first, second = panels[::direction]
        return actor(shape, first), actor(shape, second)
    return actor(shape, panels[0]), None


def _half_size(shape: Shape, size: float) -> Point:
    # a cube of the sphere's width would look much larger than the sphere
    half = 0.85 * size if shape == "cube" else size
    return half, half, half


def _draw_camera(random: np.random.Generator) -> Camera:
    azimuth, distance = np.radians(random.uniform(-7, 7)), random.uniform(8.0, 9.0)
    look_at = (0.0, 0.5, random.uniform(0.5, 0.75))
    x, y = distance * np.sin(azimuth), look_at[1] - distance * np.cos(azimuth)
    position = (float(x), float(y), random.uniform(2.2, 3.2))
    return Camera(
        position, look_at, HALF_VIEW_M / float(np.linalg.norm(np.subtract(look_at, position)))
    )


def _draw_sun(random: np.random.Generator) -> Point:
    azimuth, height = np.radians(random.uniform(-18, 18)), np.radians(random.uniform(48, 62))
    flat = np.cos(height)
    return float(flat * np.sin(azimuth)), float(flat * np.cos(azimuth)), float(-np.sin(height))


def _choose(random: np.random.Generator, items: Sequence[Item]) -> Item:
    return items[int(random.integers(len(items)))]


def _hsv(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return red, green, blue
