"""Which file in checkpoint_dir serves a model."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from pez.encoders.locate import find_checkpoint
from pez.encoders.spec import CheckpointWeights
from pez.runtime.errors import ConfigError

WEIGHTS = CheckpointWeights(
    source="checkpoint",
    file="vitl.pt",
    url="https://example.org/vitl.pt",
    huggingface_folder="vjepa2-vitl-fpc64-256",
)

# In the order in which they are preferred.
SERVING = [
    "vitl.pt",
    "vjepa2-vitl-fpc64-256/model.safetensors",
    "vjepa2-vitl-fpc64-256/model.safetensors.index.json",
    "vjepa2-vitl-fpc64-256.safetensors",
    "vitl.safetensors",
]


@pytest.mark.parametrize("name", SERVING)
def test_every_form_is_found(name, tmp_path):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    (tmp_path / "vith.pt").touch()
    assert find_checkpoint(tmp_path, WEIGHTS) == path


def test_order_of_preference(tmp_path):
    (tmp_path / "vjepa2-vitl-fpc64-256").mkdir()
    for name in reversed(SERVING):
        (tmp_path / name).touch()
        assert find_checkpoint(str(tmp_path), WEIGHTS) == tmp_path / name


def test_message_names_key_value_candidates_and_cure(tmp_path):
    with pytest.raises(ConfigError) as caught:
        find_checkpoint(tmp_path, WEIGHTS)
    message = str(caught.value)
    assert f"encoders.checkpoint_dir = '{tmp_path}' holds none of" in message
    assert all(name in message for name in SERVING)
    assert "https://example.org/vitl.pt" in message and "null to download it" in message


def test_folder_that_does_not_exist(tmp_path):
    with pytest.raises(ConfigError, match=r"encoders.checkpoint_dir = .* is not a folder"):
        find_checkpoint(tmp_path / "nowhere", WEIGHTS)


def test_planning_does_not_import_torch():
    code = "import sys, pez.encoders.locate; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


def weights_at(file, **more) -> CheckpointWeights:
    return CheckpointWeights(source="checkpoint", file=str(file), **more)


def test_a_path_needs_neither_url_nor_folder(tmp_path, monkeypatch):
    path = tmp_path / "run7" / "latest.pt"
    path.parent.mkdir()
    path.touch()
    for folder in (None, tmp_path / "elsewhere"):
        assert find_checkpoint(folder, weights_at(path)) == path
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_checkpoint(None, weights_at("~/run7/latest.pt")) == path
    monkeypatch.chdir(tmp_path)
    assert find_checkpoint(None, weights_at("./run7/latest.pt")) == Path("run7/latest.pt")
    with pytest.raises(ConfigError, match=r"nowhere/x.pt': there is no such file or folder"):
        find_checkpoint(None, weights_at("nowhere/x.pt"))


@pytest.mark.parametrize(
    "name", ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"]
)
def test_a_path_may_be_a_hugging_face_folder(name, tmp_path):
    with pytest.raises(ConfigError, match=r"is a folder without model\.safetensors"):
        find_checkpoint(None, weights_at(f"{tmp_path}/"))
    (tmp_path / name).touch()
    assert find_checkpoint(None, weights_at(f"{tmp_path}/")) == tmp_path / name


def cached_model(folder, *commits, main=None):
    cache = folder / "models--facebook--vjepa2-vitl-fpc64-256"
    for commit in commits:
        (cache / "snapshots" / commit).mkdir(parents=True)
        (cache / "snapshots" / commit / "model.safetensors").touch()
    if main:
        (cache / "refs").mkdir()
        (cache / "refs" / "main").write_text(main)
    return cache


def test_the_hubs_cache_is_understood_wherever_it_is_named(tmp_path):
    cache = cached_model(tmp_path, "abc", "def", main="def")
    newest = cache / "snapshots" / "def" / "model.safetensors"
    assert find_checkpoint(None, weights_at(cache)) == newest
    assert find_checkpoint(None, weights_at(newest.parent)) == newest
    assert find_checkpoint(tmp_path, WEIGHTS) == newest


def test_snapshots_that_cannot_be_told_apart_are_named(tmp_path):
    cache = cached_model(tmp_path, "abc")
    assert find_checkpoint(None, weights_at(cache)).parent.name == "abc"
    (cache / "snapshots" / "def").mkdir()
    with pytest.raises(ConfigError, match=r"2 snapshots \(abc, def\).*/snapshots/HASH"):
        find_checkpoint(None, weights_at(cache))


def test_a_name_is_downloaded_or_its_absence_explained():
    assert find_checkpoint(None, WEIGHTS) is None
    with pytest.raises(ConfigError, match=r"'own.pt' has no url, .*checkpoint_dir is null: give"):
        find_checkpoint(None, weights_at("own.pt"))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("file", "latest", "give the name of a checkpoint"),
        ("huggingface_folder", "a/b", "folder's name alone"),
        ("url", "ftp://x/y.pt", "begins with http"),
    ],
)
def test_refusals_are_in_words(field, value, words):
    with pytest.raises(ValidationError, match=words) as caught:
        weights_at("x.pt", **{field: value}) if field != "file" else weights_at(value)
    assert "pattern" not in str(caught.value)
