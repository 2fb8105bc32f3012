"""A figure with every control, for real: clips to picture on a part of the smoke configuration."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import yaml

from conftest import CHECKOUT, SMOKE_OUT, Project, fresh_project
from fingerprint.defaults import CHOICES
from pez.controls.registry import control_names, find_control
from pez.features.spec import VIEWS
from pez.fingerprint import SCRIPTS, CodeBase
from pez.fingerprint.choices import names_in
from pez.runtime.tensor_file import read_metadata
from workflow.test_reached_code import smoke, unreached

EVERY, LAYERS = list(control_names()), 4
OVERLAY = {
    "controls": {"frames_shuffled": {"seeds": [1, 2]}},
    "figures": {"figure2c": {"probes": ["speed"], "protocols": ["strict"], "controls": EVERY}},
}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """What its jobs executed is in the folder ``trace`` beside it."""
    project = fresh_project(tmp_path_factory.mktemp("controls") / "project")
    (project.folder / "every.yaml").write_text(yaml.safe_dump(OVERLAY))
    trace = project.folder.parent / "trace"
    trace.mkdir()
    project.snakemake(
        "figure2c",
        "--cores",
        "2",
        overlays=("every.yaml",),
        PEZ_TRACE_EVERY="extract_features replace_features",
        PEZ_TRACE=str(trace),
        PEZ_TRACE_ROOT=str(project.folder / "workflow_scripts"),
        PYTHONPATH=str(CHECKOUT / "tests/workflow/tracing"),
    )
    return project


def test_every_control_is_drawn_and_those_without_depth_flat(drawn: Project) -> None:
    table = pd.read_csv(drawn.folder / SMOKE_OUT / "figures/figure2c.csv")
    curves = table[table["kind"] == "curve"].groupby("control")["mean"]
    assert set(curves.groups) == {"none", *EVERY}
    for control, means in curves:
        assert len(means) == LAYERS and np.isfinite(means).all()
        flat = control != "none" and find_control(str(control)).replaces == "features"
        assert (means.nunique() == 1) is flat, control
    # nothing has blown up, and who knows the trajectory reads more speed than who sees pixels
    assert curves.mean().min() > -100
    assert curves.mean()["trajectory"] > curves.mean().drop("trajectory").max()


def test_the_verdict_speaks_of_every_control(drawn: Project) -> None:
    text = (drawn.folder / SMOKE_OUT / "figures/figure2c_verdict.md").read_text()
    assert all(find_control(control).words in text for control in EVERY)


def test_features_and_probes_say_what_was_replaced(drawn: Project) -> None:
    features = drawn.folder / SMOKE_OUT / "features"
    said = {
        folder.name: read_metadata(
            folder / "velocity/tubelet_mean/stream_00.shard_000.safetensors"
        ).get("replaced")
        for folder in features.iterdir()
    }
    assert said == {
        "vjepa2_tiny": None,
        "vjepa2_tiny_untrained": None,
        "vjepa2_tiny_permuted": None,
        "vjepa2_tiny_frames_shuffled": "clips: frames_shuffled, seed 1",
        "vjepa2_tiny_frames_shuffled_2": "clips: frames_shuffled, seed 2",
        "vjepa2_tiny_tubelets_shuffled": "clips: tubelets_shuffled, seed 1",
        "vjepa2_tiny_static": "clips: static",
        "pixels": "features: pixels",
        "frame_differences": "features: frame_differences",
        "trajectory": "features: trajectory",
    }
    assert not (drawn.folder / SMOKE_OUT / "checkpoints/vjepa2_tiny_frames_shuffled").exists()


def test_jobs_of_controls_execute_nothing_that_was_not_reached(drawn: Project) -> None:
    code, checked = CodeBase(SCRIPTS, CHOICES), set()
    for path in sorted((drawn.folder.parent / "trace").glob("*.json")):
        job = json.loads(path.read_text())
        match = re.search(r"logs/(\w+)/(\w+)\.", job["log"])
        assert match
        rule, source = match[1], match[2]
        if rule == "replace_features":
            names = [source, job["wildcards"]["view"]]
        elif rule == "extract_features":
            shuffled = [name for name in EVERY if source.removesuffix("_2").endswith(f"_{name}")]
            names = [smoke().encoder("vjepa2_tiny"), smoke().extraction, VIEWS, *shuffled]
        else:
            continue
        chosen = frozenset(names_in(names)) & CHOICES
        calls = [(file, name) for file, name in job["calls"]]
        assert unreached(code.closure(f"{rule}.py", chosen), calls) == set(), path
        checked.add(source)
    assert {"pixels", "trajectory", "vjepa2_tiny_tubelets_shuffled"} <= checked
