"""What is judged and drawn: a curve of one recipe on one model, with its controls."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pez.emergence.curves import Curve
from pez.evidence.schema import ALL
from pez.features.spec import residual_state
from pez.recipes.recipe import Recipe
from pez.recipes.spec import Selection


@dataclass(frozen=True)
class Score:
    """A score in words, and its value without information."""

    words: str
    chance: float


SCORES = {
    "r2": Score("R2", 0.0),
    "matched_pair": Score("matched-pair accuracy", 0.5),
    "logit_sum": Score("relative accuracy of summed logits", 0.5),
    "relative_accuracy": Score("relative accuracy", 0.5),
    "clip_accuracy": Score("clip accuracy", 0.5),
    "accuracy": Score("accuracy", 0.0),  # chance is the share of the largest class
}


@dataclass(frozen=True)
class Readout:
    """One curve, what stands beside it, and how it came about.

    Attributes:
        recipe: probe, protocol and every choice.
        selection: how step and configuration were picked.
        curve: scores of the model.
        controls: the same of every control, by its name in `pez.controls`, picked in the same way.
        others: the model's curves under the recipe's other selections, readouts of their own.
        metric: score of the curves, a key of `SCORES`.
        subset: part of the clips that is judged.
        chance: score without information, where it depends on the clips.
    """

    recipe: Recipe
    selection: Selection
    curve: Curve
    controls: Mapping[str, Curve]
    others: Mapping[Selection, Curve] = field(default_factory=dict)
    metric: str = "r2"
    subset: str = ALL
    chance: float | None = None

    @property
    def score(self) -> Score:
        """The score of the curves."""
        score = SCORES[self.metric]
        return score if self.chance is None else replace(score, chance=self.chance)

    @property
    def name(self) -> str:
        """How verdicts name it: the probe, and its score and subset where it has several."""
        parts = [self.recipe.probe]
        if self.metric != "r2":
            parts.append(self.score.words)
        if self.subset != ALL:
            parts.append(self.subset)
        return ", ".join(parts)

    @property
    def variable(self) -> str:
        """Under which name the reference tables list it: what is read out, however it is coded.

        A plausibility probe that keeps patches is an attentive one (the configuration allows no
        other).
        """
        spec = self.recipe.spec
        if self.metric != "r2":
            attentive = spec.pooling.endswith("_patch")
            return f"attentive_{self.metric}" if attentive else self.metric
        if not isinstance(spec.target, str):
            return self.recipe.probe
        return "direction" if spec.target.startswith("direction_") else spec.target

    def state(self, layer: int) -> int:
        """Residual state that ``layer`` reads: l for resid_pre, l + 1 for resid_post."""
        return residual_state(layer, self.recipe.spec.capture)
