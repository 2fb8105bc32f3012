"""The audit: a job for each network and dataset, whatever the number of cells, for real."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from snakemake.exceptions import WorkflowError

from conftest import SMOKE, SMOKE_OUT, Project
from declared_tables import differences
from workflow.planning import plan

# One untrained network, two cells of each kind of choice.
SMALL: dict[str, Any] = {
    "controls": {
        "untrained": [1], "permuted": None, "tubelets_shuffled": None, "pixels": None,
        "frame_differences": None, "trajectory": None,
    },
    "axes": {"pooling": ["mean"], "fold_seed": [42], "normalisation": ["zscore"]},
    "gradient": {"solver": []},
    "plausibility": None,
    "clips": [],
}  # fmt: skip


def overlay(**changes: Any) -> dict[str, Any]:
    return {"audit": SMALL | changes}


def run(project: Project, **changes: Any) -> pd.DataFrame:
    """Scores of the audit."""
    (project.folder / "audit.yaml").write_text(yaml.safe_dump(overlay(**changes)))
    project.snakemake("audit", "--cores", "2", overlays=("audit.yaml",))
    return pd.read_parquet(project.folder / SMOKE_OUT / "audit/scores.parquet")


def kept(project: Project) -> dict[str, int]:
    """When each file of cells was written."""
    folder = project.folder / SMOKE_OUT / "audit/cells"
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*.parquet")}


def test_claims_are_judged_and_a_larger_grid_measures_what_is_new(
    smoke_run: Project, tmp_path: Path
) -> None:
    project = smoke_run.copy(tmp_path / "project")
    table = run(project)
    assert set(table["network"]) == {"vjepa2_tiny", "vjepa2_tiny_untrained"}
    assert set(table["control"]) == {"none", "untrained", "shuffled"}
    assert table["state"].nunique() == 5
    for tables in ("*", "networks/*.parquet", "calibration/*", "vjepa2_tiny/*"):
        assert differences(project.folder / SMOKE_OUT, f"audit/{tables}") == []
    out = project.folder / SMOKE_OUT / "audit"
    claims = json.loads((out / "ledger.json").read_text())["models"]["vjepa2_tiny"]["claims"]
    assert [claim["id"] for claim in claims] == [f"C{number}" for number in range(1, 11)]
    assert all(claim["reason"] for claim in claims)
    assert "vjepa2_tiny" in (out / "ledger.md").read_text()
    assert len(list((out / "vjepa2_tiny").glob("*.png"))) == 6  # none of the clips needed
    before = kept(project)
    larger = run(project, axes={**SMALL["axes"], "pooling": ["mean", "temporal_last"]})
    after = kept(project)
    assert {name: after[name] for name in before} == before
    assert len(after) == 2 * len(before)
    assert larger["cell"].nunique() == 2 * table["cell"].nunique()


def test_a_changed_claim_measures_nothing_again(smoke_run: Project) -> None:
    planned = plan(smoke_run.folder, ["audit"], overlay())
    assert planned["audit_network"] == 2 * 2
    assert planned["gather_audit"] == planned["judge_audit"] == planned["calibrate_audit"] == 1
    assert planned["draw_audit"] == 6
    assert not [rule for rule in planned if rule.startswith(("render", "extract_vjepa2_tiny_v"))]


def test_nineteen_seeds_and_all_controls_are_a_job_each(smoke_run: Project) -> None:
    controls = {"untrained": list(range(1, 20)), "permuted": [1], "pixels": []}
    planned = plan(
        smoke_run.folder,
        ["audit"],
        {"audit": {"models": ["vjepa2_tiny"], "controls": controls}},
    )
    # the model, 19 untrained networks and the permuted one on three datasets; features without a
    # network, of which the trajectory has no movies
    assert planned["audit_network"] == 21 * 3 + 3 + 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"models": ["vjepa2_tinny"]}, r"audit\.models = 'vjepa2_tinny' \(did you mean"),
        ({"velocity": "acceleration"}, r"audit\.velocity = 'acceleration': a dataset in which"),
        ({"velocity": "nowhere"}, r"audit\.velocity = 'nowhere'"),
        ({"controls": {"untrained": [7]}}, r"audit\.controls\.untrained = \[7\]: .* begin with"),
        ({"controls": {"pixel": []}}, r"audit\.controls: control = 'pixel' \(did you mean"),
        ({"primary": {"pooling": "temporal_diff"}}, r"audit\.primary\.pooling = 'temporal_diff'"),
        ({"gradient": {"solver": ["ridge"]}}, r"audit\.gradient\.solver = 'ridge'"),
        ({"axes": {"grouping": ["scene"]}}, r"audit\.axes\.grouping = 'scene'"),
        ({"axes": {"target": ["plausibility_x"]}}, r"audit\.axes\.target"),
        ({"clips": [4000]}, r"audit\.clips = \[4000\]: 4000 training clips are more"),
        ({"folds": 30}, r"audit\.folds = 30: grouping"),
    ],
)
def test_bad_audits_are_refused(smoke_run: Project, changes: dict, words: str) -> None:
    with pytest.raises(WorkflowError, match=words):
        plan(smoke_run.folder, ["audit"], overlay(**changes), (SMOKE,))


def test_a_bad_audit_is_no_obstacle_to_a_figure(smoke_run: Project) -> None:
    asked = overlay(models=["vjepa2_tinny"], velocity="nowhere", folds=30)
    assert not plan(smoke_run.folder, ["figure2c"], asked, (SMOKE,))["fit_probe"]
