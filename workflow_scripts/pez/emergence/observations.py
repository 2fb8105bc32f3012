"""What can be said of a layer curve without any reference number."""

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from pez.emergence.curves import Curve, Estimate, estimate, layer_fractions, pez_layer
from pez.emergence.landmarks import Landmarks, find_landmarks
from pez.emergence.sigmoid import fit_sigmoid
from pez.runtime.schema import Schema


class Observation(Schema):
    """One statement about one probe of one model."""

    probe: str
    name: str = Field(description="stable key of the observation")
    text: str
    measured: float | None = Field(description="the number behind it; null where there is none")
    spread: float | None = Field(description="sample standard deviation over folds, if any")
    holds: bool | None = Field(description="answer of a yes-or-no question, else null")


def observe(
    probe: str, trained: Mapping[str, Curve], untrained: Mapping[str, Curve]
) -> tuple[Observation, ...]:
    """Observations on one probe.

    Args:
        probe: its name.
        trained: curves of the model by selection; "validation" must be there.
        untrained: the same of the untrained network of the same architecture.
    """
    curve, control = trained["validation"], untrained["validation"]
    marks, control_marks = find_landmarks(curve), find_landmarks(control)
    if marks is None:
        text = "every fold is degenerate: nothing was measured"
        return (_observation(probe, "degenerate", text, None, None, None),)
    found = [
        _early(probe, marks),
        _rises(probe, marks),
        _onset(probe, curve, marks, control_marks),
        _jump(probe, curve, marks),
        _decline(probe, curve, marks),
        _gap_to_control(probe, curve, control),
        _sigmoid(probe, curve, control),
    ]
    if "nested" in trained:
        found.append(_selection_gap(probe, curve, trained["nested"]))
    if curve.n_nan_folds.any():
        found.append(_degenerate(probe, curve))
    return tuple(found)


def _degenerate(probe: str, curve: Curve) -> Observation:
    most = int(curve.n_nan_folds.max())
    text = f"{most} of {curve.scores.shape[1]} folds have no R2 (constant target) and are left out"
    return _observation(probe, "degenerate_folds", text, most, None, None)


def _early(probe: str, marks: Landmarks) -> Observation:
    text = (
        f"R2 at layer 0 is {marks.first:.3f}; "
        f"the peak is {marks.peak:.3f} at layer {marks.peak_layer}"
    )
    return _observation(probe, "early_readability", text, marks.first, None, None)


def _rises(probe: str, marks: Landmarks) -> Observation:
    holds = marks.rise.is_above_spread
    text = (
        f"R2 {'rises' if holds else 'does not rise beyond the fold spread'} from layer 0 to the "
        f"peak: {_signed(marks.rise)}"
    )
    return _estimated(probe, "rises_with_depth", text, marks.rise, holds)


def _onset(probe: str, curve: Curve, marks: Landmarks, control: Landmarks | None) -> Observation:
    fractions = layer_fractions(curve.layers)

    def words(landmarks: Landmarks | None) -> str:
        if landmarks is None or landmarks.onset is None:
            return "none"
        low, high = min(landmarks.fold_onsets), max(landmarks.fold_onsets)
        depth = fractions[landmarks.onset]
        return f"layer {landmarks.onset} (layer fraction {depth:.2f}, single folds {low} to {high})"

    text = f"onset: {words(marks)}; untrained control: {words(control)}"
    onset = marks.onset
    later = None
    if onset is not None and control is not None and control.onset is not None:
        later = onset > control.onset
        text += f"; {'later than' if later else 'not later than'} in the control"
    return _observation(probe, "onset", text, None if onset is None else float(onset), None, later)


def _jump(probe: str, curve: Curve, marks: Landmarks) -> Observation:
    holds = marks.jump.is_above_spread
    layer = pez_layer(curve.layers)
    text = f"R2 at the PEZ layer ({layer}) over the mean of shallower layers: {_signed(marks.jump)}"
    return _estimated(probe, "jump_at_pez", text, marks.jump, holds)


def _decline(probe: str, curve: Curve, marks: Landmarks) -> Observation:
    decline = estimate(curve.scores[marks.peak_layer] - curve.scores[-1])
    text = f"late decline, peak minus last layer: {_signed(decline)}"
    return _estimated(probe, "late_decline", text, decline, decline.is_above_spread)


def _gap_to_control(probe: str, curve: Curve, control: Curve) -> Observation:
    gaps = [_paired(curve, control, layer) for layer in range(curve.layers)]
    at_pez = gaps[pez_layer(curve.layers)]
    ahead = sum(gap.is_above_spread for gap in gaps)
    text = (
        f"R2 above the untrained control at the PEZ layer: {_signed(at_pez)}; ahead of it by more "
        f"than the fold spread at {ahead} of {curve.layers} layers"
    )
    return _estimated(probe, "gap_to_untrained", text, at_pez, at_pez.is_above_spread)


def _selection_gap(probe: str, validation: Curve, nested: Curve) -> Observation:
    gaps = [_paired(validation, nested, layer) for layer in range(validation.layers)]
    means = np.array([gap.mean for gap in gaps])
    if np.isnan(means).all():
        text = "nested selection: every fold is degenerate"
        return _observation(probe, "selection_gap", text, None, None, None)
    largest = int(np.nanargmax(means))
    text = (
        f"optimism of choosing on the reported fold (validation minus nested): mean over layers "
        f"{np.nanmean(means):+.3f}, largest {_signed(gaps[largest])} at layer {largest}"
    )
    return _observation(probe, "selection_gap", text, float(np.nanmean(means)), None, None)


def _sigmoid(probe: str, curve: Curve, control: Curve) -> Observation:
    fit, control_fit = fit_sigmoid(curve.mean), fit_sigmoid(control.mean)
    words = {True: "met", False: "not met"}
    holds = fit is not None and fit.emerges
    control_holds = control_fit is not None and control_fit.emerges
    numbers = (
        "no fit" if fit is None else f"fit R2 {fit.fit_r2:.2f}, inflection {fit.inflection:.2f}"
    )
    text = (
        f"sigmoid criterion {words[holds]} ({numbers}); by the untrained control "
        f"{words[control_holds]}"
    )
    inflection = None if fit is None else fit.inflection
    return _observation(probe, "sigmoid_criterion", text, inflection, None, holds)


def _paired(one: Curve, other: Curve, layer: int) -> Estimate:
    """Difference fold by fold where both have the same folds, else of the means."""
    if one.scores.shape == other.scores.shape:
        return estimate(one.scores[layer] - other.scores[layer])
    return Estimate(float(one.mean[layer] - other.mean[layer]), float("nan"))


def _signed(value: Estimate) -> str:
    spread = "" if np.isnan(value.spread) else f" ± {value.spread:.3f}"
    return f"{value.mean:+.3f}{spread}"


def _estimated(
    probe: str, name: str, text: str, value: Estimate, holds: bool | None
) -> Observation:
    return _observation(probe, name, text, value.mean, value.spread, holds)


def _observation(
    probe: str,
    name: str,
    text: str,
    measured: float | None,
    spread: float | None,
    holds: bool | None,
) -> Observation:
    def finite(number: float | None) -> float | None:
        return number if number is not None and np.isfinite(number) else None

    return Observation(
        probe=probe,
        name=name,
        text=text,
        measured=finite(measured),
        spread=finite(spread),
        holds=holds,
    )
