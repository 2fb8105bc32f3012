"""Cells of the multiverse: what is measured, what is kept, and what a selection picks."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from pez.audit.cell_draws import DRAWN
from pez.audit.cells import KEPT, SCORE, Asked, Fitting, Measured, gather_cells
from pez.audit.folds import make_plan
from pez.audit.grid import Cell, cells_of, gradient_cells
from pez.audit.readings import read_states
from pez.audit.spec import AuditAxes, GradientSubset, PrimaryCell
from pez.audit.tables import estimands_of, gather, scores_of
from pez.recipes.spec import GradientSolver
from pez.runtime.tables import read_table, write_table
from pez.solvers.leave_out import spectrum

STATES, WIDTH = 4, 12
FITTING = Fitting((1e-1, 1e1, 1e3), folds=3, draws=60, seed=0)
CELL = Cell(
    "velocity", "direction_sincos", "mean", "condition", "zscore", "ridge", "nested", 42, None
)


@pytest.fixture(scope="module")
def labels() -> pd.DataFrame:
    direction, magnitude, start = (index.ravel() for index in np.indices((4, 3, 4)))
    random = np.random.default_rng(0)
    angle, speed = direction * np.pi / 2, magnitude + 1.0
    return pd.DataFrame(
        {
            "clip_id": [f"clip_{number}" for number in range(len(angle))],
            "direction_index": direction,
            "magnitude_index": magnitude,
            "start_index": start,
            "direction_rad": angle,
            "speed_m_s": speed,
            "start_x_m": random.uniform(-2, 2, len(angle)),
            "start_y_m": random.uniform(-2, 2, len(angle)),
            "vx_px": speed * np.cos(angle),
            "vy_px": -speed * np.sin(angle),
        }
    )


@pytest.fixture(scope="module")
def stack(labels: pd.DataFrame) -> list[torch.Tensor]:
    """Direction from state 2 on, speed at all states."""
    random = np.random.default_rng(1)
    angle, speed = labels["direction_rad"].to_numpy(), labels["speed_m_s"].to_numpy()
    states = []
    for state in range(STATES):
        told = np.c_[np.sin(angle), np.cos(angle)] * (6.0 if state >= 2 else 0.0)
        features = random.standard_normal((len(angle), WIDTH))
        features[:, :2] += told
        features[:, 2] += 3 * speed
        states.append(torch.from_numpy(features.astype(np.float32)))
    return states


def asked(cells: Sequence[Cell]) -> list[Asked]:
    return [Asked(cell, cell.name) for cell in cells]


def scores(table: pd.DataFrame, cell: Cell) -> np.ndarray:
    rows = table[(table["key"] == cell.name) & (table["what"] == SCORE)]
    return rows.sort_values("state")["value"].to_numpy()


def test_a_curve_rises_where_direction_was_put(labels, stack, tmp_path: Path) -> None:
    table = gather_cells(asked([CELL]), tmp_path, lambda pooling: stack, labels, FITTING).rows
    curve = scores(table, CELL)
    assert (curve[:2] < 0.2).all() and (curve[2:] > 0.7).all()
    step = table[table["what"] == "step"].iloc[0]
    assert step["value"] == 2 and step["none_share"] == 0


def test_rows_have_one_order_whatever_was_measured_before(labels, stack, tmp_path: Path) -> None:
    """A run that is killed and goes on, or gets more cells later, ends in the same table."""
    cells = [
        replace(CELL, target=target, grouping=grouping, normalisation=scaling, fold_seed=seed)
        for scaling in ("zscore", "center")
        for seed in (42, 43)
        for grouping in ("condition", "direction")
        for target in (CELL.target, "speed")
    ]

    def run(folder: str, some: Sequence[Cell]) -> Measured:
        return gather_cells(asked(some), tmp_path / folder, lambda pooling: stack, labels, FITTING)

    at_once = run("at_once", cells)
    for some in (cells[9:12], cells[3:5], cells[:1]):
        run("in_turn", some)
    in_turn = run("in_turn", cells)
    pd.testing.assert_frame_equal(
        in_turn.rows.reset_index(drop=True), at_once.rows.reset_index(drop=True)
    )
    assert at_once.rows["key"].nunique() == len(at_once.draws) == len(cells)
    for key, own in at_once.draws.items():
        np.testing.assert_allclose(in_turn.draws[key], own, rtol=1e-6)


def test_only_new_cells_are_measured_and_damaged_ones_again(
    labels, stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[list[str]] = []

    def watched(members: Sequence[Asked], *rest: object) -> Measured:
        measured.append(sorted(one.key for one in members))
        return original(members, *rest)

    original = __import__("pez.audit.cells", fromlist=["x"]).measure_block
    monkeypatch.setattr("pez.audit.cells.measure_block", watched)
    more = replace(CELL, target="speed")

    def run(cells: Sequence[Cell]) -> pd.DataFrame:
        return gather_cells(asked(cells), tmp_path, lambda pooling: stack, labels, FITTING).rows

    first = run([CELL])
    both = run([CELL, more])
    assert measured == [[CELL.name], [more.name]]
    np.testing.assert_array_equal(scores(first, CELL), scores(both, CELL))
    assert set(run([more])["key"]) == {more.name}
    (file,) = [path for path in tmp_path.glob("*.parquet") if path.name.startswith(more.name)]
    file.write_bytes(file.read_bytes()[:-20])
    again = run([CELL, more])
    assert measured == [[CELL.name], [more.name], [more.name]]
    pd.testing.assert_frame_equal(
        both.sort_values(list(KEPT[:3])).reset_index(drop=True),
        again.sort_values(list(KEPT[:3])).reset_index(drop=True),
    )
    next(tmp_path.glob(f"{CELL.name}*.draws.safetensors")).unlink()
    run([CELL, more])
    assert measured[3:] == [[CELL.name]]


def test_draws_of_a_cell_are_those_of_its_interval(labels, stack, tmp_path: Path) -> None:
    found = gather_cells(asked([CELL]), tmp_path, lambda pooling: stack, labels, FITTING)
    (draws,) = found.draws.values()
    assert draws.shape == (len(DRAWN), FITTING.draws)
    rows = found.rows.set_index("what")
    for name, values in zip(DRAWN, draws, strict=True):
        kept = values[~np.isnan(values)]
        assert rows.loc[name, "low"] == pytest.approx(np.quantile(kept, 0.05), rel=1e-6)
        assert rows.loc[name, "high"] == pytest.approx(np.quantile(kept, 0.95), rel=1e-6)


def test_selections_differ_in_where_they_look(labels, stack) -> None:
    plan = make_plan(labels, "condition", 42, 3)
    targets = np.random.default_rng(2).standard_normal((len(labels), 1))  # nothing to find
    (found,) = read_states(
        [spectrum(features, "center") for features in stack], targets, [plan.folds], (1e-2, 1e2)
    )
    errors = {
        name: ((found.select(name, slice(None))[..., 0] - targets[:, 0]) ** 2).sum(axis=1)
        for name in ("validation", "nested", "nested_shared")
    }
    assert (errors["validation"] <= errors["nested"] + 1e-9).all()
    assert (errors["validation"] <= errors["nested_shared"] + 1e-9).all()
    shared = found.select("nested_shared", slice(None))
    for rows in found.folds:
        equal = [
            np.array_equal(shared[:, rows], found.predictions[:, alpha][:, rows])
            for alpha in range(2)
        ]
        assert sum(equal) == 1  # one penalty for all states of a fold


def test_fewer_clips_are_fitted_to_fewer_clips(labels, stack, tmp_path: Path) -> None:
    few, all_clips = replace(CELL, clips=12), CELL
    table = gather_cells(asked([few, all_clips]), tmp_path, lambda _: stack, labels, FITTING).rows
    assert scores(table, few)[3] < scores(table, all_clips)[3]
    plan = make_plan(labels, "condition", 42, 3, clips=12)
    larger = make_plan(labels, "condition", 42, 3, clips=20)
    for fold, other in zip(plan.folds, larger.folds, strict=True):
        assert fold.train is not None and other.train is not None
        assert len(fold.train) == 12 and set(fold.train) < set(other.train)
        assert not set(fold.train) & set(fold.held_out)
        assert set(fold.seen) < set(fold.train)


def test_gradient_descent_finds_what_ridge_finds(labels, stack, tmp_path: Path) -> None:
    solver = GradientSolver(
        method="adamw", steps=150, patience=20, learning_rates=(3e-2,), weight_decays=(0.01,)
    )
    descended = replace(CELL, solver="short")
    fitting = replace(FITTING, solvers={"short": solver})
    table = gather_cells(asked([CELL, descended]), tmp_path, lambda _: stack, labels, fitting).rows
    np.testing.assert_allclose(scores(table, descended)[2:], scores(table, CELL)[2:], atol=0.15)


def test_dealt_labels_are_not_found(labels, stack, tmp_path: Path) -> None:
    dealt = [Asked(CELL, "dealt", labels_seed=42)]
    table = gather_cells(dealt, tmp_path, lambda _: stack, labels, FITTING).rows
    assert (table.loc[table["what"] == SCORE, "value"] < 0.2).all()


def test_the_grid_is_a_full_factorial_with_the_primary_cell() -> None:
    cells = list(cells_of("velocity", "velocity", AuditAxes(), PrimaryCell(), (60, 120)))
    whole = [cell for cell in cells if cell.clips is None]
    assert len(whole) == 6 * 4 * 8 * 3 * 3 * 5
    assert len(cells) == len(whole) + 2 * 6 * 4 * 8 * 3
    assert len({cell.name for cell in cells}) == len(cells)
    assert CELL in cells
    movies = list(cells_of("plausibility", "movies", AuditAxes(), PrimaryCell(), ()))
    assert {(cell.target, cell.grouping) for cell in movies} == {("plausibility", "scene")}
    few = list(gradient_cells("velocity", "velocity", GradientSubset(solver=("a",)), PrimaryCell()))
    assert {cell.solver for cell in few} == {"a"} and len(few) == 2 * 2 * 2 * 2


def test_tables_of_networks_are_gathered_whole(tmp_path: Path) -> None:
    parts = [
        pd.DataFrame(
            {
                "network": pd.Categorical([name] * 2),
                "what": pd.Categorical([SCORE, "step"]),
                "state": [0, -1],
                "value": [0.5, 3.0],
                "low": 0.0,
                "high": 1.0,
                "none_share": 0.0,
            }
        )
        for name in ("b", "a")
    ]
    table = gather(parts)
    assert scores_of(table)["score"].tolist() == [0.5, 0.5]
    assert estimands_of(table)[["network", "estimand"]].astype(str).to_numpy().tolist() == [
        ["b", "step"],
        ["a", "step"],
    ]
    path = tmp_path / "table.parquet"
    assert write_table(path, table) == write_table(tmp_path / "again.parquet", read_table(path))
