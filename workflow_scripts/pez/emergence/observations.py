"""What can be said of a layer curve without any reference number."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from pydantic import Field

from pez.controls.registry import find_control
from pez.emergence.curves import Curve, layer_fractions, pez_layer
from pez.emergence.foldtests import (
    ALPHA,
    MIN_FOLDS,
    FoldTest,
    layers_above,
    paired,
    unpaired,
)
from pez.emergence.landmarks import Landmarks, find_landmarks
from pez.emergence.readout import Score
from pez.emergence.sigmoid import WEAKNESS, fit_sigmoid
from pez.runtime.schema import Schema

_COVERAGE = f"{100 * (1 - 2 * ALPHA):.0f} %"


class Place(NamedTuple):
    """What an observation is about."""

    probe: str
    protocol: str = ""
    selection: str = ""


class Observation(Schema):
    """One statement about one probe of one model."""

    probe: str = Field(description="the probe; with its score and subset where it has several")
    protocol: str = Field(description="whose recipe; empty for what holds for all of them")
    selection: str = Field(description="how step and configuration were picked; or empty")
    name: str = Field(description="stable key of the observation")
    text: str
    measured: float | None = Field(description="the number behind it; null where there is none")
    spread: float | None = Field(description="sample standard deviation over folds, if any")
    holds: bool | None = Field(
        description="answer of a yes-or-no question; null if undecided, or none is asked"
    )
    p: float | None = Field(None, description="one-sided p value of that answer, if it is a test")
    interval: tuple[float, float] | None = Field(
        None, description=f"limits of `measured`, {100 * ALPHA:.0f} % beyond each"
    )


def observe(
    place: Place, score: Score, curve: Curve, controls: Mapping[str, Curve]
) -> tuple[Observation, ...]:
    """Observations on one curve.

    Args:
        place: what the curve is of.
        score: what its scores are.
        curve: the curve they speak of.
        controls: curves of its controls, made in the same way, by name.
    """
    marks = find_landmarks(curve)
    if marks is None:
        text = "every fold is degenerate: nothing was measured"
        return (state(place, "degenerate", text),)
    found = [
        _early(place, score, marks),
        _rises(place, score, marks),
        _onset(place, curve, marks, controls),
        _half_rise(place, marks),
        _sharpness(place, curve, marks),
        _jump(place, score, curve, marks),
        _decline(place, marks),
        *(_gap(place, name, score, curve, control) for name, control in controls.items()),
        _sigmoid(place, score, curve, controls),
    ]
    if curve.ties is not None:
        found.append(_ties(place, curve))
    if curve.n_nan_folds.any():
        found.append(_degenerate(place, score, curve))
    return tuple(found)


def _degenerate(place: Place, score: Score, curve: Curve) -> Observation:
    most = int(curve.n_nan_folds.max())
    text = (
        f"{most} of {curve.scores.shape[1]} folds have no {score.words} (constant target, "
        "or no clip) and are left out"
    )
    return state(place, "degenerate_folds", text, most)


def _early(place: Place, score: Score, marks: Landmarks) -> Observation:
    text = (
        f"{score.words} at layer 0 is {marks.first:.3f}; "
        f"the peak is {marks.peak:.3f} at layer {marks.peak_layer}"
    )
    return state(place, "early_readability", text, marks.first)


def _rises(place: Place, score: Score, marks: Landmarks) -> Observation:
    words = {
        "yes": f"{score.words} rises from layer 0 to the peak",
        "no": f"{score.words} is not shown to rise from layer 0 to the peak",
        "undecided": f"whether {score.words} rises from layer 0 to the peak is undecided",
    }[marks.rise.verdict]
    text = f"{words}: {_tested(marks.rise)}, peak picked on the other folds"
    return _test(place, "rises_with_depth", text, marks.rise)


def _onset(
    place: Place, curve: Curve, marks: Landmarks, controls: Mapping[str, Curve]
) -> Observation:
    text = f"onset (best two-level fit): {_onset_words(marks, curve.layers)}"
    later = []
    for name, control in controls.items():
        found = find_landmarks(control)
        text += f"; {find_control(name).words}: {_onset_words(found, control.layers)}"
        if marks.onset is not None and found is not None and found.onset is not None:
            later.append(marks.onset > found.onset)
    if later:
        text += f"; {'later than' if all(later) else 'not later than'} in the control"
    return state(place, "onset", text, marks.onset, holds=all(later) if later else None)


def _onset_words(marks: Landmarks | None, layers: int) -> str:
    if marks is None or marks.step is None:
        return "none"
    depth = layer_fractions(layers)[marks.step.layer]
    low, high = min(marks.fold_steps), max(marks.fold_steps)
    place = f"layer {marks.step.layer} (layer fraction {depth:.2f}, single folds {low} to {high})"
    if marks.rise.verdict == "undecided":
        return f"undecided, as the rise is; it would be {place}"
    return "none" if marks.onset is None else place


def _half_rise(place: Place, marks: Landmarks) -> Observation:
    layer = None if marks.onset is None else marks.half_rise
    text = f"half of the rise, by another rule than the onset: {_layer(layer)}"
    return state(place, "half_rise", text, layer)


def _sharpness(place: Place, curve: Curve, marks: Landmarks) -> Observation:
    if marks.onset is None or marks.step is None:
        return state(place, "sharpness", "sharpness: none without an onset")
    text = (
        f"sharpness: the largest rise from one layer to the next, to layer {marks.step.steepest}, "
        f"makes {marks.step.sharpness:.2f} of the whole rise (a straight line "
        f"{1 / (curve.layers - 1):.2f}, a step 1.00)"
    )
    return state(place, "sharpness", text, marks.step.sharpness)


def _layer(layer: int | None) -> str:
    return "none" if layer is None else f"layer {layer}"


def _jump(place: Place, score: Score, curve: Curve, marks: Landmarks) -> Observation:
    text = (
        f"{score.words} at the PEZ layer ({pez_layer(curve.layers)}) over the mean of shallower "
        f"layers: {_tested(marks.jump)}"
    )
    return _test(place, "jump_at_pez", text, marks.jump)


def _decline(place: Place, marks: Landmarks) -> Observation:
    text = (
        f"late decline, peak minus last layer: {_tested(marks.decline)}, peak picked on the other "
        "folds"
    )
    return _test(place, "late_decline", text, marks.decline)


def _gap(place: Place, name: str, score: Score, curve: Curve, control: Curve) -> Observation:
    pez = pez_layer(curve.layers)
    text = f"{score.words} above {find_control(name).words} at the PEZ layer: "
    if curve.scores.shape != control.scores.shape:
        gap = unpaired(float(curve.mean[pez] - control.mean[pez]))
        return _test(place, f"gap_to_{name}", text + _tested(gap), gap)
    differences = curve.scores - control.scores
    gap, above = paired(differences[pez]), layers_above(differences)
    text += _tested(gap)
    if above is not None:
        text += (
            f"; ahead of it at {above.sum()} of {curve.layers} layers (a chance of at most "
            f"{100 * ALPHA:.0f} % that any of these is wrong)"
        )
    return _test(place, f"gap_to_{name}", text, gap)


def _ties(place: Place, curve: Curve) -> Observation:
    share = curve.tie_share
    tied = np.flatnonzero(share > 0)
    if len(tied):
        most = int(np.nanargmax(share))
        text = (
            f"ties, which count as wrong: at {len(tied)} of {len(share)} layers, most at layer "
            f"{most}, where {100 * share[most]:.1f} % of the scenes tie"
        )
    else:
        text = "no scene ties at any layer"
    return state(place, "tie_share", text, float(np.nanmax(share)))


def _sigmoid(
    place: Place, score: Score, curve: Curve, controls: Mapping[str, Curve]
) -> Observation:
    words = {True: "met", False: "not met"}
    fit = fit_sigmoid(curve.mean, score.chance)
    holds = fit is not None and fit.emerges
    numbers = "no fit"
    if fit is not None:
        numbers = (
            f"fit R2 {fit.fit_r2:.2f}, inflection {fit.inflection:.2f}, 10 to 90 % within "
            f"{fit.width:.1f} layers"
        )
    text = f"sigmoid criterion {words[holds]} ({numbers})"
    for name, control in controls.items():
        control_fit = fit_sigmoid(control.mean, score.chance)
        text += (
            f"; by {find_control(name).words} {words[bool(control_fit and control_fit.emerges)]}"
        )
    inflection = None if fit is None else fit.inflection
    return state(place, "sigmoid_criterion", f"{text}; {WEAKNESS}", inflection, holds=holds)


def _tested(test: FoldTest) -> str:
    """Estimate, interval or spread, and p or why there is none."""
    number = f"{test.estimate:+.3f}"
    if test.verdict == "undecided":
        why = (
            f"{test.folds} folds in common, at least {MIN_FOLDS} needed"
            if test.folds
            else "no fold in common"
        )
        return f"{number}{plus_minus(test.spread)} (undecided: {why})"
    if test.interval is None:
        number += plus_minus(test.spread)
        return f"{number} (p {test.p:.2g})"
    low, high = test.interval
    return f"{number} ({_COVERAGE} interval {low:+.3f} to {high:+.3f}, p {test.p:.2g})"


def plus_minus(spread: float) -> str:
    """A spread after its mean, in words; nothing where there is none."""
    return "" if np.isnan(spread) else f" ± {spread:.3f}"


def _test(place: Place, key: str, text: str, test: FoldTest) -> Observation:
    found = state(place, key, text, test.estimate, test.spread, test.holds)
    p = None if np.isnan(test.p) else test.p
    return found.model_copy(update={"p": p, "interval": test.interval})


def state(
    place: Place,
    key: str,
    text: str,
    measured: float | None = None,
    spread: float | None = None,
    holds: bool | None = None,
) -> Observation:
    """An observation that is no test; what is not finite becomes None."""

    def finite(number: float | None) -> float | None:
        return float(number) if number is not None and np.isfinite(number) else None

    return Observation(
        probe=place.probe,
        protocol=place.protocol,
        selection=place.selection,
        name=key,
        text=text,
        measured=finite(measured),
        spread=finite(spread),
        holds=holds,
    )
