"""Weights by their name on the Hugging Face hub, from a hub that runs on this machine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hub_server import COMMIT, REPOSITORY, Hub, etag, running
from pydantic import ValidationError
from safetensors.torch import save

from encoder_samples import encoder_spec, telling_weights
from pez.encoders.convert import convert_checkpoint
from pez.encoders.hub_pointer import read_pointer
from pez.encoders.load import weights_metadata
from pez.encoders.spec import HubWeights
from pez.runtime.errors import ArtifactError

SPEC = encoder_spec(weights={"source": "hub", "name": f"{REPOSITORY}@v1"})
RECORD = "sha256/tiny.txt"
CONFIG = json.dumps({"num_attention_heads": SPEC.heads, "crop_size": SPEC.input_size}).encode()
FETCH = """
import sys
from pez.encoders.hub import fetch_from_hub
from pez.encoders.spec import HubWeights
from pez.runtime.errors import ArtifactError
try:
    fetch_from_hub(HubWeights(source="hub", name=sys.argv[1]), *sys.argv[2:])
except ArtifactError as error:
    sys.exit(f"REFUSED {error}")
"""


def whole_model(weights):
    return {f"encoder.{name}": tensor.contiguous() for name, tensor in weights.items()}


@pytest.fixture
def hub() -> Iterator[Hub]:
    model = save(whole_model(telling_weights(SPEC)), metadata={"format": "pt"})
    files = {"config.json": CONFIG, "model.safetensors": model, "README.md": b"hello"}
    with running(files) as hub:
        yield hub


def fetch(hub: Hub | None, folder: Path, name: str = f"{REPOSITORY}@v1", **environment: str):
    """Run the job's code in a process of its own: the library reads its variables on import."""
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("HF_")},
        "PYTHONPATH": ":".join(sys.path),
        "HF_HOME": str(folder / "cache"),
        "HF_ENDPOINT": hub.url if hub else "http://127.0.0.1:9",
        "HF_HUB_DISABLE_XET": "1",
    } | environment
    done = subprocess.run(
        [sys.executable, "-c", FETCH, name, str(folder / "pointer.json"), str(folder / RECORD)],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    refusal = [line for line in done.stderr.splitlines() if line.startswith("REFUSED")]
    assert done.returncode == 0 or refusal, done.stderr
    return refusal[0] if refusal else None


def test_a_model_is_fetched_and_converted_with_its_commit(hub, tmp_path):
    assert fetch(hub, tmp_path) is None
    folder, published_as = read_pointer(tmp_path / "pointer.json")
    assert published_as == f"{REPOSITORY}@v1, commit {COMMIT}"
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]
    output = tmp_path / "o.safetensors"
    convert_checkpoint(folder, SPEC, "target_encoder", output, published_as)
    assert weights_metadata(output, SPEC)["published_as"] == published_as
    assert "README.md" not in hub.downloads


def test_what_is_in_the_cache_is_not_fetched_again_and_serves_offline(hub, tmp_path):
    assert fetch(hub, tmp_path) is None
    hub.downloads.clear()
    assert fetch(hub, tmp_path) is None and not hub.downloads
    (tmp_path / "pointer.json").unlink()
    assert fetch(None, tmp_path) is None
    assert read_pointer(tmp_path / "pointer.json")[0].is_dir()


def test_a_cut_download_is_continued(hub, tmp_path):
    hub.files["model.safetensors"] += bytes(20_000_000)
    hub.cut_after = 11_000_000
    if fetch(hub, tmp_path) is not None:  # the library itself may go on at once
        assert fetch(hub, tmp_path) is None
    continued = [wanted for wanted in hub.ranges if wanted]
    assert continued and int(continued[0][6:-1]) >= 10_000_000
    folder, _ = read_pointer(tmp_path / "pointer.json")
    assert (folder / "model.safetensors").read_bytes() == hub.files["model.safetensors"]


def test_offline_is_one_sentence_with_a_cure(tmp_path):
    for environment in ({}, {"HF_HUB_OFFLINE": "1"}):
        message = fetch(None, tmp_path, **environment)
        assert f"weights.name = '{REPOSITORY}@v1': the hub cannot be reached" in message
        assert "file: /path/to/folder" in message
    assert not (tmp_path / "pointer.json").exists()


def test_half_a_model_in_the_cache_is_not_taken_for_the_whole(hub, tmp_path):
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors"}}
    hub.files = {
        "config.json": CONFIG,
        "model.safetensors.index.json": json.dumps(index).encode(),
    }
    assert "it lacks model-00001-of-00002.safetensors" in fetch(hub, tmp_path)


def test_unknown_models_revisions_and_closed_doors_are_named(hub, tmp_path):
    assert "the hub has no such model, or it is private" in fetch(hub, tmp_path, "lab/nothing")
    message = fetch(hub, tmp_path, f"{REPOSITORY}@v9")
    assert "no such branch, tag or commit" in message
    hub.gated = True
    assert "access to this model is granted on its page" in fetch(hub, tmp_path)


def test_a_token_opens_a_private_model(hub, tmp_path):
    hub.token = "a-word-between-us"
    assert "HF_TOKEN gives no access" in fetch(hub, tmp_path)
    assert fetch(hub, tmp_path, HF_TOKEN="a-word-between-us") is None


def test_old_models_have_one_pickled_file(hub, tmp_path):
    torch.save(whole_model(telling_weights(SPEC)), tmp_path / "pytorch_model.bin")
    pickled = (tmp_path / "pytorch_model.bin").read_bytes()
    hub.files = {"config.json": CONFIG, "pytorch_model.bin": pickled}
    assert fetch(hub, tmp_path) is None
    folder, _ = read_pointer(tmp_path / "pointer.json")
    convert_checkpoint(folder, SPEC, "target_encoder", tmp_path / "o.safetensors")


def test_a_cache_that_was_emptied_is_named(tmp_path):
    pointer = {"name": REPOSITORY, "folder": str(tmp_path / "gone")}
    (tmp_path / "pointer.json").write_text(json.dumps(pointer))
    with pytest.raises(ArtifactError, match=r"gone is gone from the hub's cache: delete .*json"):
        read_pointer(tmp_path / "pointer.json")


def test_files_have_the_digests_that_the_hub_publishes(hub, tmp_path):
    assert fetch(hub, tmp_path) is None
    folder, _ = read_pointer(tmp_path / "pointer.json")
    published = etag(hub.files["model.safetensors"])
    line = f"{published}  {REPOSITORY}@v1/model.safetensors"
    assert line in (tmp_path / RECORD).read_text().splitlines()
    stored = (folder / "model.safetensors").resolve()
    stored.write_bytes(b"?" + stored.read_bytes()[1:])
    message = fetch(hub, tmp_path)
    assert f"{stored} has SHA-256 " in message and f"the hub publishes {published}" in message
    stored.unlink()  # the cure that the message names
    assert fetch(hub, tmp_path) is None


def test_a_model_that_was_changed_on_the_hub_is_refused(hub, tmp_path):
    assert fetch(hub, tmp_path) is None
    first = etag(hub.files["model.safetensors"])
    hub.files["model.safetensors"] += b"?"
    second = etag(hub.files["model.safetensors"])
    message = fetch(hub, tmp_path, HF_HOME=str(tmp_path / "another"))
    assert (
        f"@v1/model.safetensors has SHA-256 {second}, and an earlier fetch had {first}" in message
    )
    cure = f"{REPOSITORY}@{COMMIT}"
    assert f"weights.name: {cure}" in message
    assert fetch(hub, tmp_path, cure, HF_HOME=str(tmp_path / "another")) is None


@pytest.mark.parametrize("name", ["model", "https://hub/org/model", "org/model@", "org/a/b"])
def test_names_that_are_none(name):
    with pytest.raises(ValidationError, match="org/model, or org/model@revision"):
        HubWeights(source="hub", name=name)


def test_names_with_and_without_a_revision():
    assert HubWeights(source="hub", name="org/model").revision is None
    weights = HubWeights(source="hub", name="org/model@refs/pr/1")
    assert (weights.repository, weights.revision) == ("org/model", "refs/pr/1")
