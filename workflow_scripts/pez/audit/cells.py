"""Cells measured: scores of every state and the estimands of every curve, kept by what they ask."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor

from pez.audit.cell_draws import DRAWN, Draws, read_draws, write_draws
from pez.audit.folds import Plan, make_plan
from pez.audit.gradient import gradient_predictions
from pez.audit.grid import RIDGE, Cell
from pez.audit.readings import read_states, side_by_side
from pez.audit.scoring import Scoring, scoring_of
from pez.audit.targets import AuditTarget
from pez.audit.variables import as_scored, fitted
from pez.estimands.registry import estimate
from pez.recipes.spec import GradientSolver
from pez.runtime.errors import ArtifactError
from pez.runtime.progress import progress
from pez.runtime.tables import read_table, write_table
from pez.solvers.leave_out import spectrum

log = logging.getLogger(__name__)

SCORE = "score"  # rows of a kept table that hold the score of a state
OF_CURVE = -1  # the state in rows of estimands
KEPT = ("key", "what", "state", "value", "low", "high", "none_share")
Stack = Callable[[str], Sequence[Tensor]]
_Row = tuple[str, str, int, float, float, float, float]


@dataclass(frozen=True)
class Asked:
    """A cell to be measured.

    Attributes:
        cell: the protocol.
        key: digest of all that its numbers depend on.
        labels_seed: labels are dealt out at random with this seed; None: they are the clips' own.
    """

    cell: Cell
    key: str
    labels_seed: int | None = None

    @property
    def goal(self) -> "_Name":
        """What is fitted: cells with the same share their targets."""
        return self.cell.target, self.labels_seed


@dataclass(frozen=True)
class Fitting:
    """What all cells have in common.

    Attributes:
        alphas: penalties.
        folds: number of folds.
        draws: bootstrap draws of every curve.
        seed: of the draws.
        solvers: that descend gradients, by name.
        device: gives the device on which they descend, "cpu" or "cuda"; called when one does.
    """

    alphas: Sequence[float]
    folds: int
    draws: int
    seed: int
    solvers: Mapping[str, GradientSolver] = field(default_factory=dict)
    device: Callable[[], str] = lambda: "cpu"


@dataclass(frozen=True)
class Measured:
    """Numbers of cells.

    Attributes:
        rows: with the columns `KEPT`.
        draws: of the cells that have a depth.
    """

    rows: pd.DataFrame
    draws: Draws


def gather_cells(
    asked: Sequence[Asked], folder: Path, stack: Stack, labels: pd.DataFrame, fitting: Fitting
) -> Measured:
    """Numbers of all cells; those that ``folder`` lacks are measured and kept there.

    Cells of one pooling and normalisation are measured together and kept as one table and its
    draws: their states are decomposed once. Kept files that are damaged are passed over, and their
    cells measured anew.

    Args:
        asked: cells.
        folder: where they are kept.
        stack: gives the features of states 0 .. L in a pooling, float32 [n, D] each.
        labels: one row per clip.
        fitting: what they have in common.

    Returns:
        Numbers of the cells that are asked for and no others, in the order in which they are
        measured where none were kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = [found for path in sorted(folder.glob("*.parquet")) if (found := _kept(path))]
    there = {key for found in known for key in found.rows["key"].unique()}
    missing = [one for one in asked if one.key not in there]
    log.info("%d cells, %d of them measured before", len(asked), len(asked) - len(missing))
    blocks = _blocks(missing)
    for members in progress(blocks, "audit", total=len(blocks), unit="block"):
        pooling = members[0].cell.pooling
        found = measure_block(members, stack(pooling), labels, fitting)
        path = folder / f"{members[0].key}.{len(members)}.parquet"
        write_draws(_beside(path), found.rows, found.draws, {})
        write_table(path, found.rows)
        known.append(found)
    every = [one for block in _blocks(asked) for cells in _by_plan(block).values() for one in cells]
    order = {one.key: place for place, one in enumerate(every)}
    rows = pd.concat([found.rows for found in known], ignore_index=True)
    rows = rows[rows["key"].isin(order)]
    rows = rows.sort_values("key", key=lambda keys: keys.map(order), kind="stable")
    draws = {key: own for found in known for key, own in found.draws.items() if key in order}
    return Measured(rows, draws)


def _blocks(asked: Sequence[Asked]) -> list[list[Asked]]:
    """Cells that are measured together."""
    return [list(members) for _, members in groupby(sorted(asked, key=_together), _together)]


def _together(asked: Asked) -> tuple[bool, str, str, str]:
    """Cells are measured together whose states are alike; last those that may wait for a device."""
    cell = asked.cell
    return cell.solver != RIDGE, cell.pooling, cell.normalisation, cell.solver


def _kept(path: Path) -> Measured | None:
    try:
        rows = read_table(path, KEPT)
        return Measured(rows, read_draws(_beside(path), rows))
    except ArtifactError as error:
        log.warning("%s; its cells are measured anew", error)
        return None


def _beside(path: Path) -> Path:
    """File of the draws of a kept table."""
    return path.with_suffix(".draws.safetensors")


def measure_block(
    asked: Sequence[Asked], stack: Sequence[Tensor], labels: pd.DataFrame, fitting: Fitting
) -> Measured:
    """Measure cells of one pooling, normalisation and solver.

    Args:
        asked: the cells.
        stack: features of states 0 .. L, float32 [n, D] each.
        labels: one row per clip.
        fitting: what all cells have in common.
    """
    goals = _goals(asked, labels, fitting)
    by_plan = _by_plan(asked)
    plans = [
        make_plan(labels, cells[0].cell.grouping, seed, fitting.folds, clips)
        for (_, seed, clips), cells in by_plan.items()
    ]
    read = _read_ridge if asked[0].cell.solver == RIDGE else _read_gradient
    found = read(asked[0].cell, stack, goals, plans, list(by_plan.values()), fitting)
    rows: list[_Row] = []
    draws: dict[str, np.ndarray] = {}
    for one, predictions, folds in found:
        _judge(one, predictions, folds, goals[one.goal].scoring, rows, draws)
    return Measured(pd.DataFrame(rows, columns=list(KEPT)), draws)


def _by_plan(asked: Iterable[Asked]) -> dict[tuple[str, int, int | None], list[Asked]]:
    """Cells of one grouping, seed of the folds, and number of clips."""
    found: dict[tuple[str, int, int | None], list[Asked]] = {}
    for one in asked:
        cell = one.cell
        found.setdefault((cell.grouping, cell.fold_seed, cell.clips), []).append(one)
    return found


_Name = tuple[AuditTarget, int | None]  # a target, and the seed of the labels that are dealt out
_Read = Iterator[tuple[Asked, np.ndarray, Sequence[np.ndarray]]]


def _read_ridge(
    cell: Cell,
    stack: Sequence[Tensor],
    goals: Mapping[_Name, "_Goal"],
    plans: Sequence[Plan],
    cells: Sequence[Sequence[Asked]],
    fitting: Fitting,
) -> _Read:
    """Predictions of each cell, [S, n, outputs], with the clips of each fold: in closed form."""
    together, columns = side_by_side({name: goal.outputs for name, goal in goals.items()})
    readings = read_states(
        (spectrum(features, cell.normalisation) for features in stack),
        together,
        [plan.folds for plan in plans],
        fitting.alphas,
    )
    for found, members in zip(readings, cells, strict=True):
        for one in members:
            yield one, found.select(one.cell.selection, columns[one.goal]), found.folds


def _read_gradient(
    cell: Cell,
    stack: Sequence[Tensor],
    goals: Mapping[_Name, "_Goal"],
    plans: Sequence[Plan],
    cells: Sequence[Sequence[Asked]],
    fitting: Fitting,
) -> _Read:
    """The same by gradient descent: one fit serves both selections."""
    assert cell.normalisation != "whiten"  # the configuration allows no such cell
    solver = fitting.solvers[cell.solver]
    device = fitting.device()
    stack = [features.to(device) for features in stack]
    for plan, members in zip(plans, cells, strict=True):
        for name in dict.fromkeys(one.goal for one in members):
            outputs = goals[name].outputs
            found = gradient_predictions(stack, outputs, plan.folds, cell.normalisation, solver)
            folds = [fold.held_out for fold in plan.folds]
            for one in members:
                if one.goal == name:
                    yield one, found[one.cell.selection], folds


@dataclass(frozen=True)
class _Goal:
    """A target as it is fitted and judged."""

    outputs: np.ndarray
    scoring: Scoring


def _goals(asked: Iterable[Asked], labels: pd.DataFrame, fitting: Fitting) -> Mapping[_Name, _Goal]:
    goals: dict[_Name, _Goal] = {}
    for one in asked:
        target = one.cell.target
        if one.goal in goals:
            continue
        scoring = scoring_of(labels, target, fitting.draws, fitting.seed)
        outputs = fitted(labels, target)
        if one.labels_seed is not None:
            outputs, scoring = scoring.deal(outputs, np.random.default_rng(one.labels_seed))
        goals[one.goal] = _Goal(outputs, scoring)
    return goals


def _judge(
    asked: Asked,
    outputs: np.ndarray,
    folds: Sequence[np.ndarray],
    scoring: Scoring,
    rows: list[_Row],
    draws: dict[str, np.ndarray],
) -> None:
    """Add scores of all states, and where there is a depth the estimands of the curve."""
    predictions = as_scored(asked.cell.target, outputs)
    scores = scoring.scores(predictions)
    none = (np.nan, np.nan, np.nan)
    rows += [(asked.key, SCORE, state, one, *none) for state, one in enumerate(scores)]
    if len(scores) > 1:
        found = estimate(scores, scoring.draws(predictions), scoring.folds(predictions, folds))
        rows += [(asked.key, name, OF_CURVE, *one) for name, one in found.intervals().items()]
        draws[asked.key] = found.draws(DRAWN).astype(np.float32)
