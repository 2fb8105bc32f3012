"""What is judged and drawn: one probe on one model, by one score on one part of the clips."""

from collections.abc import Mapping
from dataclasses import dataclass

from pez.emergence.curves import Curve
from pez.probes.spec import ProbeSpec

ALL = "all"  # subset of every clip


@dataclass(frozen=True)
class Score:
    """A score in words, and its value without information."""

    words: str
    chance: float


SCORES = {
    "r2": Score("R2", 0.0),
    "relative_accuracy": Score("relative accuracy", 0.5),
    "clip_accuracy": Score("clip accuracy", 0.5),
}


@dataclass(frozen=True)
class Readout:
    """Curves of one probe on one model and on its controls.

    Attributes:
        probe: name of the probe.
        spec: its recipe.
        trained: curves of the model by selection; "validation" must be there.
        untrained: the same of the untrained network of the same architecture.
        metric: score of the curves, a key of `SCORES`.
        subset: part of the clips that is judged.
        shuffled: curves of the model on labels drawn at random; None where there is no such
            control.
    """

    probe: str
    spec: ProbeSpec
    trained: Mapping[str, Curve]
    untrained: Mapping[str, Curve]
    metric: str = "r2"
    subset: str = ALL
    shuffled: Mapping[str, Curve] | None = None

    @property
    def curve(self) -> Curve:
        """The curve of validation selection."""
        return self.trained["validation"]

    @property
    def score(self) -> Score:
        """The score of the curves."""
        return SCORES[self.metric]

    @property
    def name(self) -> str:
        """How verdicts name it: the probe, and its score and subset where it has several."""
        parts = [self.probe]
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
        if self.metric != "r2":
            attentive = self.spec.pooling.endswith("_patch")
            return f"attentive_{self.metric}" if attentive else self.metric
        target = self.spec.target
        return "direction" if target.startswith("direction_") else target
