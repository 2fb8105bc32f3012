"""Published layouts load to the outputs of the weights they were made from, or are refused."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from published_layouts import to_original
from safetensors.torch import save_file

from encoder_samples import CPU, ball_frames, encoder_spec, ready_encoder, telling_weights
from pez.encoders.architecture import expected_shapes
from pez.encoders.compute import Compute
from pez.encoders.convert import convert_checkpoint
from pez.encoders.load import load_encoder, weights_metadata
from pez.encoders.match import check_shapes
from pez.encoders.preprocess import build_transform, preprocess
from pez.encoders.residual_stream import capture_streams
from pez.runtime.errors import ArtifactError
from pez.runtime.tensor_file import read_header, read_metadata, write_tensors

SPEC = encoder_spec(
    weights={"source": "checkpoint", "file": "tiny.pt", "url": "https://example.org/tiny.pt"}
)


def to_meta_layout(weights: dict[str, torch.Tensor], prefix: str = "module.backbone."):
    """Write the encoder's weights as Meta's training code does: fused qkv, stale positions."""
    stale = {f"{prefix}pos_embed": torch.zeros(1, 4, SPEC.hidden_size)}
    return stale | to_original(weights, prefix)


@pytest.fixture(scope="module")
def target():
    return telling_weights(SPEC, seed=1)


@pytest.fixture(scope="module")
def online():
    return telling_weights(SPEC, seed=2)


@pytest.fixture(scope="module")
def meta_file(tmp_path_factory, target, online):
    path = tmp_path_factory.mktemp("meta") / "tiny.pt"
    checkpoint = {
        "encoder": to_meta_layout(online),
        "target_encoder": to_meta_layout(target),
        "predictor": {"module.backbone.predictor_embed.weight": torch.ones(2, 2)},
        "opt": {"state": {0: {"exp_avg": torch.ones(3)}}, "param_groups": [{"lr": 1e-4}]},
        "scaler": None,
        "epoch": 3,
        "loss": 0.5,
    }
    torch.save(checkpoint, path)
    return path


def outputs(encoder):
    frames = torch.from_numpy(ball_frames())
    pixels = preprocess(frames, build_transform("resize", SPEC.input_size))
    return torch.stack(capture_streams(encoder, pixels, lambda _, tokens: tokens.clone()))


def outputs_of_file(path: Path):
    return outputs(load_encoder(path, SPEC, Compute(CPU, "fp32")))


def outputs_of_weights(weights):
    return outputs(ready_encoder(SPEC, weights)[0])


@pytest.mark.parametrize("which", ["target_encoder", "encoder"])
def test_meta_file_gives_the_outputs_of_its_weights(which, meta_file, target, online, tmp_path):
    converted = tmp_path / "tiny.safetensors"
    convert_checkpoint(meta_file, SPEC, which, converted)
    chosen, other = (target, online) if which == "target_encoder" else (online, target)
    assert torch.equal(outputs_of_file(converted), outputs_of_weights(chosen))
    assert not torch.allclose(outputs_of_file(converted), outputs_of_weights(other), atol=0.1)


def test_converted_file_says_where_it_comes_from(meta_file, tmp_path):
    converted = tmp_path / "tiny.safetensors"
    convert_checkpoint(meta_file, SPEC, "encoder", converted)
    origin = weights_metadata(converted, SPEC)
    assert origin == read_metadata(converted)["weights"]
    assert origin["source"] == "checkpoint" and origin["encoder"] == "encoder"
    assert origin["files"] == [
        {
            "name": "tiny.pt",
            "bytes": meta_file.stat().st_size,
            "sha256": hashlib.sha256(meta_file.read_bytes()).hexdigest(),
        }
    ]
    entries, metadata, _ = read_header(converted)
    assert {entry["dtype"] for entry in entries.values()} == {"F32"}
    assert metadata["versions"]["torch"] == torch.__version__


@pytest.mark.parametrize("prefix", ["", "backbone.", "module."])
def test_prefixes_of_meta_files_are_optional(prefix, target, tmp_path):
    torch.save({"target_encoder": to_meta_layout(target, prefix)}, tmp_path / "tiny.pt")
    convert_checkpoint(tmp_path / "tiny.pt", SPEC, "target_encoder", tmp_path / "o.safetensors")
    assert torch.equal(outputs_of_file(tmp_path / "o.safetensors"), outputs_of_weights(target))


def hugging_face_folder(folder: Path, weights, shards: int = 1, dtype=torch.float32) -> Path:
    """A folder as transformers saves a VJEPA2Model, with its predictor."""
    folder.mkdir()
    whole = {f"encoder.{name}": tensor.to(dtype) for name, tensor in weights.items()}
    whole["predictor.proj.weight"] = torch.ones(2, 2, dtype=dtype)
    if shards == 1:
        save_file(whole, folder / "model.safetensors", metadata={"format": "pt"})
    else:
        names = [f"model-{k + 1:05d}-of-{shards:05d}.safetensors" for k in range(shards)]
        index = {name: names[k % shards] for k, name in enumerate(whole)}
        for file in names:
            part = {name: whole[name] for name in whole if index[name] == file}
            save_file(part, folder / file, metadata={"format": "pt"})
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    (folder / "config.json").write_text(json.dumps({"num_attention_heads": SPEC.heads}))
    return folder


@pytest.mark.parametrize("shards", [1, 3])
def test_hugging_face_folder_gives_the_outputs_of_its_weights(shards, target, tmp_path):
    folder = hugging_face_folder(tmp_path / "vjepa2-tiny", target, shards)
    convert_checkpoint(folder, SPEC, "target_encoder", tmp_path / "o.safetensors")
    assert torch.equal(outputs_of_file(tmp_path / "o.safetensors"), outputs_of_weights(target))
    origin = weights_metadata(tmp_path / "o.safetensors", SPEC)
    assert origin["encoder"] == "huggingface" and len(origin["files"]) == shards


def test_encoder_only_file_and_bfloat16_are_taken(target, tmp_path):
    rounded = {name: tensor.to(torch.bfloat16) for name, tensor in target.items()}
    save_file(rounded, tmp_path / "tiny.safetensors")
    convert_checkpoint(
        tmp_path / "tiny.safetensors", SPEC, "target_encoder", tmp_path / "o.safetensors"
    )
    expected = outputs_of_weights({name: tensor.float() for name, tensor in rounded.items()})
    assert torch.equal(outputs_of_file(tmp_path / "o.safetensors"), expected)


def test_wrong_number_of_heads_is_noticed(target, tmp_path):
    """No tensor's shape depends on it, and V-JEPA 2 Giant exists with 16 and with 22."""
    folder = hugging_face_folder(tmp_path / "vjepa2-tiny", target)
    other = SPEC.model_copy(update={"heads": 3})
    with pytest.raises(ArtifactError, match="says 2 attention heads, and the configuration 3"):
        convert_checkpoint(folder, other, "target_encoder", tmp_path / "o.safetensors")
    convert_checkpoint(folder, SPEC, "target_encoder", tmp_path / "o.safetensors")
    with pytest.raises(ArtifactError, match=r"correct the model in encoders\.models"):
        load_encoder(tmp_path / "o.safetensors", other, Compute(CPU, "fp32"))


def refused(state, tmp_path, spec=SPEC) -> str:
    torch.save({"target_encoder": state}, tmp_path / "bad.pt")
    with pytest.raises(ArtifactError) as caught:
        convert_checkpoint(tmp_path / "bad.pt", spec, "target_encoder", tmp_path / "o.safetensors")
    assert not (tmp_path / "o.safetensors").exists()
    message = str(caught.value)
    assert str(tmp_path / "bad.pt") in message and "encoders.checkpoint_dir" in message
    return message


def test_missing_tensors_are_named(target, tmp_path):
    state = to_meta_layout(target)
    del state["module.backbone.blocks.1.norm2.bias"]
    message = refused(state, tmp_path)
    assert "1 missing (layer.1.norm2.bias)" in message and "unexpected" not in message


def test_unexpected_tensors_are_named(target, tmp_path):
    state = to_meta_layout(target) | {f"module.backbone.extra.{k}": torch.ones(1) for k in range(5)}
    assert "5 unexpected (extra.0; extra.1; extra.2; …)" in refused(state, tmp_path)


def test_misshapen_tensors_are_named(target, tmp_path):
    state = to_meta_layout(target)
    state["module.backbone.norm.weight"] = torch.ones(7)
    message = refused(state, tmp_path)
    assert "1 of another shape (layernorm.weight is [7] and should be [48])" in message


def test_message_says_which_published_model_the_file_looks_like(tmp_path):
    """A file of the sizes of Huge, with its tensors expanded from one number, for model Large."""
    sizes = {"layers": 32, "hidden_size": 1280, "heads": 16, "mlp_size": 5120, "input_size": 256}
    huge = {
        name: torch.zeros(()).expand(shape)
        for name, shape in expected_shapes(encoder_spec(**sizes)).items()
    }
    found = {name: tuple(tensor.shape) for name, tensor in huge.items()}
    large = encoder_spec(**sizes | {"layers": 24, "hidden_size": 1024, "mlp_size": 4096})
    with pytest.raises(ArtifactError, match=r"It looks like V-JEPA 2 Huge \(vith.pt\): 32 blocks"):
        check_shapes(Path("vitl.pt"), found, expected_shapes(large), large, "")


def test_a_file_of_unknown_sizes_and_a_file_of_something_else(target, tmp_path):
    larger = SPEC.model_copy(update={"layers": 5})
    message = refused(to_meta_layout(target), tmp_path, larger)
    assert "It holds 3 blocks of width 48, which no published V-JEPA 2 has; the" in message
    assert "the configuration says layers: 5, hidden_size: 48" in message
    assert "does not look like a V-JEPA 2 encoder at all" in refused({"w": torch.ones(2)}, tmp_path)


def test_the_other_encoder_is_named_when_the_chosen_one_is_absent(online, tmp_path):
    torch.save({"encoder": to_meta_layout(online), "epoch": 1}, tmp_path / "tiny.pt")
    with pytest.raises(
        ArtifactError, match=r"no 'target_encoder': it holds \['encoder', 'epoch'\]"
    ):
        convert_checkpoint(tmp_path / "tiny.pt", SPEC, "target_encoder", tmp_path / "o.safetensors")


class Payload:
    """Would run code on loading."""

    def __reduce__(self):
        return (print, ("this ran",))


def test_code_in_a_checkpoint_is_not_run(tmp_path, capfd):
    torch.save({"target_encoder": Payload()}, tmp_path / "evil.pt")
    with pytest.raises(ArtifactError, match="cannot be read as a PyTorch checkpoint"):
        convert_checkpoint(tmp_path / "evil.pt", SPEC, "target_encoder", tmp_path / "o.safetensors")
    assert "this ran" not in capfd.readouterr().out


@pytest.mark.parametrize("kept", [0, 100, 0.5, 0.99])
def test_truncated_meta_file(kept, meta_file, tmp_path):
    data = meta_file.read_bytes()
    cut = tmp_path / "cut.pt"
    cut.write_bytes(data[: kept if isinstance(kept, int) else int(kept * len(data))])
    with pytest.raises(ArtifactError, match=r"cut\.pt (cannot be read|is empty).* fetch it again"):
        convert_checkpoint(cut, SPEC, "target_encoder", tmp_path / "o.safetensors")


def test_truncated_and_missing_hugging_face_files(target, tmp_path):
    folder = hugging_face_folder(tmp_path / "vjepa2-tiny", target, shards=2)
    second = folder / "model-00002-of-00002.safetensors"
    second.write_bytes(second.read_bytes()[:-10])
    with pytest.raises(ArtifactError, match=r"00002-of-00002\.safetensors is damaged"):
        convert_checkpoint(folder, SPEC, "target_encoder", tmp_path / "o.safetensors")
    second.unlink()
    with pytest.raises(ArtifactError, match=r"00002-of-00002\.safetensors does not exist"):
        convert_checkpoint(folder, SPEC, "target_encoder", tmp_path / "o.safetensors")
    (folder / "model.safetensors.index.json").write_text("{}")
    with pytest.raises(ArtifactError, match="is not the index of a sharded safetensors file"):
        convert_checkpoint(folder, SPEC, "target_encoder", tmp_path / "o.safetensors")


def test_encoder_file_with_nan_or_without_a_tensor_is_refused(target, tmp_path):
    path = tmp_path / "tiny.safetensors"
    arrays = {name: tensor.numpy().copy() for name, tensor in target.items()}
    arrays["layernorm.bias"][3] = float("nan")
    write_tensors(path, arrays, {})
    with pytest.raises(ArtifactError, match=r"tensor layernorm.bias holds NaN .* Delete it"):
        load_encoder(path, SPEC, Compute(CPU, "fp32"))
    del arrays["layernorm.bias"]
    write_tensors(path, arrays, {})
    with pytest.raises(ArtifactError, match=r"1 missing \(layernorm.bias\)"):
        load_encoder(path, SPEC, Compute(CPU, "fp32"))


def test_embedded_weights_may_be_float16(target, tmp_path):
    path = tmp_path / "nano.safetensors"
    halves = {name: tensor.half() for name, tensor in target.items()}
    write_tensors(path, {name: half.numpy() for name, half in halves.items()}, {})
    expected = outputs_of_weights({name: half.float() for name, half in halves.items()})
    assert torch.equal(outputs_of_file(path), expected)
    embedded = encoder_spec(weights={"source": "embedded", "file": "resources/nano.safetensors"})
    assert weights_metadata(path, embedded) == {
        "source": "embedded",
        "file": "nano.safetensors",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
