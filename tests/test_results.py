"""A finished run from Python: what is read is what was written, and what is wrong is named."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

import pez
from pez.features.paths import FeatureKey, feature_path
from pez.runtime.errors import ArtifactError, ConfigError
from pez.runtime.tables import write_table
from pez.runtime.tensor_file import map_tensor, read_metadata, write_tensors

CHECKOUT = Path(__file__).parents[1]
STATES, TUBELETS, WIDTH, SHARD = 3, 4, 8, 56
DIRECTION, MAGNITUDE, START = (index.ravel() for index in np.indices((8, 7, 2)))
CLIPS = [f"velocity_{number:04d}" for number in range(len(DIRECTION))]


def written() -> np.ndarray:
    """Features, float32 [states, clips, tubelets, D]: state 1 holds a ring of directions."""
    found = np.random.default_rng(0).normal(size=(STATES, len(CLIPS), TUBELETS, WIDTH))
    angle = np.pi / 4 * DIRECTION
    found[1, :, :, 0] += 5 * np.cos(angle)[:, None]
    found[1, :, :, 1] += 5 * np.sin(angle)[:, None]
    return found.astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("artifacts")
    identity = {"dataset": "velocity", "source": "made up", "frame_shape": [16, 64, 64]}
    labels = pd.DataFrame(
        {
            "clip_id": CLIPS,
            "direction_index": DIRECTION,
            "magnitude_index": MAGNITUDE,
            "start_index": START,
            "direction_rad": np.pi / 4 * DIRECTION,
            "frames_out_of_view": 0,
            "in_view_at_end": True,
        }
    )
    path = folder / "clips/kubric/velocity/labels.parquet"
    path.parent.mkdir(parents=True)
    write_table(path, labels, identity | {"clip_ids": CLIPS})
    made = identity | {"model": "tiny", "weights_checksum": "1", "precision": "fp32"}
    for stream, features in enumerate(written()):
        for shard, first in enumerate(range(0, len(CLIPS), SHARD)):
            rows = slice(first, first + SHARD)
            key = FeatureKey("tubelet_mean", stream, shard)
            path = feature_path(folder / "features/tiny/velocity", key)
            path.parent.mkdir(parents=True, exist_ok=True)
            known = made | key._asdict() | {"clip_ids": CLIPS[rows]}
            write_tensors(path, {"features": features[rows]}, known)
    return folder


def test_features_and_labels_are_those_that_were_written(folder: Path) -> None:
    results = pez.open_results(folder)
    assert results.networks("velocity") == ["tiny"]
    assert results.states("tiny", "velocity") == STATES
    assert list(results.labels("velocity")["clip_id"]) == CLIPS
    for state, features in enumerate(written()):
        found = results.features("tiny", "velocity", state)
        np.testing.assert_allclose(found.numpy(), features.mean(axis=1), rtol=1e-5, atol=1e-6)
        last = results.features("tiny", "velocity", state, pooling="temporal_last")
        np.testing.assert_array_equal(last.numpy(), features[:, -1])


def test_a_probe_of_ones_own_in_ten_lines(folder: Path) -> None:
    results = pez.open_results(folder)
    recipe = pez.load_recipe(
        "direction.strict", CHECKOUT / "config.yaml", solver="ridge", pooling="mean"
    )
    evidence = results.fit("tiny", recipe)
    scores = evidence[evidence["metric"] == "r2"].groupby("state")["value"].mean()
    assert scores[1] > 0.9
    assert scores[2] < 0.2
    assert set(evidence["protocol"]) == {"own"}


def test_the_code_in_the_documentation_runs(folder: Path, tmp_path: Path, monkeypatch) -> None:
    """With the network and run that it names, made up; the checkout's configuration beside them."""
    built = tmp_path / "artifacts"
    shutil.copytree(folder, built)
    (built / "features/tiny").rename(built / "features/vjepa2_nano")
    for path in built.glob("features/*/*/*/*.safetensors"):
        features = map_tensor(path, "features").copy()
        known = read_metadata(path) | {"model": "vjepa2_nano"}
        path.unlink()
        write_tensors(path, {"features": features}, known)
    for name in ("config.yaml", "Snakefile", "rules", "resources"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    monkeypatch.chdir(tmp_path)
    page = (CHECKOUT / "docs/python.md").read_text()
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.S):
        code = block.replace("state=4", "state=1")  # of a network as small as this
        exec(compile(code, "docs/python.md", "exec"), names)
    assert names["features"].shape == (len(CLIPS), WIDTH)
    assert list(names["labels"]["clip_id"]) == CLIPS
    assert names["r2"]["value"].max() > 0.9


def test_the_wheel_holds_the_library_and_its_files(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    copied = shutil.copytree(
        CHECKOUT, tmp_path / "checkout", ignore=shutil.ignore_patterns(".*", "artifacts", "site")
    )
    subprocess.run([*command, "--wheel-dir", str(tmp_path), str(copied)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    scripts = CHECKOUT / "workflow_scripts"
    files = {
        str(path.relative_to(scripts))
        for path in (scripts / "pez").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert files <= held


def test_what_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(ArtifactError, match="output_dir"):
        pez.open_results(folder / "nowhere")
    (folder / "empty").mkdir()
    with pytest.raises(ArtifactError, match="empty holds none of clips, features, probes, figures"):
        pez.open_results(folder / "empty")
    results = pez.open_results(folder)
    with pytest.raises(ArtifactError, match=r"no features of huge on velocity.*tiny"):
        results.features("huge", "velocity", 0)
    with pytest.raises(ValueError, match="states 0 to 2"):
        results.features("tiny", "velocity", 3)
    with pytest.raises(ValueError, match=r"pooling = 'men' \(did you mean 'mean'\?"):
        results.features("tiny", "velocity", 0, pooling="men")
    with pytest.raises(ArtifactError, match="no features of tiny on other: ask Snakemake"):
        results.features("tiny", "other", 0)
    with pytest.raises(ArtifactError, match="labels for dataset 'velocty'"):
        results.labels("velocty")
    with pytest.raises(ArtifactError, match="no evidence"):
        results.evidence("direction.strict")
    with pytest.raises(ArtifactError, match="snakemake figure2c"):
        results.figure("figure2c")
    with pytest.raises(ConfigError, match=r"did you mean 'direction\.strict'"):
        pez.load_recipe("direction.strickt", CHECKOUT / "config.yaml")
    with pytest.raises(ConfigError, match="solver = 'rigde'"):
        pez.load_recipe("direction.strict", CHECKOUT / "config.yaml", solver="rigde")
    with pytest.raises(ConfigError, match=r"elsewhere\.yaml is no file in .*: name the checkout's"):
        pez.load_recipe("direction.strict", "elsewhere.yaml")


def test_a_recipe_of_a_file_that_is_laid_over_the_configuration(tmp_path: Path) -> None:
    probe = {"dataset": "velocity", "target": "speed", "capture": "resid_post", "pooling": "mean"}
    mine = {"probes": {"mine": probe | {"protocols": {"strict": {"folds": 4}}}}}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(mine))
    (tmp_path / "more.yaml").write_text("protocols: {strict: {fold_seed: 7}}")
    files = [CHECKOUT / "config.yaml", tmp_path / "mine.yaml", tmp_path / "more.yaml"]
    spec = pez.load_recipe("mine.strict", files).spec
    assert (spec.folds, spec.fold_seed, spec.solver) == (4, 7, "ridge")
    with pytest.raises(ConfigError, match=r"One of another file: config=\['config\.yaml', "):
        pez.load_recipe("mine.strict", files[0])


def test_another_models_file_under_this_name_is_refused(folder: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(folder, tmp_path / "copied"))
    (copied / "features/tiny").rename(copied / "features/other")
    with pytest.raises(ArtifactError, match="tiny"):
        pez.open_results(copied).features("other", "velocity", 0)


def test_the_package_imports_nothing_that_computes() -> None:
    code = "import sys, pez; print(sorted({'torch', 'numpy', 'pandas'} & set(sys.modules)))"
    command = [sys.executable, "-c", code]
    run = subprocess.run(
        command, cwd=CHECKOUT / "workflow_scripts", capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
