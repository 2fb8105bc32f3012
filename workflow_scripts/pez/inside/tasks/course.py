"""Accuracies of tasks by depth, with draws over conditions, and what is read off them.

So that tasks of different chance can be compared, estimands are those of accuracy above chance as a
share of what chance leaves: 0 is chance, 1 is all right.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pez.estimands.bootstrap import bootstrap_weights, weighted_mean
from pez.estimands.intervals import p_above_state
from pez.estimands.landmarks import peak_draws
from pez.estimands.order import difference, order_interval
from pez.estimands.registry import Estimated, estimate
from pez.estimands.scatter import scattered
from pez.inside.head_statistics import Interval, interval
from pez.runtime.errors import ArtifactError

ONSETS = ("half_rise", "step")  # in states
SHARPNESS = "sharpness"
ESTIMANDS = (*ONSETS, SHARPNESS)  # that are drawn and told


def above_chance(accuracy: np.ndarray, chance: float) -> np.ndarray:
    """``accuracy`` [...] as a share of what ``chance`` leaves."""
    return (accuracy - chance) / (1 - chance)


@dataclass(frozen=True)
class Course:
    """Accuracy of one task in one network, by residual state.

    Attributes:
        accuracy: float64 [S].
        draws: the same under bootstrap weights of conditions, equal for all tasks and networks,
            float64 [B, S].
        chance: accuracy of answers at random.
        floor: rise above chance that an onset needs.
    """

    accuracy: np.ndarray
    draws: np.ndarray
    chance: float
    floor: float

    def rise(self) -> tuple[float, np.ndarray]:
        """Peak less state 0, and its draws [B], free of picking the peak."""
        drawn = peak_draws(self.accuracy, self.draws) - self.draws[:, 0]
        return float(self.accuracy.max() - self.accuracy[0]), drawn

    def p_rise(self) -> float:
        """P of no state being above state 0, whichever one is highest."""
        return p_above_state(self.accuracy, self.draws, 0)

    def estimates(self) -> Estimated:
        """Every estimand, with draws that scatter from state to state as the curve does."""
        scores = above_chance(self.accuracy, self.chance)
        draws = scattered(scores, above_chance(self.draws, self.chance))
        return estimate(scores, draws, floor=self.floor)


def courses(
    table: pd.DataFrame, known: Mapping[str, Mapping[str, float]], draws: int, seed: int
) -> dict[str, Course]:
    """Courses of all tasks of one network.

    Args:
        table: rows of `pez.inside.measures.order_task.measure`.
        known: what the file says beside them.
        draws: bootstrap draws of conditions.
        seed: of the draws.

    Raises:
        ArtifactError: a clip lacks a state.
    """
    clips = table.drop_duplicates("clip_id")
    ids = list(clips["clip_id"])
    weights = bootstrap_weights(clips["condition"].to_numpy(), draws, seed)
    found = {}
    for task, rows in table.groupby("task", observed=True, sort=False):
        right = rows.pivot(index="state", columns="clip_id", values="right")[ids].to_numpy(float)
        if np.isnan(right).any():
            raise ArtifactError(
                f"the table of temporal order lacks states of some clips in task {task}: delete it "
                "and run again."
            )
        name = str(task)
        found[name] = Course(
            right.mean(axis=1),
            weighted_mean(right, weights),
            known["chance"][name],
            known["floor"][name],
        )
    return found


def onset_difference(later: Estimated, earlier: Estimated, onset: str) -> Interval:
    """Onset of one course less that of another, in states, with its interval over draws.

    Infinite where only one of them has an onset, NaN where neither has one.
    """
    own, other = (one.values[:, one.names.index(onset)] for one in (later, earlier))
    apart = difference(own, other)
    return Interval(float(apart[0]), *order_interval(apart[1:]))


def estimand_interval(found: Estimated, name: str) -> Interval:
    """Value of an estimand and its interval; NaN where there is none."""
    own = found.intervals()[name]
    return Interval(own.value, own.low, own.high)


def accuracy_interval(course: Course, state: int) -> Interval:
    """Accuracy at a state."""
    return interval(course.accuracy[state], course.draws[:, state])
