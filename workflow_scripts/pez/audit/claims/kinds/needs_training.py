"""C4: untrained networks do not show it.

S untrained networks say how far another one would lie from them: beyond mean + t sd sqrt(1 + 1 / S)
in 5 % of cases, t of S - 1 degrees of freedom. A rank among them cannot say that with fewer than
19, its smallest p is 1 / (S + 1): both are reported.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import t as student

from pez.audit.claims.curves import missing, rise_of, significant
from pez.audit.claims.finding import ALPHA, Claim, Finding, Verdict, undecided
from pez.audit.primary import Curve, PrimaryEvidence
from pez.estimands.intervals import percentile
from pez.estimands.landmarks import MIN_RISE, noise_floor, peak, peak_draws
from pez.estimands.step import sharpness

_LEAST_SPREAD = 1e-6  # of untrained networks that are all alike, such as all without a rise


def judge(evidence: PrimaryEvidence) -> Finding:
    """Yes: peak and sharpness beyond what untrained networks predict. No: hardly any gain."""
    gap = missing(evidence, "direction")
    if gap is not None:
        return undecided(gap)
    trained = evidence.trained["direction"]
    seeds = [curves["direction"] for curves in evidence.untrained if "direction" in curves]
    if len(seeds) < 2:
        return undecided(
            f"{len(seeds)} untrained network{'' if len(seeds) == 1 else 's'} beside it: their "
            "spread is known from 2 on."
        )
    peaks = [float(peak(curve.scores)) for curve in seeds]
    sharp = [_sharpness(curve) for curve in seeds]
    own_peak, own_sharp = float(peak(trained.scores)), _sharpness(trained)
    peak_limit, peak_p = _prediction(own_peak, peaks)
    sharp_limit, sharp_p = _prediction(own_sharp, sharp)
    p = max(peak_p, sharp_p)
    gain = own_peak - float(np.mean(peaks))
    low, high = map(float, percentile(_gain_draws(trained, seeds)))
    as_high = sum(value >= own_peak for value in peaks)
    null: dict[str, str | float] = {
        "description": "another untrained network",
        "seeds": float(len(seeds)),
        "untrained_peak_mean": float(np.mean(peaks)),
        "untrained_peak_limit": peak_limit,
        "untrained_sharpness_mean": float(np.mean(sharp)),
        "untrained_sharpness_limit": sharp_limit,
        "peak_p": peak_p,
        "sharpness_p": sharp_p,
        "rank_p": (1 + as_high) / (1 + len(seeds)),
        "smallest_rank_p": 1 / (1 + len(seeds)),
    }
    rise = rise_of(trained)
    verdict: Verdict = "undecided"
    if significant(p) and low > 0 and not rise.absent:
        verdict = "yes"
    elif high < MIN_RISE or rise.absent:
        verdict = "no"
    reason = (
        f"Direction peaks at {own_peak:.2f} (prediction from {len(seeds)} untrained networks: "
        f"below {peak_limit:.2f}), with a sharpness of {own_sharp:.2f} (below {sharp_limit:.2f}); "
        f"gain {gain:.2f} [{low:.2f}, {high:.2f}]. A rank among {len(seeds)} has a p of "
        f"{1 / (1 + len(seeds)):.2f} at least."
    )
    return Finding(verdict, reason, gain, (low, high), null, p)


def _sharpness(curve: Curve) -> float:
    """Sharpness of ``curve``; 0 for one that does not rise, which is not abrupt either."""
    return float(np.nan_to_num(sharpness(curve.scores, noise_floor(curve.permuted)), nan=0.0))


def _prediction(value: float, others: Sequence[float]) -> tuple[float, float]:
    """Limit that one more of ``others`` exceeds in 5 % of cases, and the p of ``value``."""
    count = len(others)
    spread = max(float(np.std(others, ddof=1)), _LEAST_SPREAD) * np.sqrt(1 + 1 / count)
    mean = float(np.mean(others))
    limit = mean + float(student.ppf(1 - ALPHA, count - 1)) * spread
    return limit, float(student.sf((value - mean) / spread, count - 1))


def _gain_draws(trained: Curve, seeds: Sequence[Curve]) -> np.ndarray:
    untrained = [peak_draws(curve.scores, curve.draws) for curve in seeds]
    return peak_draws(trained.scores, trained.draws) - np.mean(untrained, axis=0)


CLAIM = Claim(
    "C4",
    "Untrained networks do not show the rise of direction.",
    "peak minus mean peak of untrained networks, and sharpness",
    judge,
)
