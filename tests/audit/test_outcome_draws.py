"""Draws of cells: kept beside their table, and read as what shares of variance are made of."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pez.audit.cell_draws import DRAWN, read_draws, write_draws
from pez.audit.outcome_draws import NetworkDraws
from pez.runtime.errors import ArtifactError

IDENTITY = {
    "dataset": "velocity", "clip_ids": ["a", "b"], "labels": "1", "source": "2",
    "precision": "fp32", "preprocessing": "resize", "weights_checksum": "3",
}  # fmt: skip
BLOCKS, DRAWS = 12, 20
CELLS = ("one", "two", "three")
NETWORKS = {"nano": "none", "random_1": "untrained", "random_2": "untrained"}


def drawn(seed: int, offset: float) -> dict[str, np.ndarray]:
    """Draws of all cells: half-rise and step at states, some of them missing."""
    random = np.random.default_rng(seed)
    found = {}
    for number, cell in enumerate(CELLS):
        states = random.integers(1, BLOCKS, (2, DRAWS)).astype(np.float32)
        states[:, :number] = np.nan
        numbers = random.uniform(0, 0.2, (2, DRAWS)).astype(np.float32) + offset
        found[cell] = np.vstack([states, numbers])
    return found


def table_of(network: str, draws: dict[str, np.ndarray], order: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "network": network,
            "control": NETWORKS[network],
            "dataset": "velocity",
            "cell": order,
            "key": order,
            "what": DRAWN[0],
            "estimand": DRAWN[0],
            "none_share": [np.isnan(draws[cell][0]).mean() for cell in order],
        }
    )


@pytest.fixture
def made(tmp_path: Path) -> tuple[pd.DataFrame, dict[str, dict[str, np.ndarray]], list[Path]]:
    tables, draws, files = [], {}, []
    for number, network in enumerate(NETWORKS):
        draws[network] = drawn(number, 0.7 if network == "nano" else 0.1)
        # every network lists its cells in an order of its own
        table = table_of(network, draws[network], list(np.roll(CELLS, number)))
        path = tmp_path / f"{network}.velocity.draws.safetensors"
        write_draws(path, table, draws[network], {**IDENTITY, "model": network})
        tables.append(table)
        files.append(path)
    return pd.concat(tables, ignore_index=True), draws, files


def asked() -> pd.DataFrame:
    return pd.DataFrame(
        {"dataset": "velocity", "cell": ["three", "one"], "blocks": BLOCKS}, index=[7, 3]
    )


def test_draws_are_read_as_they_were_kept(tmp_path: Path) -> None:
    draws = drawn(0, 0.5)
    table = table_of("nano", draws, ["two", "three", "one"])
    write_draws(tmp_path / "kept.draws.safetensors", table, draws, {})
    found = read_draws(tmp_path / "kept.draws.safetensors", table)
    for cell in CELLS:
        np.testing.assert_array_equal(found[cell], draws[cell])
    with pytest.raises(ArtifactError, match="has 2 cells of 4 estimands"):
        read_draws(tmp_path / "kept.draws.safetensors", table.iloc[:2])


def test_cells_without_a_depth_have_no_draws(tmp_path: Path) -> None:
    table = pd.DataFrame({"key": ["one"], "what": ["score"]})
    write_draws(tmp_path / "pixels.draws.safetensors", table, {}, {})
    assert read_draws(tmp_path / "pixels.draws.safetensors", table) == {}


def test_outcomes_are_of_the_cells_that_are_asked_for(made) -> None:
    estimands, draws, files = made
    found = NetworkDraws(estimands, files).outcomes(asked())
    own = [draws["nano"][cell] for cell in ("three", "one")]
    for column, (half_rise, step, sharpness, peak) in enumerate(own):
        np.testing.assert_allclose(found["half_rise_depth"][:, column], half_rise / BLOCKS)
        np.testing.assert_allclose(found["step_depth"][:, column], step / BLOCKS)
        np.testing.assert_allclose(found["sharpness"][:, column], sharpness)
        bare = [draws[f"random_{seed}"][("three", "one")[column]][3] for seed in (1, 2)]
        np.testing.assert_allclose(
            found["margin"][:, column], peak - np.mean(bare, axis=0), rtol=1e-5
        )
    np.testing.assert_array_equal(found["has_onset"].sum(axis=0), [DRAWS - 2, DRAWS])


def test_without_untrained_networks_there_is_no_gain(made) -> None:
    estimands, _, files = made
    own = estimands[estimands["network"] == "nano"]
    assert "margin" not in NetworkDraws(own, files[:1]).outcomes(asked())


def test_draws_of_another_run_or_other_clips_are_refused(made) -> None:
    estimands, draws, files = made
    others = {cell: np.roll(values, 1, axis=0) for cell, values in draws["nano"].items()}
    table = estimands[estimands["network"] == "nano"]
    write_draws(files[0], table, others, {**IDENTITY, "model": "nano"})
    with pytest.raises(ArtifactError, match="disagree on how many draws have no half-rise"):
        NetworkDraws(estimands, files)
    changed = {**IDENTITY, "model": "nano", "clip_ids": ["a", "c"]}
    write_draws(files[0], table, draws["nano"], changed)
    with pytest.raises(ArtifactError, match="clip"):
        NetworkDraws(estimands, files)
