"""The sigmoid criterion of emergence, known at second hand from a later version of the paper.

A curve emerges if a sigmoid over depth fits it with R2 > 0.9, its inflection lies in the first half
of the depth, and its peak is at least 15 points above chance.

It says little, so it decides nothing here and is reported for the control as well. Over 24 layers:

* It has no lower bound on the inflection and none on the steepness. sqrt(depth) meets it (fit .98,
  inflection 0), and so does 1 - exp(-depth / .1), which has risen by two thirds at a tenth of the
  depth (fit .997, inflection 0).
* A straight line (fit .9999) misses it by the sixth decimal of its inflection, .500002; bulging
  upwards by a quarter of a thousandth, it meets it.
* A curve with the course of the paper's own Fig. 6 (.475 at layer 0, .40 at 2 and 3, .95 at 7, .975
  from 8 to 10, .90 at 15, .725 at 23) fails it, since a sigmoid cannot decline (fit .84).

The width tells an abrupt rise from a gradual one, which the criterion does not ask.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from scipy.special import expit

from pez.emergence.curves import layer_fractions

MIN_FIT_R2 = 0.9
MAX_INFLECTION = 0.5
MIN_ABOVE_CHANCE = 0.15
MIN_LAYERS = 5  # one more than the sigmoid has parameters
WEAKNESS = "the square root of depth meets this criterion, and a curve that declines late fails it"


@dataclass(frozen=True)
class SigmoidFit:
    """Least-squares fit of base + height * sigmoid(steepness * (fraction - inflection)).

    Attributes:
        fit_r2: coefficient of determination of the fit.
        inflection: layer fraction, 0 to 1.
        above_chance: peak score minus chance.
        width: number of layers over which the sigmoid climbs from 10 to 90 % of its height. The
            steepness is bounded: no width is below 0.022 of the depth.
    """

    fit_r2: float
    inflection: float
    above_chance: float
    width: float

    @property
    def emerges(self) -> bool:
        """Whether all three conditions hold."""
        return (
            self.fit_r2 > MIN_FIT_R2
            and self.inflection <= MAX_INFLECTION
            and self.above_chance >= MIN_ABOVE_CHANCE
        )


def fit_sigmoid(scores: np.ndarray, chance: float = 0.0) -> SigmoidFit | None:
    """Fit a rising sigmoid to ``scores`` over the layer fraction.

    Args:
        scores: float [layers]; NaN layers are left out.
        chance: score without information (0 for R2).

    Returns:
        The fit, or None if fewer than `MIN_LAYERS` layers have a score or all scores are equal.
    """
    finite = np.isfinite(scores)
    x, y = layer_fractions(len(scores))[finite], scores[finite]
    if len(y) < MIN_LAYERS or np.ptp(y) == 0:
        return None

    def residuals(parameters: np.ndarray) -> np.ndarray:
        base, height, steepness, inflection = parameters
        return base + height * expit(steepness * (x - inflection)) - y

    span = float(np.ptp(y))
    low = (float(y.min()) - span, 0.0, 1.0, 0.0)
    high = (float(y.max()) + span, 3 * span, 200.0, 1.0)
    fits = [  # several starts: a steep sigmoid has no gradient far from its inflection
        least_squares(residuals, (float(y.min()), span, steepness, start), bounds=(low, high))
        for start in (0.1, 0.3, 0.5, 0.7)
        for steepness in (10.0, 50.0)
    ]
    best = min(fits, key=lambda fit: float(fit.cost))
    unexplained = 2 * float(best.cost) / float(((y - y.mean()) ** 2).sum())
    return SigmoidFit(
        fit_r2=1 - unexplained,
        inflection=float(best.x[3]),
        above_chance=float(y.max()) - chance,
        width=float(2 * np.log(9) / best.x[2] * (len(scores) - 1)),
    )
