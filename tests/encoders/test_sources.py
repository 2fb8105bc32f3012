"""Weights from wherever people have them: what is found in a file, and what a refusal says."""

import argparse
import json
import pickle

import pytest
import torch
from published_layouts import to_original
from safetensors.torch import save_file
from transformers import VJEPA2ForVideoClassification

from encoder_samples import CPU, ball_frames, encoder_spec, telling_weights
from pez.encoders.compute import Compute
from pez.encoders.convert import convert_checkpoint
from pez.encoders.load import load_encoder, weights_metadata
from pez.encoders.preprocess import build_transform, preprocess
from pez.pretraining.network import encoder_config
from pez.runtime.errors import ArtifactError

SPEC = encoder_spec(weights={"source": "checkpoint", "file": "/data/run7/latest.pt"})


@pytest.fixture(scope="module")
def weights():
    return telling_weights(SPEC, seed=1)


def convert(source, tmp_path, spec=SPEC, which="target_encoder"):
    output = tmp_path / "o.safetensors"
    convert_checkpoint(source, spec, which, output)
    return load_encoder(output, spec, Compute(CPU, "fp32")).state_dict()


def assert_same(loaded, weights):
    assert loaded.keys() == weights.keys()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in weights.items())


def compiled(state):
    """torch.compile of the whole module, and of every block by itself."""
    state = {name.replace("blocks.1.", "blocks.1._orig_mod."): t for name, t in state.items()}
    return {f"_orig_mod.{name}": tensor for name, tensor in state.items()}


# name -> what torch.save is given, and the container that the metadata name
PYTORCH_FILES = {
    "bare state dict": (lambda s: s, "state_dict"),
    "bare, of a data-parallel run": (lambda s: prefixed(s, "module."), "state_dict"),
    "compiled": (lambda s: {"target_encoder": compiled(s)}, "target_encoder"),
    "compiled, then data-parallel": (
        lambda s: {"target_encoder": prefixed(compiled(s), "module.")},
        "target_encoder",
    ),
    "any prefix": (lambda s: {"state_dict": prefixed(s, "net.video.tower.")}, "state_dict"),
    "fine-tuned with a head": (
        lambda s: {"model": prefixed(s, "backbone.") | {"head.weight": torch.ones(3, 48)}},
        "model",
    ),
    "fine-tuned without a prefix": (
        lambda s: s | {"classifier.weight": torch.ones(3, 48), "pooler.query": torch.ones(1, 48)},
        "state_dict",
    ),
    "both of Meta's encoders in one state dict": (
        lambda s: {
            "model": prefixed(s, "target_encoder.")
            | prefixed({name: torch.zeros_like(t) for name, t in s.items()}, "encoder.")
        },
        "model",
    ),
}


def prefixed(state, prefix):
    return {prefix + name: tensor for name, tensor in state.items()}


@pytest.mark.parametrize("name", PYTORCH_FILES)
def test_the_encoder_is_found_and_that_is_said(name, weights, tmp_path, capsys):
    pack, container = PYTORCH_FILES[name]
    path = tmp_path / "latest.pt"
    torch.save(pack(to_original(weights)), path)
    assert_same(convert(path, tmp_path), weights)
    assert weights_metadata(tmp_path / "o.safetensors", SPEC)["encoder"] == container
    log = capsys.readouterr().out
    assert f"{path}: encoder found in {container!r}" in log
    if "fine-tuned" in name:
        assert "left out, by number of tensors: " in log
        assert "head (1)" in log or "classifier (1), pooler (1)" in log


def test_several_encoders_that_cannot_be_told_apart_are_refused(weights, tmp_path):
    state = to_original(weights)
    torch.save(prefixed(state, "student.") | prefixed(state, "teacher."), tmp_path / "two.pt")
    with pytest.raises(ArtifactError, match=r"several encoders, under 'student\.', 'teacher\.'"):
        convert(tmp_path / "two.pt", tmp_path)


def classifier(weights, folder):
    """A model fine-tuned on classes, as transformers saves it."""
    config = encoder_config(SPEC)
    config.num_labels, config.num_pooler_layers = 3, 1
    model = VJEPA2ForVideoClassification(config)
    model.vjepa2.encoder.load_state_dict(weights)
    model.save_pretrained(folder)
    return folder


def test_a_fine_tuned_hugging_face_folder_loads(weights, tmp_path, capsys):
    folder = classifier(weights, tmp_path / "classes")
    assert_same(convert(folder, tmp_path), weights)
    log = capsys.readouterr().out
    assert "under 'vjepa2.encoder.'" in log
    assert "classifier (2)" in log and "pooler (" in log
    frames = torch.from_numpy(ball_frames())
    pixels = preprocess(frames, build_transform("resize", SPEC.input_size))
    model = VJEPA2ForVideoClassification.from_pretrained(folder).eval()
    encoder = load_encoder(tmp_path / "o.safetensors", SPEC, Compute(CPU, "fp32"))
    with torch.inference_mode():
        expected = model.vjepa2(pixels, skip_predictor=True).last_hidden_state
        torch.testing.assert_close(encoder(pixels), expected, rtol=1e-5, atol=1e-5)


def test_a_snapshot_of_the_hubs_cache_loads(weights, tmp_path):
    """Its files are links to blobs without an ending."""
    folder = classifier(weights, tmp_path / "plain")
    snapshot = tmp_path / "models--lab--classes" / "snapshots" / "c0ffee"
    blobs = tmp_path / "models--lab--classes" / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for number, path in enumerate(folder.iterdir()):
        path.rename(blobs / str(number))
        (snapshot / path.name).symlink_to(f"../../blobs/{number}")
    assert_same(convert(snapshot / "model.safetensors", tmp_path), weights)


def test_a_folder_for_384_pixels_is_refused_at_256(weights, tmp_path):
    large = encoder_spec(input_size=384)
    folder = tmp_path / "vjepa2-384"
    folder.mkdir()
    save_file(
        {f"encoder.{n}": t.contiguous() for n, t in weights.items()}, folder / "model.safetensors"
    )
    (folder / "config.json").write_text(json.dumps({"crop_size": 384, "num_attention_heads": 2}))
    with pytest.raises(
        ArtifactError, match=r"says 384 pixels .* configuration 256: set input_size: 384"
    ):
        convert(folder, tmp_path, encoder_spec(input_size=256))
    assert_same(convert(folder, tmp_path, large), weights)
    (folder / "config.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"config.json is not JSON"):
        convert(folder, tmp_path, large)


def refusal(path, tmp_path, spec=SPEC) -> str:
    with pytest.raises(ArtifactError) as caught:
        convert(path, tmp_path, spec)
    assert not (tmp_path / "o.safetensors").exists()
    message = str(caught.value)
    assert str(path) in message and "weights_only" not in message and "\n" not in message
    return message


def test_a_good_file_with_other_objects_is_not_called_broken(weights, tmp_path):
    path = tmp_path / "run.pt"
    torch.save({"target_encoder": to_original(weights), "args": argparse.Namespace(lr=1)}, path)
    message = refusal(path, tmp_path)
    assert "objects other than tensors (argparse.Namespace)" in message
    assert "torch.save({'target_encoder': encoder.state_dict()}, 'encoder.pt')" in message
    assert "delete" not in message and "cut short" not in message


@pytest.mark.parametrize("page", ["<!DOCTYPE html><html>403", "\n<html><body>log in", "<?xml v"])
@pytest.mark.parametrize("name", ["latest.pt", "model.safetensors"])
def test_a_web_page_is_named_as_such(name, page, tmp_path):
    (tmp_path / name).write_text(page)
    assert "is a web page and no checkpoint" in refusal(tmp_path / name, tmp_path)


def test_a_pointer_of_git_is_named_as_such(tmp_path):
    (tmp_path / "latest.pt").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0")
    assert "git lfs pull" in refusal(tmp_path / "latest.pt", tmp_path)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(number, weights, tmp_path):
    broken = {name: tensor.clone() for name, tensor in weights.items()}
    broken["layer.1.mlp.fc2.weight"][0, 3] = number
    torch.save(to_original(broken), tmp_path / "latest.pt")
    message = refusal(tmp_path / "latest.pt", tmp_path)
    assert "layer.1.mlp.fc2.weight holds NaN or infinity" in message


def test_files_without_an_encoder_are_named_by_what_they_hold(tmp_path):
    torch.save({"epoch": 3, "classifiers": [1]}, tmp_path / "probe.pt")
    message = refusal(tmp_path / "probe.pt", tmp_path)
    assert "no tensors: it holds ['classifiers', 'epoch']" in message
    torch.save([torch.ones(2)], tmp_path / "list.pt")
    assert "holds a list and no dictionary" in refusal(tmp_path / "list.pt", tmp_path)
    (tmp_path / "empty").mkdir()
    assert "is no Hugging Face folder: it holds nothing" in refusal(tmp_path / "empty", tmp_path)
    (tmp_path / "text.pt").write_text("hello")
    assert "it is cut short, damaged, or no checkpoint" in refusal(tmp_path / "text.pt", tmp_path)
    (tmp_path / "pickle.pt").write_bytes(pickle.dumps({"a": argparse.Namespace(lr=1)}))
    assert "torch.save({'target_encoder'" in refusal(tmp_path / "pickle.pt", tmp_path)
    (tmp_path / "none.pt").write_bytes(b"")
    assert "none.pt is empty: delete it" in refusal(tmp_path / "none.pt", tmp_path)
    assert "does not exist" in refusal(tmp_path / "gone.pt", tmp_path)
