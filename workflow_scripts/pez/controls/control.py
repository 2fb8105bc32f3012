"""What a control is, and how a curve looks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

ANY_MODEL = "any"  # the model beside which features stand that no model makes


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
            ``clips``: other clips, through the same network; ``features``: what stands in place of
            the residual stream, made without any network; ``labels``: other labels for the same
            features. All but ``features`` draw with a seed.
        words: what a sentence calls it.
        caption: a sentence for captions; ``{weights}`` stands for the weights of the network.
        look: of its curve.
        reads: what features are made of: the ``frames`` of a clip, or the ``positions`` of its
            ball, which only some datasets have.
        patch_width: values that features keep of one patch; None: they have no patches, and a
            recipe that reads patches cannot have this control.
        draws: whether it draws, with a seed; features are replaced without.
    """

    name: str
    replaces: Literal["weights", "clips", "features", "labels"]
    words: str
    caption: str
    look: Look
    reads: Literal["frames", "positions"] = "frames"
    patch_width: int | None = None
    draws: bool = True


@dataclass(frozen=True)
class Variant:
    """A control with one seed; None for one that draws nothing."""

    control: Control
    seed: int | None
    suffix: str

    def network(self, model: str) -> str:
        """Under which name lie the features that are read in place of those of ``model``."""
        match self.control.replaces:
            case "weights" | "clips":
                return model + self.suffix
            case "features":
                return self.suffix.removeprefix("_")
        return model

    def fit(self, recipe: str) -> str:
        """What is fitted in place of ``recipe``."""
        return recipe + self.suffix if self.control.replaces == "labels" else recipe

    def stands_for(self, model: str) -> dict[str, Any]:
        """Model, control and seed by which tables name what is read in place of ``model``."""
        return {
            "model": ANY_MODEL if self.control.replaces == "features" else model,
            "control": self.control.name,
            "seed": self.seed,
        }

    @property
    def replaced(self) -> str | None:
        """What features say of it; weights and labels have identities of their own."""
        match self.control.replaces:
            case "clips":
                drawn = "" if self.seed is None else f", seed {self.seed}"
                return f"clips: {self.control.name}{drawn}"
            case "features":
                return f"features: {self.control.name}"
        return None


@dataclass(frozen=True)
class Source:
    """Where features come from.

    Attributes:
        network: which encoder makes them; None: they are made without any.
        variant: the control that replaces clips or features; None for a network on the clips
            themselves.
    """

    network: str | None
    variant: Variant | None = None
