"""Sweeps: a job for each network and dataset, whatever the number of recipes, for real."""

from pathlib import Path

import pandas as pd
import pytest
import yaml
from snakemake.exceptions import WorkflowError

from conftest import SMOKE, SMOKE_OUT, Project
from declared_tables import differences
from workflow.planning import plan

GRID = {
    "models": ["vjepa2_tiny"],
    "recipes": ["speed.strict", "direction.strict"],
    "axes": {"pooling": ["temporal_last"], "normalisation": ["zscore"]},
    "controls": ["untrained", "shuffled"],
}


def overlay(**changes: object) -> dict:
    return {"sweeps": {"grid": GRID | changes}}


def run(project: Project, **changes: object) -> pd.DataFrame:
    """Evidence of the sweep."""
    (project.folder / "sweep.yaml").write_text(yaml.safe_dump(overlay(**changes)))
    project.snakemake("sweep_grid", "--cores", "2", overlays=("sweep.yaml",))
    return pd.read_parquet(project.folder / SMOKE_OUT / "sweeps/grid.parquet")


def cells(project: Project) -> dict[str, int]:
    """When each cell was written."""
    folder = project.folder / SMOKE_OUT / "sweeps/cells"
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.parquet")}


def test_a_sweep_measures_what_a_probe_measures_and_only_what_is_new(
    smoke_run: Project, tmp_path: Path
) -> None:
    project = smoke_run.copy(tmp_path / "project")
    table = run(project)
    probe = pd.read_parquet(
        project.folder / SMOKE_OUT / "probes/vjepa2_tiny/direction.strict.parquet"
    )
    mine = table[(table["probe"] == "direction") & (table["network"] == "vjepa2_tiny")]
    mine = mine[mine["control"] == "none"].reset_index(drop=True)
    pd.testing.assert_frame_equal(mine[list(probe.columns)], probe)
    assert set(table["control"]) == {"none", "untrained", "shuffled"}
    assert set(table.loc[table["control"] == "untrained", "network"]) == {"vjepa2_tiny_untrained"}
    assert table["cell"].nunique() == 2 * 3
    for tables in ("*", "grid/*"):
        assert differences(project.folder / SMOKE_OUT, f"sweeps/{tables}") == []
    before = cells(project)
    axes = {"pooling": ["temporal_last", "mean"], "normalisation": ["zscore", "none"]}
    larger = run(project, axes=axes)
    after = cells(project)
    assert larger["cell"].nunique() == len(after) == 4 * 2 * 3
    assert {name: after[name] for name in before} == before
    assert set(larger["recipe.pooling"]) == {"temporal_last", "mean"}


def test_seven_thousand_recipes_are_a_handful_of_jobs(smoke_run: Project) -> None:
    axes = {
        "target": ["speed", "direction_sincos", "direction_angle", "velocity_xy"],
        "pooling": ["mean", "temporal_first", "temporal_last", "temporal_diff"],
        "capture": ["resid_pre", "resid_post"],
        "grouping": ["direction", "magnitude", "start_index", "spatial_sector", "video",
                     "direction_spatial_sector", "magnitude_spatial_sector", "pixel_region"],
        "normalisation": ["zscore", "center", "none"],
        "solver": ["ridge", "trainable", "third_party"],
        "folds": [2],
        "fold_seed": [None, 42, 1],
    }  # fmt: skip
    asked = overlay(axes=axes, recipes=["speed.reference"], controls=["untrained"])
    planned = plan(smoke_run.folder, ["sweep_grid"], asked)
    assert planned == {"fit_sweep": 2, "gather_sweep": 1, "sweep_grid": 1}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"axes": {"poolin": ["mean"]}}, r"sweeps\.grid\.axes = 'poolin' \(did you mean 'pooling'"),
        ({"axes": {"pooling": []}}, r"sweeps\.grid\.axes\.pooling has no values"),
        ({"recipes": ["speed.strickt"]}, r"sweeps\.grid\.recipes = 'speed.strickt' \(did you mean"),
        ({"axes": {"solver": ["lasso"]}}, r"speed\.strict with solver lasso: solver = 'lasso'"),
        (
            {"axes": {"target": ["acceleration"]}},
            r"grid: target = 'acceleration' cannot",
        ),
        ({"controls": ["nothing"]}, r"sweeps\.grid\.controls = 'nothing'"),
    ],
)
def test_bad_sweeps_are_refused(smoke_run: Project, changes: dict, words: str) -> None:
    with pytest.raises(WorkflowError, match=words):
        plan(smoke_run.folder, ["figure2c"], overlay(**changes), (SMOKE,))
