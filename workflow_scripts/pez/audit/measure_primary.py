"""The primary cell of one network: from its residual states to the curves of every variable."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pez.audit.folds import Fold, halves, make_plan
from pez.audit.primary import PARTIAL, TRANSFER, Curve
from pez.audit.readings import read_states
from pez.audit.scoring import Clips, Partial, Scoring, scoring_of
from pez.audit.targets import KIND_OF, VARIABLE_OF, AuditTarget
from pez.audit.variables import as_scored, fitted
from pez.recipes.spec import GroupingName
from pez.solvers.leave_out import Fits, Scaling, Spectrum, beside, covariates_alone, spectrum

# Partialled out of direction: where the ball starts, how far it goes, how long it is in view.
COVARIATES = ("start_x_m", "start_y_m", "speed_m_s", "frames_out_of_view")
_CHUNK = 100  # permutations fitted together


@dataclass(frozen=True)
class PrimarySettings:
    """What the primary cell is, and how finely its uncertainty is measured.

    Attributes:
        direction: target that codes direction.
        grouping: of balls; movies are grouped by scene.
        normalisation: of the features.
        selection: how the penalty is picked.
        fold_seed: of the folds.
        folds: number of folds.
        alphas: penalties.
        draws: bootstrap draws.
        permutations: of the labels.
        seed: of draws and permutations.
    """

    direction: AuditTarget
    grouping: GroupingName
    normalisation: Scaling
    selection: str
    fold_seed: int
    folds: int
    alphas: Sequence[float]
    draws: int
    permutations: int
    seed: int


def measure_primary(
    stack: Sequence[Tensor],
    labels: pd.DataFrame,
    kind: str,
    settings: PrimarySettings,
    permuted: bool,
) -> dict[str, Curve]:
    """Measure the curves of all variables of one dataset.

    Args:
        stack: features of states 0 .. L, float32 [n, D] each, on the device to compute on.
        labels: one row per clip.
        kind: of the dataset: velocity, acceleration or plausibility.
        settings: the cell.
        permuted: whether labels are permuted as well.

    Returns:
        Curves by variable; of velocity also `PARTIAL` and `TRANSFER`, of direction.

    Raises:
        ConfigError: the grouping makes too few groups.
        ArtifactError: a label is missing.
    """
    grouping: GroupingName = "scene" if kind == "plausibility" else settings.grouping
    folds = make_plan(labels, grouping, settings.fold_seed, settings.folds).folds
    spectra = [spectrum(features, settings.normalisation) for features in stack]
    reader = _Reader(spectra, settings)
    curves = {}
    for target in _targets(kind, settings):
        scoring = scoring_of(labels, target, settings.draws, settings.seed)
        goal = fitted(labels, target)
        curve = reader.curve(target, goal, folds, scoring)
        if permuted and settings.permutations:
            null = reader.permuted(goal, folds, scoring)
            curve = Curve(curve.scores, curve.draws, curve.folds, null)
        curves[VARIABLE_OF[target]] = curve
    if kind == "velocity":
        curves[PARTIAL] = _partial(reader, labels, folds)
        curves[TRANSFER] = _transfer(reader, labels)
    return curves


def _targets(kind: str, settings: PrimarySettings) -> list[AuditTarget]:
    """One target a variable: the one that is named after it, and what codes direction."""
    named = [target for target, variable in VARIABLE_OF.items() if target == variable]
    return [one for one in [settings.direction, *named] if KIND_OF[VARIABLE_OF[one]] == kind]


@dataclass(frozen=True)
class _Reader:
    """The states of a network, ready to be read."""

    spectra: Sequence[Spectrum]
    settings: PrimarySettings

    def predict(
        self, targets: np.ndarray, plans: Sequence[Sequence[Fold]]
    ) -> list[Callable[[slice], np.ndarray]]:
        """Out-of-fold predictions of the outputs in a slice, [S, n, outputs]: for each plan."""
        found = read_states(self.spectra, targets, plans, self.settings.alphas)
        return [partial(one.select, self.settings.selection) for one in found]

    def curve(
        self, target: AuditTarget, goal: np.ndarray, folds: Sequence[Fold], scoring: Scoring
    ) -> Curve:
        (predict,) = self.predict(goal, [folds])
        return _curve(as_scored(target, predict(slice(None))), folds, scoring)

    def permuted(self, goal: np.ndarray, folds: Sequence[Fold], scoring: Scoring) -> np.ndarray:
        """Scores [P, S] with labels dealt out anew, fitted and judged by them alike."""
        random = np.random.default_rng(self.settings.seed)
        scores = []
        for first in range(0, self.settings.permutations, _CHUNK):
            count = min(_CHUNK, self.settings.permutations - first)
            dealt = [scoring.deal(goal, random) for _ in range(count)]
            (predict,) = self.predict(np.concatenate([one for one, _ in dealt], axis=1), [folds])
            width = goal.shape[1]
            for number, (_, judged) in enumerate(dealt):
                columns = slice(number * width, (number + 1) * width)
                scores.append(judged.scores(predict(columns)))
        return np.stack(scores)


def _curve(predictions: np.ndarray, folds: Sequence[Fold], scoring: Scoring) -> Curve:
    return Curve(
        scores=scoring.scores(predictions),
        draws=scoring.draws(predictions),
        folds=scoring.folds(predictions, [fold.held_out for fold in folds]),
    )


def _partial(reader: _Reader, labels: pd.DataFrame, folds: Sequence[Fold]) -> Curve:
    """Direction beyond position, distance and time in view: the share of what these leave."""
    covariates = torch.from_numpy(labels[list(COVARIATES)].to_numpy(np.float64))
    goal = fitted(labels, "direction_sincos")
    device = reader.spectra[0].values.device
    beyond = [beside(one, covariates.to(device)) for one in reader.spectra]
    settings = reader.settings
    (found,) = read_states(beyond, goal, [folds], settings.alphas)
    alone = _alone(covariates, goal, folds)
    scoring = Partial(Clips.of(labels, goal, settings.draws, settings.seed), alone)
    return _curve(found.select(settings.selection, slice(None)), folds, scoring)


def _alone(covariates: Tensor, goal: np.ndarray, folds: Sequence[Fold]) -> np.ndarray:
    """Out-of-fold predictions of least squares on the covariates, float64 [n, outputs]."""
    fits = Fits.of(covariates_alone(covariates), torch.from_numpy(goal))
    predictions = np.full_like(goal, np.nan)
    for fold in folds:
        found, _ = fits.predict(torch.from_numpy(fold.held_out))
        predictions[fold.held_out] = found[0].numpy()
    return predictions


def _transfer(reader: _Reader, labels: pd.DataFrame) -> Curve:
    """Direction of clips that start in one half of the frame, read by fits to the other half.

    Left and right, top and bottom, both ways: each clip is predicted twice.
    """
    goal = fitted(labels, "direction_sincos")
    plans = [halves(labels[column].to_numpy(np.float64)) for column in ("start_x_m", "start_y_m")]
    predict = reader.predict(goal, plans)
    predictions = np.concatenate([one(slice(None)) for one in predict], axis=2)
    settings = reader.settings
    twice = np.concatenate([goal, goal], axis=1)
    scoring = Clips.of(labels, twice, settings.draws, settings.seed)
    return _curve(predictions, plans[0], scoring)
