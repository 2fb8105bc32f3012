"""The rule's script on files: labels and features in, tables out."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from movie_data import movies, plausibility_spec

from pez.features.paths import FeatureKey, feature_path
from pez.runtime.tables import write_table
from pez.runtime.tensor_file import check_data, write_tensors

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
LABELS = movies(4).drop(columns=["first", "second"])
WIDTH, PATCHES, LAYERS, SHARD = 6, 4, 2, 16
SOLVERS = {
    "linear": {
        "method": "adamw", "steps": 80, "patience": 80, "learning_rates": [0.03],
        "weight_decays": [0.01],
    },
    "attentive": {"method": "attentive", "depth": 1, "heads": 2, "epochs": 2, "patience": 1},
}  # fmt: skip
# A script runs as Snakemake runs it: a process of its own with an object `snakemake`.
RUN = """
import json, runpy, sys
from types import SimpleNamespace as Space
class Outputs(Space):
    def get(self, name, default=None):
        return getattr(self, name, default)
paths, params = json.loads(sys.argv[1])
snakemake = Space(
    input=Space(**{name: paths[name] for name in ("labels", "features", "weights")}),
    output=Outputs(results=paths["results"], predictions=paths["predictions"]),
    params=Space(probe=params), wildcards=Space(model="tiny"),
    log=[paths["log"]], threads=2, resources={}, rule="fit_probe",
)
runpy.run_path(sys.argv[2], {"snakemake": snakemake}, run_name="__main__")
"""


def write_weights(folder: Path) -> str:
    """The weights behind the features; only their checksum is looked at."""
    write_tensors(folder / "tiny.safetensors", {"bias": np.ones(3, np.float32)}, {})
    return check_data(folder / "tiny.safetensors")


def write_inputs(folder: Path, labels: pd.DataFrame) -> list[str]:
    """Labels, and features of three shards; plausibility is in feature 0 of layer 1's input."""
    clip_ids = list(LABELS["clip_id"])
    dataset = {"dataset": "intphys_mini", "source": "made up", "frame_shape": [16, 64, 64]}
    write_table(folder / "labels.parquet", labels, dataset | {"clip_ids": clip_ids})
    checksum = write_weights(folder)
    identity = dataset | {"model": "tiny", "weights_checksum": checksum, "precision": "fp32"}
    rng = np.random.default_rng(0)
    files = []
    for view in ("tubelet_mean", "last_tubelet_patches"):
        for stream in range(LAYERS + 1):
            features = rng.normal(size=(len(LABELS), PATCHES, WIDTH)).astype(np.float32)
            if stream == 1:
                features[:, :, 0] = 6 * LABELS["possible"].to_numpy()[:, None]
            for shard, start in enumerate(range(0, len(LABELS), SHARD)):
                part = features[start : start + SHARD]
                part = part if view == "tubelet_mean" else part.astype(np.float16)
                key = FeatureKey(view, stream, shard)
                path = feature_path(folder / "features/tiny/intphys_mini", key)
                clips = {"clip_ids": clip_ids[start : start + SHARD]}
                write_tensors(path, {"features": part}, identity | key._asdict() | clips)
                files.append(str(path))
    return files


def fit(
    folder: Path, solver: str, labels: pd.DataFrame = LABELS, **changes: object
) -> "tuple[subprocess.CompletedProcess[str], dict]":
    """Run the script on files in ``folder``; return how it ended and the paths of its files."""
    files = write_inputs(folder, labels)
    view = "tubelet_mean" if changes.get("pooling", "mean") == "mean" else "last_tubelet_patches"
    names = ("labels", "results", "predictions")
    paths = {name: str(folder / f"{name}.parquet") for name in names}
    paths |= {"weights": str(folder / "tiny.safetensors")}
    paths |= {"features": [file for file in files if view in file], "log": str(folder / "log")}
    params = {
        "recipe": {
            "probe": "p",
            "protocol": "mine",
            "spec": plausibility_spec(**changes).model_dump(mode="json"),
            "solver": SOLVERS[solver],
        },
        "measured": {"model": "tiny"},
        "replaced": None,
        "layers": LAYERS,
        "width": WIDTH,
    }
    command = [
        sys.executable,
        "-c",
        RUN,
        json.dumps([paths, params]),
        str(SCRIPTS / "fit_probe.py"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(command, env=environment, capture_output=True, text=True), paths


def test_a_linear_probe_reads_plausibility_from_the_layer_that_has_it(tmp_path):
    done, paths = fit(tmp_path, "linear")
    assert done.returncode == 0, done.stderr + Path(paths["log"]).read_text()
    results, predictions = (pd.read_parquet(paths[name]) for name in ("results", "predictions"))
    scores = results[(results.metric == "clip_accuracy") & (results.subset == "all")]
    assert scores[scores.layer == 1].value.eq(1).all()
    assert scores[scores.layer == 0].value.mean() < 0.8
    assert len(predictions) == LAYERS * 2 * len(LABELS)
    known = predictions.merge(LABELS, on="clip_id")
    assert (known.target == known.possible).all()
    assert (known.block_x == known.block_y).all() and (known.scene_x == known.scene_y).all()


def test_an_attentive_probe_gets_tokens_of_the_models_width(tmp_path):
    pytest.importorskip("pez.solvers.attentive")
    done, paths = fit(tmp_path, "attentive", pooling="temporal_last_patch", folds=2)
    assert done.returncode == 0, done.stderr + Path(paths["log"]).read_text()
    results = pd.read_parquet(paths["results"])
    assert set(results.layer) == {0, 1} and results.steps.between(0, 2).all()
    assert len(pd.read_parquet(paths["predictions"])) == LAYERS * 2 * len(LABELS)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (LABELS.drop(columns="pair"), "'intphys_mini' lack column(s) pair"),
        (LABELS.assign(possible=1), "scene O1/1 of dataset 'intphys_mini'"),
    ],
)
def test_wrong_labels_end_in_one_clear_line(tmp_path, labels, words):
    done, paths = fit(tmp_path, "linear", labels)
    assert done.returncode == 1
    assert done.stderr.startswith("Error in rule fit_probe: ") and words in done.stderr
    assert not Path(paths["results"]).exists()
