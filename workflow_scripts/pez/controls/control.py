"""What a control is, and how a curve looks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Look:
    """Style of a curve.

    Attributes:
        label: in the legend.
        line: properties of the line.
        band: opacity of its band of one standard deviation over folds; None for no band.
        ring: size of the mark of a layer with ties, so that rings of curves that tie alike fit into
            one another.
    """

    label: str
    line: Mapping[str, Any]
    band: float | None
    ring: float


@dataclass(frozen=True)
class Control:
    """A control.

    Attributes:
        name: its key in the configuration and in tables.
        replaces: ``weights``: another network of the same architecture, through the same recipe;
            ``labels``: other labels for the same features.
        words: what a sentence calls it.
        caption: a sentence for captions; ``{weights}`` stands for the weights of the network.
        look: of its curve.
    """

    name: str
    replaces: Literal["weights", "labels"]
    words: str
    caption: str
    look: Look


@dataclass(frozen=True)
class Variant:
    """A control with one seed."""

    control: Control
    seed: int
    suffix: str

    def network(self, model: str) -> str:
        """Whose features are read in place of those of ``model``."""
        return model + self.suffix if self.control.replaces == "weights" else model

    def fit(self, recipe: str) -> str:
        """What is fitted in place of ``recipe``."""
        return recipe + self.suffix if self.control.replaces == "labels" else recipe
