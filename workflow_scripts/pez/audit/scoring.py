"""Scores of out-of-fold predictions: of all clips, of some, and under bootstrap weights.

R2 is 1 - SSE / SST, both pooled over clips and outputs, SST about the mean of the clips that are
scored. Movies are scored by their matched pairs: the share in which the possible one has the higher
prediction, ties counted one half, less the half that a coin would get.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
import pandas as pd

from pez.audit.targets import AuditTarget
from pez.audit.variables import scored
from pez.estimands.bootstrap import bootstrap_weights, weighted_mean, weighted_r2
from pez.recipes.groupings import group_ids
from pez.scores.regression import is_constant

TIE = 1e-9  # predictions closer than this are equal: the same clips, in products of another order
CHANCE = 0.5


class Scoring(Protocol):
    """How predictions [S, n, outputs] are judged."""

    def scores(self, predictions: np.ndarray) -> np.ndarray:
        """Return the scores, float64 [S]; NaN where there is nothing to tell apart."""

    def draws(self, predictions: np.ndarray) -> np.ndarray:
        """Return the scores under every bootstrap draw, float64 [B, S]."""

    def folds(self, predictions: np.ndarray, folds: Sequence[np.ndarray]) -> np.ndarray:
        """Return the scores of some clips at a time, float64 [folds, S]."""

    def deal(self, goal: np.ndarray, random: np.random.Generator) -> "tuple[np.ndarray, Scoring]":
        """Deal out the targets ``goal`` [n, outputs] at random, with the scoring by them."""


def scoring_of(labels: pd.DataFrame, target: AuditTarget, count: int, seed: int) -> "Scoring":
    """Judge predictions of ``target`` for the clips of ``labels``, in ``count`` draws too."""
    if target == "plausibility":
        return Pairs.of(labels, count, seed)
    return Clips.of(labels, scored(labels, target), count, seed)


@dataclass(frozen=True)
class Clips:
    """R2 of clips of balls.

    Attributes:
        truth: what predictions are held against, [n, k].
        groups: condition of every clip, [n].
        count: bootstrap draws.
        seed: of the draws.
    """

    truth: np.ndarray
    groups: np.ndarray
    count: int
    seed: int

    @classmethod
    def of(cls, labels: pd.DataFrame, truth: np.ndarray, count: int, seed: int) -> "Clips":
        """Score the clips of ``labels``, whose conditions are resampled."""
        return cls(truth, group_ids(labels, "condition", seed=0), count, seed)

    def scores(self, predictions: np.ndarray) -> np.ndarray:
        """See `Scoring`."""
        return self._explained(self._errors(predictions), np.arange(len(self.truth)))

    def draws(self, predictions: np.ndarray) -> np.ndarray:
        """See `Scoring`."""
        return weighted_r2(self.truth, predictions, self.weights)

    def folds(self, predictions: np.ndarray, folds: Sequence[np.ndarray]) -> np.ndarray:
        """See `Scoring`."""
        errors = self._errors(predictions)
        return np.stack([self._explained(errors, rows) for rows in folds])

    def deal(self, goal: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, "Clips"]:
        """See `Scoring`."""
        dealt = random.permutation(len(goal))
        return goal[dealt], replace(self, truth=self.truth[dealt])

    @cached_property
    def weights(self) -> np.ndarray:
        """Bootstrap weights, float64 [B, n]."""
        return bootstrap_weights(self.groups, self.count, self.seed)

    def _errors(self, predictions: np.ndarray) -> np.ndarray:
        """Squared errors of every clip, [S, n]."""
        return np.square(predictions - self.truth).sum(axis=2)

    def _explained(self, errors: np.ndarray, rows: np.ndarray) -> np.ndarray:
        truth = self.truth[rows]
        if is_constant(truth, self.truth.std(axis=0)):
            return np.full(len(errors), np.nan)
        total = np.square(truth - truth.mean(axis=0)).sum()
        return 1 - errors[:, rows].sum(axis=1) / total


@dataclass(frozen=True)
class Partial:
    """R2 of what covariates leave: 1 - SSE / SSE of the covariates alone.

    Attributes:
        clips: the clips.
        alone: out-of-fold predictions of the covariates alone, [n, k].
    """

    clips: Clips
    alone: np.ndarray

    def scores(self, predictions: np.ndarray) -> np.ndarray:
        """See `Scoring`."""
        return self._under(np.ones((1, len(self.alone))), predictions)[0]

    def draws(self, predictions: np.ndarray) -> np.ndarray:
        """See `Scoring`."""
        return self._under(self.clips.weights, predictions)

    def folds(self, predictions: np.ndarray, folds: Sequence[np.ndarray]) -> np.ndarray:
        """See `Scoring`."""
        among = np.zeros((len(folds), len(self.alone)))
        for weights, rows in zip(among, folds, strict=True):
            weights[rows] = 1
        return self._under(among, predictions)

    def deal(self, goal: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, "Partial"]:
        """See `Scoring`."""
        dealt, clips = self.clips.deal(goal, random)
        return dealt, replace(self, clips=clips)

    def _under(self, weights: np.ndarray, predictions: np.ndarray) -> np.ndarray:
        truth = self.clips.truth
        errors = np.square(predictions - truth).sum(axis=2)
        left = np.square(self.alone - truth).sum(axis=1)
        return 1 - (weights @ errors.T) / (weights @ left)[:, None]


@dataclass(frozen=True)
class Pairs:
    """Matched pairs of movies, told apart or not.

    Attributes:
        possible: the possible movie of every pair, int64 [pairs].
        impossible: the impossible one.
        scenes: scene of every pair, the unit that is resampled.
        count: bootstrap draws.
        seed: of the draws.
    """

    possible: np.ndarray
    impossible: np.ndarray
    scenes: np.ndarray
    count: int
    seed: int

    @classmethod
    def of(cls, labels: pd.DataFrame, count: int, seed: int) -> "Pairs":
        """Pair the movies of ``labels``, whole scenes of two matched pairs."""
        scenes = group_ids(labels, "scene", seed=0)
        order = np.lexsort((labels["possible"], labels["pair"], scenes)).reshape(-1, 2)
        return cls(order[:, 1], order[:, 0], scenes[order[:, 0]], count, seed)

    def scores(self, predictions: np.ndarray) -> np.ndarray:
        """See `Scoring`."""
        return self._told(predictions).mean(axis=1) - CHANCE

    def draws(self, predictions: np.ndarray) -> np.ndarray:
        """See `Scoring`."""
        weights = bootstrap_weights(self.scenes, self.count, self.seed, within=False)
        return weighted_mean(self._told(predictions), weights) - CHANCE

    def folds(self, predictions: np.ndarray, folds: Sequence[np.ndarray]) -> np.ndarray:
        """See `Scoring`."""
        told = self._told(predictions)
        return (
            np.stack([told[:, np.isin(self.possible, rows)].mean(axis=1) for rows in folds])
            - CHANCE
        )

    def deal(self, goal: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, "Pairs"]:
        """Swap the labels within every pair, or not."""
        swapped = random.random(len(self.possible)) < CHANCE
        possible = np.where(swapped, self.impossible, self.possible)
        impossible = np.where(swapped, self.possible, self.impossible)
        dealt = np.empty_like(goal)
        dealt[possible], dealt[impossible] = goal[self.possible], goal[self.impossible]
        return dealt, replace(self, possible=possible, impossible=impossible)

    def _told(self, predictions: np.ndarray) -> np.ndarray:
        """1, 1/2 or 0 for every pair, float64 [S, pairs]."""
        ahead = predictions[:, self.possible, 0] - predictions[:, self.impossible, 0]
        return np.where(np.abs(ahead) <= TIE, 0.5, ahead > 0)
