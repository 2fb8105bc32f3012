"""What the loss of heads costs a probe, with draws, and the answer that follows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pez.inside.ablation.readings import WHOLE
from pez.inside.head_statistics import Interval, interval
from pez.inside.heads.sets import LOCAL
from pez.inside.judged import Answer
from pez.inside.wording import with_interval

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Costs:
    """Scores of one probe: of the clips, then of draws.

    Attributes:
        whole: with all heads, float64 [1 + B].
        local: without the local ones, likewise.
        others: without as many others, float64 [sets, 1 + B].
    """

    whole: Array
    local: Array
    others: Array

    @classmethod
    def of(cls, scores: Mapping[tuple[object, ...], Array], read: tuple[object, ...]) -> "Costs":
        """Pick from ``scores`` (`pez.inside.heads.effects.scores`) those that are ``read`` so."""
        others = [
            score
            for (heads, *rest), score in scores.items()
            if heads not in (WHOLE, LOCAL) and tuple(rest) == read
        ]
        return cls(scores[(WHOLE, *read)], scores[(LOCAL, *read)], np.stack(others))

    @property
    def beyond(self) -> Array:
        """Cost of the local heads less the mean cost of the others, [1 + B]."""
        return np.asarray(self.others.mean(axis=0) - self.local)

    @property
    def exceeded(self) -> int:
        """Number of other sets whose loss costs less than that of the local heads."""
        return int((self.others[:, 0] > self.local[0]).sum())

    def interval(self) -> Interval:
        """Of `beyond`."""
        return interval(self.beyond[0], self.beyond[1:])

    def p(self) -> float:
        """Share of draws in which local heads cost no more than others, one-sided."""
        drawn = self.beyond[1:]
        return float((1 + (drawn <= 0).sum()) / (1 + len(drawn)))

    def answer(self) -> tuple[Answer, str]:
        """Say ``yes`` if the local heads cost more than the others on average, by the interval, and
        more than every other set; ``no`` if by the interval they cost no more than the others."""
        if not interval(self.whole[0], self.whole[1:]).low > 0:
            return "undecided", "direction is not read with all heads: there is nothing to lose."
        beyond, sets = self.interval(), len(self.others)
        told = (
            f"their loss costs {with_interval(beyond, '.3f', sign=True)} of R2 more than that of "
            f"as many others, and more than {self.exceeded} of {sets} sets of these."
        )
        if beyond.low > 0 and self.exceeded == sets:
            return "yes", told
        return ("no" if beyond.high <= 0 else "undecided"), told
