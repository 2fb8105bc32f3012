"""What can be said of a probe: of the curve of each selection, and of the gap between them."""

import numpy as np

from pez.emergence.curves import Curve, Estimate, estimate
from pez.emergence.landmarks import find_landmarks
from pez.emergence.observations import Observation, observe, plus_minus, state
from pez.emergence.readout import ALL, Readout


def observe_readout(readout: Readout) -> tuple[Observation, ...]:
    """Observations on ``readout``: on all its curves, or the best layer for a part of the clips."""
    if readout.subset != ALL:
        return (_best_layer(readout),)
    found: list[Observation] = []
    for selection in sorted(readout.trained, reverse=True):  # validation, then nested
        name = readout.name
        if selection != "validation":
            name = f"{name}, {selection} selection"
        shuffled = readout.shuffled or {}
        found += observe(
            name,
            readout.score,
            readout.trained[selection],
            readout.untrained.get(selection),
            shuffled.get(selection),
        )
    if {"validation", "nested"} <= set(readout.trained):
        curves = readout.trained
        found.append(selection_gap(readout.name, curves["validation"], curves["nested"]))
    return tuple(found)


def selection_gap(name: str, validation: Curve, nested: Curve) -> Observation:
    """How much higher a curve is for having chosen on the fold that it reports."""
    gaps = [_difference(validation, nested, layer) for layer in range(validation.layers)]
    means = np.array([gap.mean for gap in gaps])
    if np.isnan(means).all():
        text = "nested selection: every fold is degenerate"
        return state(name, "selection_gap", text)
    largest = int(np.nanargmax(means))
    text = (
        f"optimism of choosing on the reported fold (validation minus nested): mean over layers "
        f"{np.nanmean(means):+.3f}, largest {gaps[largest].mean:+.3f}"
        f"{plus_minus(gaps[largest].spread)} at layer {largest}"
    )
    return state(name, "selection_gap", text, float(np.nanmean(means)))


def _best_layer(readout: Readout) -> Observation:
    marks = find_landmarks(readout.curve)
    if marks is None:
        text = "every fold is degenerate: nothing was measured"
        return state(readout.name, "degenerate", text)
    best = estimate(readout.curve.scores[marks.peak_layer])
    text = f"best layer {marks.peak_layer}: {_unsigned(best)}"
    nested = readout.trained.get("nested")
    nested_marks = None if nested is None else find_landmarks(nested)
    if nested is not None and nested_marks is not None:
        best_nested = estimate(nested.scores[nested_marks.peak_layer])
        text += f"; nested selection, layer {nested_marks.peak_layer}: {_unsigned(best_nested)}"
    control = find_landmarks(readout.untrained["validation"])
    if control is not None:
        text += f"; untrained control, layer {control.peak_layer}: {control.peak:.3f}"
    return state(readout.name, "best_layer", text, marks.peak_layer)


def _difference(one: Curve, other: Curve, layer: int) -> Estimate:
    """Difference fold by fold where both have the same folds, else of the means."""
    if one.scores.shape == other.scores.shape:
        return estimate(one.scores[layer] - other.scores[layer])
    return Estimate(float(one.mean[layer] - other.mean[layer]), float("nan"))


def _unsigned(value: Estimate) -> str:
    return f"{value.mean:.3f}{plus_minus(value.spread)}"
