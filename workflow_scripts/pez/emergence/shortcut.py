"""Whether a plausibility probe needs any physics: its confusion matrix against a known shortcut.

The movies of a scene are spliced from the same frames: possible A-A and B-B, impossible A-B and
B-A. For features that add over time, s(AA) + s(BB) = s(AB) + s(BA), so a linear probe can get at
most three of the four right. These 75 % need no physics: "how much of the object is seen" is 2, 0,
1, 1, and the threshold 1.5 gives all impossible movies and half of the possible ones. That is the
signature looked for here. (A mean over time cannot tell A-B from B-A, so for it this is the only
way to 75 %; features that tell the halves apart also reach it with the recalls exchanged.)
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from pez.emergence.curves import Curve, Estimate, estimate, pez_layer
from pez.evidence.read import EvidenceTable
from pez.evidence.schema import ALL
from pez.recipes.recipe import Recipe
from pez.runtime.schema import Schema

CEILING = 0.75
SIGNATURE_RECALL = {"possible": 0.5, "impossible": 1.0}
SIGNATURE_TOLERANCE = 0.15  # of either recall; this project's choice


class Confusion(Schema):
    """Confusion matrix of one probe at one layer on one part of the movies.

    Counts are out-of-fold predictions summed over the folds.
    """

    probe: str
    protocol: str
    subset: str = Field(description="all, or a block")
    selection: str
    layer: int
    role: str = Field(description="why this layer: best (clip accuracy, all movies), PEZ")
    possible_called_possible: int
    possible_called_impossible: int
    impossible_called_possible: int
    impossible_called_impossible: int
    clip_accuracy: float | None = Field(description="mean over folds; null without any")
    spread: float | None = Field(description="sample standard deviation over folds")
    possible_recall: float | None = Field(description="share of possible movies called possible")
    impossible_recall: float | None = Field(description="share of impossible ones called so")
    ceiling: Literal["below", "within 1 s.d.", "above"] | None = Field(
        description="clip accuracy against the 75 % that additive features can reach"
    )
    has_signature: bool = Field(
        description=f"possible recall about 50 %, impossible about 100 % (± {SIGNATURE_TOLERANCE})"
    )

    @property
    def is_shortcut(self) -> bool:
        """Whether nothing beyond the shortcut is needed to explain the numbers."""
        return self.has_signature and self.ceiling != "above"


def confusions(
    table: EvidenceTable, recipe: Recipe, subsets: Sequence[str]
) -> tuple[Confusion, ...]:
    """Confusion matrices at the best layer and at the PEZ layer.

    The best layer has the highest clip accuracy on all movies under the recipe's first selection;
    it is the same for every subset and selection.

    Args:
        table: evidence with the metrics clip_accuracy, possible_recall, impossible_recall;
            n_test counts movies, half of them possible.
        recipe: of the probe.
        subsets: which parts of the movies; "all" must be among them.

    Raises:
        ArtifactError: a metric or subset is missing, or the table is of another model.
    """
    selections = recipe.spec.selections
    overall = table.matrices("clip_accuracy", ALL)[selections[0]]
    mean = Curve(overall).mean
    if np.isnan(mean).all():
        return ()
    roles: dict[int, str] = {int(np.nanargmax(mean)): "best"}
    pez = pez_layer(table.layers)
    roles[pez] = "best, PEZ" if pez in roles else "PEZ"
    found = []
    for subset in subsets:
        accuracy, possible, impossible = (
            table.matrices(metric, subset)
            for metric in ("clip_accuracy", "possible_recall", "impossible_recall")
        )
        clips = table.matrices("clip_accuracy", subset, column="n_test")
        for selection in selections:
            for layer, role in roles.items():
                matrix = _matrix(
                    possible[selection][layer],
                    impossible[selection][layer],
                    clips[selection][layer] / 2,
                )
                score = estimate(accuracy[selection][layer])
                found.append(_confusion(matrix, score, (subset, selection, layer, role), recipe))
    return tuple(found)


def _matrix(possible: np.ndarray, impossible: np.ndarray, each: np.ndarray) -> np.ndarray:
    """Counts [truth, answer], possible first, int [2, 2].

    Args:
        possible: recall of possible movies, float [folds]; NaN without any.
        impossible: the same of impossible ones.
        each: movies of either kind, float [folds].
    """
    right = np.array([np.nansum(recall * each) for recall in (possible, impossible)]).round()
    wrong = each.sum() - right
    return np.array([[right[0], wrong[0]], [wrong[1], right[1]]]).astype(int)


def _confusion(
    matrix: np.ndarray, accuracy: Estimate, place: tuple[str, str, int, str], recipe: Recipe
) -> Confusion:
    subset, selection, layer, role = place
    totals = matrix.sum(axis=1)
    shares = np.diagonal(matrix) / totals if totals.all() else np.full(2, np.nan)
    wanted = np.array(list(SIGNATURE_RECALL.values()))
    return Confusion(
        probe=recipe.probe,
        protocol=recipe.protocol,
        subset=subset,
        selection=selection,
        layer=layer,
        role=role,
        possible_called_possible=int(matrix[0, 0]),
        possible_called_impossible=int(matrix[0, 1]),
        impossible_called_possible=int(matrix[1, 0]),
        impossible_called_impossible=int(matrix[1, 1]),
        clip_accuracy=_finite(accuracy.mean),
        spread=_finite(accuracy.spread),
        possible_recall=_finite(shares[0]),
        impossible_recall=_finite(shares[1]),
        ceiling=_against_ceiling(accuracy),
        has_signature=bool((np.abs(shares - wanted) <= SIGNATURE_TOLERANCE).all()),
    )


def _against_ceiling(
    accuracy: Estimate,
) -> Literal["below", "within 1 s.d.", "above"] | None:
    if np.isnan(accuracy.mean):
        return None
    margin = 0.0 if np.isnan(accuracy.spread) else accuracy.spread
    if accuracy.mean > CEILING + margin:
        return "above"
    return "below" if accuracy.mean < CEILING - margin else "within 1 s.d."


def _finite(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
