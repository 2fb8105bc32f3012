"""What a clip of several objects begins with, drawn from its seed and number alone.

World: x right, y away from the camera, z up, metres. The camera and the light are those of all
clips. Directions are uniform over the circle and speeds over their range, whatever the place: an
object that would leave the picture gets another place, not another velocity. Places are drawn for
the middle of a path, so that where an object is on average says next to nothing of where it goes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pez.intphys.mini_scene import Camera, Point
from pez.intphys.mini_view import project
from pez.objects.kinds import Kind, first_kinds
from pez.objects.spec import CameraName, ObjectsSpec
from pez.runtime.errors import PezError

HALF_VIEW_M = 3.4  # half of what the camera sees, across the middle of the floor
HALF_FLOOR_M = (2.4, 2.6)  # places are uniform in +- this, x and y
GAP_M = 0.15  # at least, between objects at the first frame
MARGIN_PX = 14 / 256  # of the centre from the frame's edge, as a share of its side
PLACES, SCENES = 100, 50  # attempts at the place of an object, at a scene
_DEALT = 1_000_000  # in the seed of what is dealt over all clips, where clips have their number
SUN_DIRECTION: Point = (0.35, 0.25, -1.0)
_EYES: dict[CameraName, Point] = {"oblique": (0.0, -8.4, 6.2), "overhead": (0.0, -0.01, 10.5)}


@dataclass(frozen=True)
class Thing:
    """An object at the first frame: lying on the floor, turned by ``yaw_rad``.

    ``half_size_m``: half the extent along its own axes. ``velocity_m_s``: along the floor.
    """

    kind: Kind
    half_size_m: Point
    yaw_rad: float
    start_m: tuple[float, float]
    velocity_m_s: tuple[float, float]

    @property
    def moves(self) -> bool:
        """Whether it moves of itself; others move when they are hit."""
        return self.velocity_m_s != (0.0, 0.0)


def camera_of(name: CameraName) -> Camera:
    """The one camera of all clips; its middle looks at the origin of the floor."""
    eye = _EYES[name]
    return Camera(eye, (0.0, 0.0, 0.0), HALF_VIEW_M / float(np.linalg.norm(eye)))


def deal_kinds(spec: ObjectsSpec) -> list[list[Kind]]:
    """Kinds of every clip, each at most once: each in as many clips as any other, or one more.

    The number of objects takes all values of its range equally often.
    """
    random = np.random.default_rng([spec.seed, _DEALT])
    kinds = first_kinds(spec.kinds)
    sizes = np.resize(np.arange(spec.objects[0], spec.objects[1] + 1), spec.clips)
    held = np.zeros(spec.kinds, np.int64)
    dealt = []
    for size in random.permutation(sizes):
        order = random.permutation(spec.kinds)
        taken = order[np.argsort(held[order], kind="stable")][:size]
        held[taken] += 1
        dealt.append([kinds[number] for number in random.permutation(taken)])
    return dealt


def draw_scene(spec: ObjectsSpec, clip: int, kinds: list[Kind]) -> list[Thing]:
    """Draw the objects of clip number ``clip``, of ``kinds`` in their order.

    Raises:
        PezError: they find no room in the picture.
    """
    for attempt in range(SCENES):
        random = np.random.default_rng([spec.seed, clip, attempt])
        things = list(_draw_things(spec, random, kinds))
        if len(things) == len(kinds):
            return things
    raise PezError(
        f"clip {clip}: in {SCENES} attempts {len(kinds)} objects found no room in the picture: "
        "lower objects, radius_m or speed_m_s of the dataset, or frames."
    )


def _draw_things(
    spec: ObjectsSpec, random: np.random.Generator, kinds: list[Kind]
) -> Iterator[Thing]:
    """Draw one after the other; stop at one that finds no room."""
    least, most = spec.moving
    count = int(random.integers(least, min(most, len(kinds)) + 1))
    moving = random.permutation(len(kinds)) < count
    taken: list[tuple[np.ndarray, float]] = []
    for kind, moves in zip(kinds, moving.tolist(), strict=True):
        radius, angle = random.uniform(*spec.radius_m), random.uniform(0, 2 * np.pi)
        speed, yaw = random.uniform(*spec.speed_m_s), random.uniform(0, np.pi / 2)
        velocity = moves * speed * np.array([np.cos(angle), np.sin(angle)])
        start = _find_place(spec, random, radius, velocity, taken)
        if start is None:
            return
        taken.append((start, radius))
        (x, y), (along, across) = start.tolist(), velocity.tolist()
        yield Thing(kind, _half_size(kind, radius), yaw, (x, y), (along, across))


def _find_place(
    spec: ObjectsSpec,
    random: np.random.Generator,
    radius: float,
    velocity: np.ndarray,
    taken: list[tuple[np.ndarray, float]],
) -> np.ndarray | None:
    """Where to start [2], apart from the others, to be in the picture from beginning to end."""
    way = velocity * (spec.frames - 1) / spec.frames_per_second
    camera, margin = camera_of(spec.camera), MARGIN_PX * spec.resolution
    for _ in range(PLACES):
        start = random.uniform(-1.0, 1.0, 2) * HALF_FLOOR_M - way / 2
        ends = np.column_stack([np.stack([start, start + way]), np.full(2, radius)])
        seen = project(camera, spec.resolution, ends)
        apart = all(np.linalg.norm(start - other) > radius + size + GAP_M for other, size in taken)
        if apart and seen.min() >= margin and seen.max() <= spec.resolution - margin:
            return start
    return None


def _half_size(kind: Kind, radius: float) -> Point:
    # the base of each shape lies within the circle
    half = radius / np.sqrt(2) if kind.shape == "cube" else radius
    height = radius / np.sqrt(2) if kind.shape == "cylinder" else half  # lower: it stays upright
    return float(half), float(half), float(height)
