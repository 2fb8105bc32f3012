"""Scores of out-of-fold predictions: of all clips, of some, and under bootstrap weights.

R2 is 1 - SSE / SST, both pooled over clips and outputs, SST about the mean of the clips that are
scored. Movies are scored by their matched pairs: the share in which the possible one has the higher
prediction, ties counted one half, less the half that a coin would get.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
import pandas as pd

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

    def among(self, rows: np.ndarray) -> "Scoring":
        """Return the scoring of the clips ``rows`` alone, without draws."""

    def deal(self, goal: np.ndarray, random: np.random.Generator) -> "tuple[np.ndarray, Scoring]":
        """Deal out the targets ``goal`` [n, outputs] at random, with the scoring by them."""


@dataclass(frozen=True)
class Clips:
    """R2 of clips of balls.

    Attributes:
        truth: what predictions are held against, [n, k].
        groups: condition of every clip, [n].
        count: bootstrap draws.
        seed: of the draws.
        rows: clips that are scored.
    """

    truth: np.ndarray
    groups: np.ndarray
    count: int
    seed: int
    rows: np.ndarray

    @classmethod
    def of(cls, labels: pd.DataFrame, truth: np.ndarray, count: int, seed: int) -> "Clips":
        """Score the clips of ``labels``, whose conditions are resampled."""
        groups = group_ids(labels, "condition", seed=0)
        return cls(truth, groups, count, seed, np.arange(len(labels)))

    def scores(self, predictions: np.ndarray) -> np.ndarray:
        """See `Scoring`."""
        truth = self.truth[self.rows]
        if is_constant(truth, self.truth.std(axis=0)):
            return np.full(len(predictions), np.nan)
        return weighted_r2(truth, predictions[:, self.rows], np.ones((1, len(self.rows))))[0]

    def draws(self, predictions: np.ndarray) -> np.ndarray:
        """See `Scoring`."""
        return weighted_r2(self.truth, predictions, self.weights)

    @cached_property
    def weights(self) -> np.ndarray:
        """Bootstrap weights, float64 [B, n]."""
        return bootstrap_weights(self.groups, self.count, self.seed)

    def among(self, rows: np.ndarray) -> "Clips":
        """See `Scoring`."""
        return replace(self, rows=rows)

    def deal(self, goal: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, "Clips"]:
        """See `Scoring`."""
        dealt = random.permutation(len(goal))
        return goal[dealt], replace(self, truth=self.truth[dealt])


@dataclass(frozen=True)
class Partial(Clips):
    """R2 of what covariates leave: 1 - SSE / SSE of the covariates alone.

    Attributes:
        alone: out-of-fold predictions of the covariates alone, [n, k].
    """

    alone: np.ndarray

    @classmethod
    def of(  # type: ignore[override]
        cls, labels: pd.DataFrame, truth: np.ndarray, count: int, seed: int, alone: np.ndarray
    ) -> "Partial":
        """Score the clips of ``labels``, whose conditions are resampled."""
        groups = group_ids(labels, "condition", seed=0)
        return cls(truth, groups, count, seed, np.arange(len(labels)), alone)

    def scores(self, predictions: np.ndarray) -> np.ndarray:
        """See `Scoring`."""
        return self._under(np.ones((1, len(self.rows))), predictions)[0]

    def draws(self, predictions: np.ndarray) -> np.ndarray:
        """See `Scoring`."""
        return self._under(self.weights, predictions)

    def _under(self, weights: np.ndarray, predictions: np.ndarray) -> np.ndarray:
        truth = self.truth[self.rows]
        errors = ((predictions[:, self.rows] - truth) ** 2).sum(axis=2)
        left = ((self.alone[self.rows] - truth) ** 2).sum(axis=1)
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

    def among(self, rows: np.ndarray) -> "Pairs":
        """See `Scoring`."""
        kept = np.isin(self.possible, rows)
        return replace(
            self,
            possible=self.possible[kept],
            impossible=self.impossible[kept],
            scenes=self.scenes[kept],
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
