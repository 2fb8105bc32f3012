"""What can be said of a readout: of its curve, and of the gap between its ways of choosing."""

import numpy as np

from pez.controls.registry import find_control
from pez.emergence.curves import Curve, Estimate, estimate
from pez.emergence.landmarks import find_landmarks
from pez.emergence.observations import Observation, Place, observe, plus_minus, state
from pez.emergence.readout import Readout
from pez.evidence.schema import ALL


def observe_readout(readout: Readout) -> tuple[Observation, ...]:
    """Observations on ``readout``: on its curve, or the best layer for a part of the clips."""
    place = Place(readout.name, readout.recipe.protocol, readout.selection)
    if readout.subset != ALL:
        return (_best_layer(place, readout),)
    found = observe(place, readout.score, readout.curve, readout.controls)
    if readout.selection == "validation" and "nested" in readout.others:
        found += (selection_gap(place, readout.curve, readout.others["nested"]),)
    return found


def selection_gap(place: Place, validation: Curve, nested: Curve) -> Observation:
    """How much higher a curve is for having chosen on the fold that it reports."""
    gaps = [_difference(validation, nested, layer) for layer in range(validation.layers)]
    means = np.array([gap.mean for gap in gaps])
    if np.isnan(means).all():
        text = "nested selection: every fold is degenerate"
        return state(place, "selection_gap", text)
    largest = int(np.nanargmax(means))
    text = (
        f"optimism of choosing on the reported fold (validation minus nested): mean over layers "
        f"{np.nanmean(means):+.3f}, largest {gaps[largest].mean:+.3f}"
        f"{plus_minus(gaps[largest].spread)} at layer {largest}"
    )
    return state(place, "selection_gap", text, float(np.nanmean(means)))


def _best_layer(place: Place, readout: Readout) -> Observation:
    marks = find_landmarks(readout.curve)
    if marks is None:
        text = "every fold is degenerate: nothing was measured"
        return state(place, "degenerate", text)
    best = estimate(readout.curve.scores[marks.peak_layer])
    text = f"best layer {marks.peak_layer}: {_unsigned(best)}"
    for name, curve in readout.controls.items():
        control = find_landmarks(curve)
        if control is not None:
            text += f"; {find_control(name).words}, layer {control.peak_layer}: {control.peak:.3f}"
    return state(place, "best_layer", text, marks.peak_layer)


def _difference(one: Curve, other: Curve, layer: int) -> Estimate:
    """Difference fold by fold where both have the same folds, else of the means."""
    if one.scores.shape == other.scores.shape:
        return estimate(one.scores[layer] - other.scores[layer])
    return Estimate(float(one.mean[layer] - other.mean[layer]), float("nan"))


def _unsigned(value: Estimate) -> str:
    return f"{value.mean:.3f}{plus_minus(value.spread)}"
