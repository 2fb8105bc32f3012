"""What can be said of a layer curve without any reference number."""

import numpy as np
from pydantic import Field

from pez.emergence.curves import Curve, Estimate, estimate, layer_fractions, pez_layer
from pez.emergence.landmarks import Landmarks, find_landmarks
from pez.emergence.readout import ALL, CONTROLS, Readout
from pez.emergence.sigmoid import fit_sigmoid
from pez.runtime.schema import Schema


class Observation(Schema):
    """One statement about one probe of one model."""

    probe: str = Field(description="the probe; with its score and subset where it has several")
    protocol: str = Field(description="whose recipe; empty for what holds for all of them")
    selection: str = Field(description="how step and configuration were picked; or empty")
    name: str = Field(description="stable key of the observation")
    text: str
    measured: float | None = Field(description="the number behind it; null where there is none")
    spread: float | None = Field(description="sample standard deviation over folds, if any")
    holds: bool | None = Field(description="answer of a yes-or-no question, else null")


def observe(readout: Readout) -> tuple[Observation, ...]:
    """Observations on ``readout``: in full for all clips, the best layer for a part of them."""
    marks = find_landmarks(readout.curve)
    if marks is None:
        text = "every fold is degenerate: nothing was measured"
        return (_observation(readout, "degenerate", text),)
    if readout.subset != ALL:
        return (_best_layer(readout, marks),)
    found = [
        _early(readout, marks),
        _rises(readout, marks),
        _onset(readout, marks),
        _jump(readout, marks),
        _decline(readout, marks),
        *(_gap(readout, name, control) for name, control in readout.controls.items()),
        _sigmoid(readout),
    ]
    found += [_selection_gap(readout, name, other) for name, other in readout.otherwise.items()]
    if readout.curve.ties is not None:
        found.append(_ties(readout))
    if readout.curve.n_nan_folds.any():
        found.append(_degenerate(readout))
    return tuple(found)


def _degenerate(readout: Readout) -> Observation:
    curve = readout.curve
    most = int(curve.n_nan_folds.max())
    text = (
        f"{most} of {curve.scores.shape[1]} folds have no {readout.score.words} (constant target, "
        "or no clip) and are left out"
    )
    return _observation(readout, "degenerate_folds", text, most)


def _best_layer(readout: Readout, marks: Landmarks) -> Observation:
    best = estimate(readout.curve.scores[marks.peak_layer])
    text = f"best layer {marks.peak_layer}: {_unsigned(best)}"
    for name, curve in readout.controls.items():
        control = find_landmarks(curve)
        if control is not None:
            text += f"; {CONTROLS[name]}, layer {control.peak_layer}: {control.peak:.3f}"
    return _observation(readout, "best_layer", text, marks.peak_layer)


def _early(readout: Readout, marks: Landmarks) -> Observation:
    text = (
        f"{readout.score.words} at layer 0 is {marks.first:.3f}; "
        f"the peak is {marks.peak:.3f} at layer {marks.peak_layer}"
    )
    return _observation(readout, "early_readability", text, marks.first)


def _rises(readout: Readout, marks: Landmarks) -> Observation:
    holds = marks.rise.is_above_spread
    text = (
        f"{readout.score.words} {'rises' if holds else 'does not rise beyond the fold spread'} "
        f"from layer 0 to the peak: {_signed(marks.rise)}"
    )
    return _estimated(readout, "rises_with_depth", text, marks.rise)


def _onset(readout: Readout, marks: Landmarks) -> Observation:
    fractions = layer_fractions(readout.curve.layers)

    def words(landmarks: Landmarks | None) -> str:
        if landmarks is None or landmarks.onset is None:
            return "none"
        low, high = min(landmarks.fold_onsets), max(landmarks.fold_onsets)
        depth = fractions[landmarks.onset]
        return f"layer {landmarks.onset} (layer fraction {depth:.2f}, single folds {low} to {high})"

    text = f"onset: {words(marks)}"
    onset = marks.onset
    later = None
    for name, curve in readout.controls.items():
        control = find_landmarks(curve)
        text += f"; {CONTROLS[name]}: {words(control)}"
        if onset is not None and control is not None and control.onset is not None:
            later = later is not False and onset > control.onset
    if later is not None:
        text += f"; {'later than' if later else 'not later than'} in the controls that have one"
    return _observation(readout, "onset", text, onset, holds=later)


def _jump(readout: Readout, marks: Landmarks) -> Observation:
    text = (
        f"{readout.score.words} at the PEZ layer ({pez_layer(readout.curve.layers)}) over the mean "
        f"of shallower layers: {_signed(marks.jump)}"
    )
    return _estimated(readout, "jump_at_pez", text, marks.jump)


def _decline(readout: Readout, marks: Landmarks) -> Observation:
    decline = estimate(readout.curve.scores[marks.peak_layer] - readout.curve.scores[-1])
    text = f"late decline, peak minus last layer: {_signed(decline)}"
    return _estimated(readout, "late_decline", text, decline)


def _gap(readout: Readout, name: str, control: Curve) -> Observation:
    curve = readout.curve
    gaps = [_paired(curve, control, layer) for layer in range(curve.layers)]
    at_pez = gaps[pez_layer(curve.layers)]
    ahead = sum(gap.is_above_spread for gap in gaps)
    text = (
        f"{readout.score.words} above {CONTROLS[name]} at the PEZ layer: {_signed(at_pez)}; "
        f"ahead of it by more than the fold spread at {ahead} of {curve.layers} layers"
    )
    return _estimated(readout, f"gap_to_{name}", text, at_pez)


def _selection_gap(readout: Readout, name: str, other: Curve) -> Observation:
    """What choosing on the reported fold adds, where a recipe has both ways of choosing."""
    curves = {readout.selection: readout.curve, name: other}
    validation, nested = curves["validation"], curves["nested"]
    gaps = [_paired(validation, nested, layer) for layer in range(validation.layers)]
    means = np.array([gap.mean for gap in gaps])
    if np.isnan(means).all():
        text = "nested selection: every fold is degenerate"
        return _observation(readout, "selection_gap", text)
    largest = int(np.nanargmax(means))
    text = (
        f"optimism of choosing on the reported fold (validation minus nested): mean over layers "
        f"{np.nanmean(means):+.3f}, largest {_signed(gaps[largest])} at layer {largest}"
    )
    return _observation(readout, "selection_gap", text, float(np.nanmean(means)))


def _ties(readout: Readout) -> Observation:
    share = readout.curve.tie_share
    tied = np.flatnonzero(share > 0)
    if len(tied):
        most = int(np.nanargmax(share))
        text = (
            f"ties, which count as wrong: at {len(tied)} of {len(share)} layers, most at layer "
            f"{most}, where {100 * share[most]:.1f} % of the scenes tie"
        )
    else:
        text = "no scene ties at any layer"
    return _observation(readout, "tie_share", text, float(np.nanmax(share)))


def _sigmoid(readout: Readout) -> Observation:
    chance = readout.score.chance
    fit = fit_sigmoid(readout.curve.mean, chance)
    words = {True: "met", False: "not met"}
    holds = fit is not None and fit.emerges
    numbers = (
        "no fit" if fit is None else f"fit R2 {fit.fit_r2:.2f}, inflection {fit.inflection:.2f}"
    )
    text = f"sigmoid criterion {words[holds]} ({numbers})"
    for name, curve in readout.controls.items():
        control = fit_sigmoid(curve.mean, chance)
        text += f"; by {CONTROLS[name]} {words[control is not None and control.emerges]}"
    inflection = None if fit is None else fit.inflection
    return _observation(readout, "sigmoid_criterion", text, inflection, holds=holds)


def _paired(one: Curve, other: Curve, layer: int) -> Estimate:
    """Difference fold by fold where both have the same folds, else of the means."""
    if one.scores.shape == other.scores.shape:
        return estimate(one.scores[layer] - other.scores[layer])
    return Estimate(float(one.mean[layer] - other.mean[layer]), float("nan"))


def _signed(value: Estimate) -> str:
    return f"{value.mean:+.3f}{_plus_minus(value)}"


def _unsigned(value: Estimate) -> str:
    return f"{value.mean:.3f}{_plus_minus(value)}"


def _plus_minus(value: Estimate) -> str:
    return "" if np.isnan(value.spread) else f" ± {value.spread:.3f}"


def _estimated(readout: Readout, name: str, text: str, value: Estimate) -> Observation:
    """Observation that holds if ``value`` is positive by more than its fold spread."""
    holds = value.is_above_spread
    return _observation(readout, name, text, value.mean, value.spread, holds)


def _observation(
    readout: Readout,
    name: str,
    text: str,
    measured: float | None = None,
    spread: float | None = None,
    holds: bool | None = None,
) -> Observation:
    def finite(number: float | None) -> float | None:
        return float(number) if number is not None and np.isfinite(number) else None

    return Observation(
        probe=readout.name,
        protocol=readout.recipe.protocol,
        selection=readout.selection,
        name=name,
        text=text,
        measured=finite(measured),
        spread=finite(spread),
        holds=holds,
    )
