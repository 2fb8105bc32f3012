"""How far chance alone moves an accuracy, so that nobody over-reads a wiggle."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import binom

from pez.emergence.observations import Observation
from pez.evidence.read import EvidenceTable
from pez.evidence.schema import ALL
from pez.intphys.spec import MOVIES


def scenes_per_fold(table: EvidenceTable, subset: str) -> np.ndarray:
    """Scenes judged in each fold, int [folds]: its test movies, four to a scene.

    Raises:
        ArtifactError: see `pez.evidence.read.EvidenceTable.matrices`.
    """
    clips = table.matrices("clip_accuracy", subset, column="n_test")
    of_any_selection = next(iter(clips.values()))
    return (of_any_selection[0] / MOVIES).round().astype(int)


def fair_coin_band(count: int) -> tuple[float, float]:
    """Shares between which 95 % of fair coins fall that are thrown ``count`` times; NaN for 0."""
    if count == 0:
        return float("nan"), float("nan")
    low, high = binom.ppf((0.025, 0.975), count, 0.5) / count
    return float(low), float(high)


def standard_error(count: float) -> float:
    """Standard error of a share of 50 % among ``count`` independent answers; NaN for none."""
    return float(0.5 / np.sqrt(count)) if count > 0 else float("nan")


def binomial_scale(table: EvidenceTable, probe: str, subsets: Sequence[str]) -> Observation:
    """Standard errors of the accuracies of ``probe`` at 50 %, in words.

    The four movies of a scene are not independent answers, so that the scenes count, for clip
    accuracy as well.
    """
    parts = []
    for subset in subsets:
        scenes = scenes_per_fold(table, subset)
        total, fold = int(scenes.sum()), float(scenes.mean())
        parts.append(
            f"{subset} ± {_points(standard_error(total))} ({total} scenes), "
            f"in one fold ± {_points(standard_error(fold))} ({_range(scenes)} scenes)"
        )
    text = (
        f"chance alone, 1 standard error at 50 % with scenes as independent answers: "
        f"{'; '.join(parts)}"
    )
    everything = int(scenes_per_fold(table, ALL).sum())
    return Observation(
        probe=probe,
        protocol="",
        selection="",
        name="binomial_scale",
        text=text,
        measured=standard_error(everything) if everything else None,
        spread=None,
        holds=None,
    )


def _points(share: float) -> str:
    return f"{100 * share:.1f} points"


def _range(scenes: np.ndarray) -> str:
    low, high = int(scenes.min()), int(scenes.max())
    return str(low) if low == high else f"{low} to {high}"
