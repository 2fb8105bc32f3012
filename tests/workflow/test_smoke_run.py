"""The whole workflow, for real, on the smoke configuration: Blender, PyBullet, encoder, probes."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from conftest import FIGURES, SMOKE_OUT, Project
from declared_tables import differences
from pez.features.store import FeatureStore
from pez.runtime.tensor_file import read_metadata

LAYERS, VELOCITY_CLIPS, FOLDS = 4, 40, 3  # of configs/smoke.yaml


@pytest.mark.parametrize("figure", FIGURES)
def test_every_part_of_a_figure_is_there(smoke_run: Project, figure: str) -> None:
    folder = smoke_run.folder / SMOKE_OUT / "figures"
    with Image.open(folder / f"{figure}.png") as picture:
        assert np.asarray(picture.convert("L")).std() > 10  # something is drawn
    assert "<svg" in (folder / f"{figure}.svg").read_text()
    drawn = pd.read_csv(folder / f"{figure}.csv")
    assert {"reference", "strict"} == set(drawn["protocol"])
    assert {"none", "untrained"} <= set(drawn["control"])
    verdict = json.loads((folder / f"{figure}_verdict.json").read_text())
    text = (folder / f"{figure}_verdict.md").read_text()
    assert "ot a reproduction" in text and "ot a reproduction" in json.dumps(verdict)


def test_the_figure_can_be_recomputed_from_the_predictions(smoke_run: Project) -> None:
    """From out-of-fold predictions to the drawn mean, by hand."""
    probes = smoke_run.folder / SMOKE_OUT / "probes/vjepa2_tiny"
    predictions = pd.read_parquet(probes / "speed.strict.predictions.parquet")
    drawn = pd.read_csv(smoke_run.folder / SMOKE_OUT / "figures/figure2c.csv")
    drawn = drawn[(drawn["probe"] == "speed") & (drawn["protocol"] == "strict")]
    drawn = drawn[(drawn["control"] == "none") & (drawn["kind"] == "curve")]
    assert len(drawn) == LAYERS
    for _, point in drawn.iterrows():
        rows = predictions[
            (predictions["layer"] == point["layer"]) & (predictions["selection"] == "nested")
        ]
        assert len(rows) == VELOCITY_CLIPS
        r2 = []
        for _, fold in rows.groupby("fold"):
            target = fold["target"].to_numpy()
            residual = ((fold["prediction"] - target) ** 2).sum()
            r2.append(1 - residual / ((target - target.mean()) ** 2).sum())
        assert len(r2) == FOLDS
        assert point["mean"] == pytest.approx(np.mean(r2), abs=1e-5)


def test_the_verdict_counts_the_clips_whose_ball_goes_out_of_view(smoke_run: Project) -> None:
    out = smoke_run.folder / SMOKE_OUT
    labels = pd.read_parquet(out / "clips/kubric/velocity/labels.parquet")
    verdict = json.loads((out / "figures/figure2c_verdict.json").read_text())
    counts = verdict["clips"]["out_of_view"]
    assert set(counts) == {"velocity", "acceleration"}
    gone = (~labels["in_view_at_end"]).groupby(labels["magnitude_index"]).sum()
    found = {row["magnitude"]: row["at_end"] for row in counts["velocity"]["by_magnitude"]}
    assert found == dict(zip((2.0, 6.0), gone, strict=True))
    assert counts["velocity"]["at_end"] == gone.sum() > 0
    told = f"{gone.sum()} of {VELOCITY_CLIPS} clips of velocity end with the ball out of view"
    assert told in (out / "figures/figure2c_verdict.md").read_text()
    log = (out / "logs/simulate_clips/velocity.log").read_text()
    assert f"{gone.sum()} of {VELOCITY_CLIPS} clips end with the ball wholly out" in log
    probe = pd.read_parquet(out / "probes/vjepa2_tiny/speed.reference.parquet")
    assert set(probe["n_train"] + probe["n_test"]) == {VELOCITY_CLIPS}


@pytest.mark.parametrize("probe", ["plausibility.reference", "plausibility_attentive.strict"])
def test_accuracies_can_be_recomputed_from_the_predictions(smoke_run: Project, probe: str) -> None:
    """From the probabilities of held-out movies to the share of scenes told right, by hand."""
    probes = smoke_run.folder / SMOKE_OUT / "probes/vjepa2_tiny"
    results = pd.read_parquet(probes / f"{probe}.parquet")
    predictions = pd.read_parquet(probes / f"{probe}.predictions.parquet")
    assert set(results["subset"]) == {"all", "O1", "O2", "O3"}
    wanted = results[(results["metric"] == "relative_accuracy") & (results["subset"] == "all")]
    assert len(wanted) == LAYERS * FOLDS
    for row in wanted.itertuples():
        held_out = predictions[
            (predictions["layer"] == row.layer)
            & (predictions["selection"] == row.selection)
            & (predictions["fold"] == row.fold)
        ]
        right = []
        for _, scene in held_out.groupby(["block", "scene"]):
            real = scene.loc[scene["target"] == 1, "prediction"].sum()
            right.append(real > scene.loc[scene["target"] == 0, "prediction"].sum())
        assert row.value == pytest.approx(np.mean(right))


def test_features_say_where_they_come_from(smoke_run: Project) -> None:
    root = smoke_run.folder / SMOKE_OUT / "features/vjepa2_tiny/velocity"
    features = FeatureStore(root, LAYERS, shards=2).features(0, "resid_post", "temporal_last")
    assert features.shape == (VELOCITY_CLIPS, 48)
    metadata = read_metadata(root / "tubelet_mean/stream_01.shard_000.safetensors")
    assert metadata["weights"]["seed"] == 0
    assert metadata["preprocessing"] == "resize"
    assert (root / "last_tubelet_patches").is_dir()
    assert not (root.parent / "acceleration/last_tubelet_patches").exists()


@pytest.mark.parametrize(
    "files",
    [
        "clips/**/*", "intphys/**/*", "features/**/*", "probes/**/*", "emergence/*", "figures/*",
        "logs/*",
    ],
)  # fmt: skip
def test_tables_and_tensors_are_as_declared(smoke_run: Project, files: str) -> None:
    assert differences(smoke_run.folder / SMOKE_OUT, files) == []


def test_every_job_left_a_log_and_a_benchmark(smoke_run: Project) -> None:
    out = smoke_run.folder / SMOKE_OUT
    logs = {
        path.relative_to(out / "logs").with_suffix("") for path in (out / "logs").rglob("*.log")
    }
    benchmarks = {
        path.relative_to(out / "benchmarks").with_suffix("")
        for path in (out / "benchmarks").rglob("*.tsv")
    }
    assert logs == benchmarks and len(logs) > 20
    extraction = (out / "logs/extract_features/vjepa2_tiny.velocity.000.log").read_text()
    assert "computing on the CPU" in extraction


def test_a_second_run_does_nothing(smoke_run: Project) -> None:
    done = smoke_run.snakemake("figure2c", "--cores", "2")
    assert "Nothing to be done" in done.stdout + done.stderr or "figure2c is drawn" in done.stderr
    assert "Fit" not in done.stderr and "Rendering" not in done.stderr


def test_it_runs_without_the_profile(smoke_run: Project) -> None:
    done = smoke_run.snakemake(
        "figure2c", "--cores", "8", "--resources", "gpu=4", "--workflow-profile", "none", "-n"
    )
    assert "profiles/default" not in done.stderr


def test_snakemake_alone_lists_the_targets(project: Project) -> None:
    command = [sys.executable, "-m", "snakemake", "--cores", "1"]
    done = subprocess.run(
        command, cwd=project.folder, env=os.environ, capture_output=True, text=True, check=True
    )
    for target in (*FIGURES, "figure2c_timings", "all", "clips", "intphys"):
        assert re.search(rf"^{target} ", done.stdout, re.MULTILINE)
    assert "Snakemake version" not in done.stderr  # of the banner
