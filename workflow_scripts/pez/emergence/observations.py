"""What can be said of a layer curve without any reference number."""

import numpy as np
from pydantic import Field

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


class Observation(Schema):
    """One statement about one probe of one model."""

    probe: str = Field(
        description="the probe; with its score, subset and selection where it has several"
    )
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
    name: str,
    score: Score,
    curve: Curve,
    untrained: Curve | None = None,
    shuffled: Curve | None = None,
) -> tuple[Observation, ...]:
    """Observations on one curve.

    Args:
        name: how the observations name it.
        score: what its scores are.
        curve: the curve they speak of.
        untrained: the same of the untrained network, made in the same way; None without one.
        shuffled: the same on labels drawn at random; None without one.
    """
    marks = find_landmarks(curve)
    if marks is None:
        text = "every fold is degenerate: nothing was measured"
        return (state(name, "degenerate", text),)
    found = [
        _early(name, score, marks),
        _rises(name, score, marks),
        _onset(name, curve, marks, untrained),
        _half_rise(name, marks),
        _sharpness(name, curve, marks),
        _jump(name, score, curve, marks),
        _decline(name, marks),
    ]
    if untrained is not None:
        words = "the untrained control"
        found.append(_gap(name, "gap_to_untrained", words, score, curve, untrained))
    found.append(_sigmoid(name, score, curve, untrained))
    if shuffled is not None:
        found.append(_gap(name, "gap_to_shuffled", "shuffled labels", score, curve, shuffled))
    if curve.ties is not None:
        found.append(_ties(name, curve))
    if curve.n_nan_folds.any():
        found.append(_degenerate(name, score, curve))
    return tuple(found)


def _degenerate(name: str, score: Score, curve: Curve) -> Observation:
    most = int(curve.n_nan_folds.max())
    text = (
        f"{most} of {curve.scores.shape[1]} folds have no {score.words} (constant target, "
        "or no clip) and are left out"
    )
    return state(name, "degenerate_folds", text, most)


def _early(name: str, score: Score, marks: Landmarks) -> Observation:
    text = (
        f"{score.words} at layer 0 is {marks.first:.3f}; "
        f"the peak is {marks.peak:.3f} at layer {marks.peak_layer}"
    )
    return state(name, "early_readability", text, marks.first)


def _rises(name: str, score: Score, marks: Landmarks) -> Observation:
    words = {
        "yes": f"{score.words} rises from layer 0 to the peak",
        "no": f"{score.words} is not shown to rise from layer 0 to the peak",
        "undecided": f"whether {score.words} rises from layer 0 to the peak is undecided",
    }[marks.rise.verdict]
    text = f"{words}: {_tested(marks.rise)}, peak picked on the other folds"
    return _test(name, "rises_with_depth", text, marks.rise)


def _onset(name: str, curve: Curve, marks: Landmarks, untrained: Curve | None) -> Observation:
    text = f"onset (best two-level fit): {_onset_words(marks, curve.layers)}"
    control = None if untrained is None else find_landmarks(untrained)
    later = None
    if untrained is not None:
        text += f"; untrained control: {_onset_words(control, untrained.layers)}"
    if marks.onset is not None and control is not None and control.onset is not None:
        later = marks.onset > control.onset
        text += f"; {'later than' if later else 'not later than'} in the control"
    return state(name, "onset", text, marks.onset, holds=later)


def _onset_words(marks: Landmarks | None, layers: int) -> str:
    if marks is None or marks.step is None:
        return "none"
    depth = layer_fractions(layers)[marks.step.layer]
    low, high = min(marks.fold_steps), max(marks.fold_steps)
    place = f"layer {marks.step.layer} (layer fraction {depth:.2f}, single folds {low} to {high})"
    if marks.rise.verdict == "undecided":
        return f"undecided, as the rise is; it would be {place}"
    return "none" if marks.onset is None else place


def _half_rise(name: str, marks: Landmarks) -> Observation:
    layer = None if marks.onset is None else marks.half_rise
    text = f"half of the rise, by another rule than the onset: {_layer(layer)}"
    return state(name, "half_rise", text, layer)


def _sharpness(name: str, curve: Curve, marks: Landmarks) -> Observation:
    if marks.onset is None or marks.step is None:
        return state(name, "sharpness", "sharpness: none without an onset")
    text = (
        f"sharpness: the largest rise from one layer to the next, to layer {marks.step.steepest}, "
        f"makes {marks.step.sharpness:.2f} of the whole rise (a straight line "
        f"{1 / (curve.layers - 1):.2f}, a step 1.00)"
    )
    return state(name, "sharpness", text, marks.step.sharpness)


def _layer(layer: int | None) -> str:
    return "none" if layer is None else f"layer {layer}"


def _jump(name: str, score: Score, curve: Curve, marks: Landmarks) -> Observation:
    text = (
        f"{score.words} at the PEZ layer ({pez_layer(curve.layers)}) over the mean of shallower "
        f"layers: {_tested(marks.jump)}"
    )
    return _test(name, "jump_at_pez", text, marks.jump)


def _decline(name: str, marks: Landmarks) -> Observation:
    text = (
        f"late decline, peak minus last layer: {_tested(marks.decline)}, peak picked on the other "
        "folds"
    )
    return _test(name, "late_decline", text, marks.decline)


def _gap(
    name: str, key: str, words: str, score: Score, curve: Curve, control: Curve
) -> Observation:
    pez = pez_layer(curve.layers)
    text = f"{score.words} above {words} at the PEZ layer: "
    if curve.scores.shape != control.scores.shape:
        gap = unpaired(float(curve.mean[pez] - control.mean[pez]))
        return _test(name, key, text + _tested(gap), gap)
    differences = curve.scores - control.scores
    gap, above = paired(differences[pez]), layers_above(differences)
    text += _tested(gap)
    if above is not None:
        text += (
            f"; ahead of it at {above.sum()} of {curve.layers} layers (a chance of at most "
            f"{100 * ALPHA:.0f} % that any of these is wrong)"
        )
    return _test(name, key, text, gap)


def _ties(name: str, curve: Curve) -> Observation:
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
    return state(name, "tie_share", text, float(np.nanmax(share)))


def _sigmoid(name: str, score: Score, curve: Curve, untrained: Curve | None) -> Observation:
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
    if untrained is not None:
        control_fit = fit_sigmoid(untrained.mean, score.chance)
        text += f"; by the untrained control {words[bool(control_fit and control_fit.emerges)]}"
    inflection = None if fit is None else fit.inflection
    return state(name, "sigmoid_criterion", f"{text}; {WEAKNESS}", inflection, holds=holds)


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


def _test(name: str, key: str, text: str, test: FoldTest) -> Observation:
    found = state(name, key, text, test.estimate, test.spread, test.holds)
    p = None if np.isnan(test.p) else test.p
    return found.model_copy(update={"p": p, "interval": test.interval})


def state(
    name: str,
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
        probe=name,
        name=key,
        text=text,
        measured=finite(measured),
        spread=finite(spread),
        holds=holds,
    )
