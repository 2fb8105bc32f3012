"""Onset, peak, late decline and the other landmarks of a layer curve."""

from dataclasses import dataclass

import numpy as np

from pez.emergence.curves import Curve, layer_fractions, pez_layer
from pez.emergence.foldtests import FoldTest, best_over, paired
from pez.emergence.steps import Step, find_step, half_rise

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
        decline: peak minus last, the peak picked on other folds.
        rise: peak minus first, the peak picked on other folds.
        jump: score at the PEZ layer minus the mean of the shallower layers (layer 0 left out where
            there are others), fold by fold.
        step: best two-level fit, whatever the rise is worth; None if no layer exceeds the first.
        half_rise: layer of half rise, likewise.
        fold_steps: step layer of every single fold that has one.
        dip: lowest score in `DIP_RANGE`; NaN if no layer lies in it.
    """

    first: float
    pez: float
    peak: float
    peak_layer: int
    last: float
    decline: FoldTest
    rise: FoldTest
    jump: FoldTest
    step: Step | None
    half_rise: int | None
    fold_steps: tuple[int, ...]
    dip: float

    @property
    def onset(self) -> int | None:
        """Layer of the step; None unless the curve is shown to rise."""
        return self.step.layer if self.step is not None and self.rise.holds else None


def find_landmarks(curve: Curve) -> Landmarks | None:
    """Landmarks of ``curve``; None if no layer has a score at all."""
    mean, scores = curve.mean, curve.scores
    if np.isnan(mean).all():
        return None
    peak_layer, pez = int(np.nanargmax(mean)), pez_layer(curve.layers)
    shallow = scores[1:pez] if pez > 1 else scores[:1]
    fractions = layer_fractions(curve.layers)
    in_dip = mean[(fractions >= DIP_RANGE[0]) & (fractions <= DIP_RANGE[1]) & np.isfinite(mean)]
    steps = (find_step(fold) for fold in scores.T)
    return Landmarks(
        first=float(mean[0]),
        pez=float(mean[pez]),
        peak=float(mean[peak_layer]),
        peak_layer=peak_layer,
        last=float(mean[-1]),
        decline=best_over(scores, curve.layers - 1),
        rise=best_over(scores, 0),
        jump=paired(scores[pez] - shallow.mean(axis=0)),
        step=find_step(mean),
        half_rise=half_rise(mean),
        fold_steps=tuple(step.layer for step in steps if step is not None),
        dip=float(in_dip.min()) if len(in_dip) else float("nan"),
    )
