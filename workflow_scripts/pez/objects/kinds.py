"""Kinds of object: every one a shape, a material and a colour."""

from typing import Literal, NamedTuple

from pez.clips.spec import Colour

Shape = Literal["sphere", "cube", "cylinder"]
Material = Literal["matte", "glossy"]
SHAPES: tuple[Shape, ...] = ("sphere", "cube", "cylinder")
MATERIALS: tuple[Material, ...] = ("matte", "glossy")
# sRGB; those of CLEVR (J. Johnson et al. 2017)
COLOURS: dict[str, Colour] = {
    "grey": (0.341, 0.341, 0.341),
    "red": (0.678, 0.137, 0.137),
    "blue": (0.165, 0.294, 0.843),
    "green": (0.114, 0.412, 0.078),
    "brown": (0.506, 0.290, 0.098),
    "purple": (0.506, 0.149, 0.753),
    "cyan": (0.161, 0.816, 0.816),
    "yellow": (1.000, 0.933, 0.200),
}
KINDS = len(SHAPES) * len(MATERIALS) * len(COLOURS)


class Kind(NamedTuple):
    """What an object looks like, but for its size."""

    shape: Shape
    material: Material
    colour: str

    @property
    def name(self) -> str:
        """Name in tables, such as ``glossy_red_cube``."""
        return f"{self.material}_{self.colour}_{self.shape}"


def first_kinds(count: int) -> list[Kind]:
    """The first ``count`` of all 48 kinds.

    Shapes take turns, materials change after every shape has come, and colours go round: any twelve
    that follow one another have each shape four times and each material six times.
    """
    colours = list(COLOURS)
    half = KINDS // 2
    return [
        Kind(
            SHAPES[number % len(SHAPES)],
            # from the middle on with the other material: no kind comes twice
            MATERIALS[(number // len(SHAPES) + number // half) % len(MATERIALS)],
            colours[number % len(colours)],
        )
        for number in range(count)
    ]
