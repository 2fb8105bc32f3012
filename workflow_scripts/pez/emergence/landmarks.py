"""Onset, peak, late decline and the other landmarks of a layer curve."""

from dataclasses import dataclass

import numpy as np

from pez.emergence.curves import Curve, Estimate, estimate, layer_fractions, pez_layer

# Range of depth in which the paper's Fig. 2b dips, as read off its plot.
DIP_RANGE = (0.6, 0.7)


@dataclass(frozen=True)
class Landmarks:
    """Landmarks of the fold-mean curve; NaN where the curve has no score.

    Attributes:
        first: score at layer 0 (early readability).
        pez: score at the PEZ layer.
        peak: highest score, and ``peak_layer`` the first layer that has it.
        last: score at the last layer.
        decline: peak minus last.
        rise: peak minus first, fold by fold.
        jump: score at the PEZ layer minus the mean of the shallower layers (layer 0 left out where
            there are others), fold by fold.
        onset: see `onset`; None if the rise is within its fold spread.
        fold_onsets: onset of every single fold that has one.
        dip: lowest score in `DIP_RANGE`; NaN if no layer lies in it.
    """

    first: float
    pez: float
    peak: float
    peak_layer: int
    last: float
    decline: float
    rise: Estimate
    jump: Estimate
    onset: int | None
    fold_onsets: tuple[int, ...]
    dip: float


def onset(scores: np.ndarray) -> int | None:
    """First layer from which ``scores`` stay at or above half of the rise, up to the peak.

    Half of the rise is the midpoint between layer 0 and the peak. What comes after the peak does
    not count, or a curve with a late decline would have no onset. Layers without a score (NaN) are
    passed over.

    Args:
        scores: float [layers].

    Returns:
        The layer, or None for a curve that never exceeds its first layer.
    """
    if np.isnan(scores[0]):
        return None
    peak = int(np.nanargmax(scores))
    if peak == 0:
        return None
    midpoint = (scores[0] + scores[peak]) / 2
    last_below = int(np.flatnonzero(scores[:peak] < midpoint)[-1])
    reached = np.flatnonzero(np.isfinite(scores[last_below + 1 :]))
    return last_below + 1 + int(reached[0])


def find_landmarks(curve: Curve) -> Landmarks | None:
    """Landmarks of ``curve``; None if no layer has a score at all."""
    mean, scores = curve.mean, curve.scores
    if np.isnan(mean).all():
        return None
    peak_layer, pez = int(np.nanargmax(mean)), pez_layer(curve.layers)
    rise = estimate(scores[peak_layer] - scores[0])
    shallow = scores[1:pez] if pez > 1 else scores[:1]
    fractions = layer_fractions(curve.layers)
    in_dip = mean[(fractions >= DIP_RANGE[0]) & (fractions <= DIP_RANGE[1]) & np.isfinite(mean)]
    onsets = (onset(fold) for fold in scores.T)
    return Landmarks(
        first=float(mean[0]),
        pez=float(mean[pez]),
        peak=float(mean[peak_layer]),
        peak_layer=peak_layer,
        last=float(mean[-1]),
        decline=float(mean[peak_layer] - mean[-1]),
        rise=rise,
        jump=estimate(scores[pez] - shallow.mean(axis=0)),
        onset=onset(mean) if rise.is_above_spread else None,
        fold_onsets=tuple(layer for layer in onsets if layer is not None),
        dip=float(in_dip.min()) if len(in_dip) else float("nan"),
    )
