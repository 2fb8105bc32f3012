"""Where a layer curve steps up, and how abruptly: two rules, and why the first is reported.

What the rules give on curves of 24 layers:

* The paper's direction curve (arXiv 2602.07050, Fig. 2(c), as read off the plot: .22 at layer 0,
  .50 to .67 over layers 1 to 7, .93 at layer 8, .90 to .95 after it): `find_step` gives 8, wherever
  the readings lie within those ranges, with a sharpness of about .5. `half_rise` gives anything
  from 1 to 8, and 8 in half of the cases: the plateau lies on the midpoint.
* A straight line: both give 12, the middle. It has no step, and a sharpness of 1 / 23 says so.
* sqrt(depth): `find_step` gives 9 with a sharpness of .21, `half_rise` 6.
* Flat noise: any layer and a high sharpness, by either rule. Whether a curve rises at all must be
  asked first (`pez.emergence.foldtests`).

Of two steps, the two-level fit takes the one that splits the layers more evenly unless the other is
much higher: with steps to layers 1 and 8 of 24, as on the paper's curve, the second from .42 of the
first's height on. `Step.steepest` names the layer of the largest rise beside it.

The largest single step is no better than half rise: the paper's curve climbs about .36 from layer 0
to 1 and about .35 from layer 7 to 8. A fit to layers 1 and up alone would give 8 as well, but could
not see a step from layer 0 to 1.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Step:
    """Best fit of two constant levels to a curve, and its largest rise.

    Attributes:
        layer: first layer of the upper level.
        sharpness: largest rise between neighbouring layers as a share of the whole rise, from the
            lowest score up to the peak to the peak. 1 for a step, 1 / (layers - 1) for a straight
            line. Noise adds to it.
        steepest: the layer that the largest rise leads to; need not be ``layer``.
    """

    layer: int
    sharpness: float
    steepest: int


def find_step(scores: np.ndarray) -> Step | None:
    """Fit two constant levels, the upper one later, to ``scores`` by least squares.

    Every layer after the peak counts as if it had the peak's score: a decline cannot move the step,
    and the upper level keeps the weight of its layers (cut at its peak, a curve that peaks right
    after its step would leave the upper level one layer). All splits up to the peak are tried, in
    one pass over cumulative sums; of equal ones the first is taken. See the module for what comes
    out on known curves.

    Args:
        scores: float [layers]. Layers without a score (NaN) are passed over: the rise across them
            counts as evenly spread over them, and the step leads to the first layer with a score.

    Returns:
        The step, or None for a curve that nowhere exceeds its first score.
    """
    layers = np.flatnonzero(np.isfinite(scores))
    if len(layers) == 0:
        return None
    found = np.asarray(scores, np.float64)[layers]
    peak = int(found.argmax())
    if peak == 0:
        return None
    held = np.r_[found[:peak], np.full(len(found) - peak, found[peak])]
    rises = np.diff(found[: peak + 1]) / np.diff(layers[: peak + 1])
    steepest = int(rises.argmax())
    return Step(
        layer=int(layers[_split(held, peak)]),
        sharpness=float(rises[steepest] / (found[peak] - found[:peak].min())),
        steepest=int(layers[steepest + 1]),
    )


def _split(held: np.ndarray, peak: int) -> int:
    """First entry of the upper of the two levels that fit ``held`` best, 1 .. ``peak``.

    The best fit has the largest spread between its levels, weighted by their lengths. Scores are
    taken from their mean, so that the sums of both levels cancel.
    """
    splits = np.arange(1, peak + 1)
    lower_sums = np.cumsum(held - held.mean())[:peak]
    between = lower_sums**2 / (splits * (len(held) - splits))
    between[lower_sums >= 0] = -1.0  # the later level is the lower one
    return int(splits[between.argmax()])


def half_rise(scores: np.ndarray) -> int | None:
    """First layer from which ``scores`` stay at or above half of the rise, up to the peak.

    Half of the rise is the midpoint between layer 0 and the peak. What comes after the peak does
    not count, or a curve with a late decline would have no such layer. Layers without a score (NaN)
    are passed over. See the module for what comes out on known curves.

    Args:
        scores: float [layers].

    Returns:
        The layer, or None for a curve that never exceeds its first layer, or has no score there.
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
