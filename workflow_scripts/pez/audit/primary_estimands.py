"""Every estimand of every variable in the primary cell, with intervals."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pez.audit.claims.registry import with_scatter
from pez.audit.primary import Curve, PrimaryEvidence
from pez.estimands.gain import gain_onset
from pez.estimands.intervals import percentile
from pez.estimands.landmarks import noise_floor
from pez.estimands.registry import Estimate, estimate
from pez.estimands.shape import FAMILIES, shape_errors

_SHAPE_DRAWS = 200  # of the fits that leave a state out, the only slow estimand
_FEWEST_STATES = 4  # that such fits need
COLUMNS = ("variable", "estimand", "value", "low", "high", "none_share")


def primary_estimands(evidence: PrimaryEvidence) -> pd.DataFrame:
    """Read every estimand off every curve of the model.

    Beside those of `pez.estimands.registry.ESTIMANDS`: ``gain_onset``, of the gain over the mean of
    the untrained networks, and ``step_error``, ``ramp_error`` and ``logistic_error``, root mean
    squared errors of fits of these shapes at states that they have not seen.

    Returns:
        `COLUMNS`; states and scores; NaN where there is none.
    """
    evidence = with_scatter(evidence)
    rows = []
    for variable, curve in evidence.trained.items():
        if not np.isfinite(curve.scores).all():
            continue
        seeds = [curves[variable] for curves in evidence.untrained if variable in curves]
        for name, found in _of_curve(curve, seeds).items():
            rows.append((variable, name, *found))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _of_curve(curve: Curve, untrained: list[Curve]) -> Mapping[str, Estimate]:
    floor = noise_floor(curve.permuted)
    found = estimate(curve.scores, curve.draws, curve.folds, floor=floor).intervals()
    if untrained:
        others = [np.vstack([seed.scores, seed.draws]) for seed in untrained]
        own = np.vstack([curve.scores, curve.draws])
        draws = min(map(len, [*others, own]))
        onsets = gain_onset(own[:draws], np.stack([other[:draws] for other in others]), floor)
        found["gain_onset"] = _summed_up(onsets)
    if len(curve.scores) >= _FEWEST_STATES:
        errors = shape_errors(np.vstack([curve.scores, curve.draws[:_SHAPE_DRAWS]]))
        for place, family in enumerate(FAMILIES):
            found[f"{family}_error"] = _summed_up(errors[:, place])
    return found


def _summed_up(values: np.ndarray) -> Estimate:
    """Value of the curve itself, ``values[0]``, and what its draws say."""
    low, high = percentile(values[1:])
    return Estimate(float(values[0]), float(low), float(high), float(np.isnan(values[1:]).mean()))
