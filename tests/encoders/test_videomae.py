"""VideoMAE against transformers' own, from files in every published layout."""

import json
import math

import pytest
import torch
from published_layouts import to_original
from transformers import (
    VideoMAEConfig,
    VideoMAEForPreTraining,
    VideoMAEForVideoClassification,
    VideoMAEModel,
)

from encoder_samples import ball_frames, encoder_spec, ready_encoder, telling_weights
from pez.encoders.architecture import expected_shapes
from pez.encoders.compute import Compute
from pez.encoders.convert import convert_checkpoint
from pez.encoders.initialise import initial_weights
from pez.encoders.load import load_encoder
from pez.encoders.preprocess import build_transform, preprocess
from pez.encoders.registry import find_family
from pez.encoders.residual_stream import capture_streams
from pez.runtime.errors import ArtifactError

FRAMES = 8
SPEC = encoder_spec(family="videomae", input_size=56, patch_size=14)  # v2's giant has 14
CPU = Compute(torch.device("cpu"), "fp32")


def configuration(**changes):
    return VideoMAEConfig(
        image_size=SPEC.input_size, patch_size=SPEC.patch_size, num_frames=FRAMES,
        hidden_size=SPEC.hidden_size, num_hidden_layers=SPEC.layers,
        num_attention_heads=SPEC.heads, intermediate_size=SPEC.mlp_size, layer_norm_eps=1e-6,
        decoder_hidden_size=24, decoder_num_hidden_layers=1, decoder_num_attention_heads=2,
        **{"use_mean_pooling": False} | changes,
    )  # fmt: skip


@pytest.fixture(scope="module")
def pixels():
    frames = torch.from_numpy(ball_frames(size=56, frames=FRAMES))
    return preprocess(frames, build_transform("resize", 56))


def made_telling(model):
    """transformers' model with weights under which every parameter matters."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim == 1:
                parameter += 0.3 * noise
            else:
                parameter.copy_(noise * (0.16 if "query" in name or "key" in name else 0.03))
    return model.eval()


def states(model, pixels):
    encoder = getattr(model, "videomae", model)
    with torch.inference_mode():
        return torch.stack(encoder(pixels, output_hidden_states=True).hidden_states)


def converted(source, tmp_path, pixels, spec=SPEC):
    output = tmp_path / "o.safetensors"
    convert_checkpoint(source, spec, "target_encoder", output)
    encoder = load_encoder(output, spec, CPU)
    return encoder, torch.stack(capture_streams(encoder, pixels, lambda _, t: t.clone()))


@pytest.mark.parametrize(
    ("kind", "pooled"),  # only a classifier can have a norm in place of the encoder's
    [
        (VideoMAEModel, False),
        (VideoMAEForPreTraining, False),
        (VideoMAEForVideoClassification, False),
        (VideoMAEForVideoClassification, True),
    ],
)
def test_folders_of_transformers_give_its_own_states(kind, pooled, pixels, tmp_path, capsys):
    model = made_telling(kind(configuration(use_mean_pooling=pooled)))
    model.save_pretrained(tmp_path / "folder")
    encoder, found = converted(tmp_path / "folder", tmp_path, pixels)
    torch.testing.assert_close(found, states(model, pixels), rtol=1e-5, atol=1e-5)
    log = capsys.readouterr().out
    assert ("classifier (2)" in log) is (kind is VideoMAEForVideoClassification)
    assert ("decoder (" in log) is (kind is VideoMAEForPreTraining)
    if kind is VideoMAEModel:
        with torch.inference_mode():
            expected = model(pixels).last_hidden_state
            torch.testing.assert_close(encoder(pixels), expected, rtol=1e-5, atol=1e-5)
    if pooled:
        assert torch.equal(encoder.layernorm.weight, model.fc_norm.weight)


def test_folders_from_before_transformers_5_load(pixels, tmp_path):
    """Their query and value biases were called q_bias and v_bias."""
    model = made_telling(VideoMAEModel(configuration()))
    names = {"query.bias": "q_bias", "value.bias": "v_bias"}
    state = {}
    for name, tensor in model.state_dict().items():
        for new, old in names.items():
            name = name.replace(new, old)
        state[f"videomae.{name}"] = tensor
    assert "videomae.encoder.layer.0.attention.attention.q_bias" in state
    (tmp_path / "old").mkdir()
    torch.save(state, tmp_path / "old" / "pytorch_model.bin")
    _, found = converted(tmp_path / "old", tmp_path, pixels)
    torch.testing.assert_close(found, states(model, pixels), rtol=1e-5, atol=1e-5)


# Pre-training and fine-tuning of the authors' code, v2 on the hub, and a bare state dict.
LAYOUTS = {
    "pretraining": lambda s: {"model": {f"encoder.{n}": t for n, t in s.items()}
                              | {"decoder.blocks.0.norm1.weight": torch.ones(2),
                                 "encoder_to_decoder.weight": torch.ones(2, 2),
                                 "mask_token": torch.ones(1, 1, 2)}, "epoch": 3},
    "fine-tuned": lambda s: {"module": {n.replace("norm.", "fc_norm.", 1) if n.startswith("norm.")
                                        else n: t for n, t in s.items()}
                             | {"head.weight": torch.ones(5, 48), "head.bias": torch.ones(5)}},
    "second version": lambda s: {f"model.{n}": t for n, t in s.items()},
    "bare": lambda s: s,
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_files_of_the_authors_load(layout, pixels, tmp_path):
    weights = telling_weights(SPEC)
    state = to_original(weights)
    assert {"blocks.0.attn.q_bias", "blocks.0.attn.qkv.weight"} <= state.keys()
    torch.save(LAYOUTS[layout](state), tmp_path / "tiny.pth")
    encoder, _ = converted(tmp_path / "tiny.pth", tmp_path, pixels)
    loaded = encoder.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in weights.items())


def test_positions_are_in_the_stream_from_the_start(pixels):
    """Equal patches differ by their place alone, which V-JEPA 2's stream[0] does not know."""
    plain = pixels[:1, :1, :, :1, :1].expand(1, FRAMES, 3, 56, 56)
    encoder, _ = ready_encoder(SPEC, telling_weights(SPEC))
    first = capture_streams(encoder, plain, lambda _, t: t.clone())[0][0]
    number, pair = torch.arange(64.0, dtype=torch.float64), 5
    angle = number / 10_000 ** (2 * pair / 48)
    for channel, code in ((2 * pair, angle.sin()), (2 * pair + 1, angle.cos())):
        expected = (code - code[0]).float()
        torch.testing.assert_close(
            first[:, channel] - first[0, channel], expected, atol=1e-5, rtol=0
        )


def test_published_sizes():
    millions = {
        "base": ((12, 768, 12, 3072, 16, 224), 86),
        "large": ((24, 1024, 16, 4096, 16, 224), 304),
        "huge": ((32, 1280, 16, 5120, 16, 224), 632),
        "giant": ((40, 1408, 16, 6144, 14, 224), 1012),
    }
    for (layers, width, heads, mlp, patch, size), expected in millions.values():
        spec = encoder_spec(
            family="videomae", layers=layers, hidden_size=width, heads=heads, mlp_size=mlp,
            patch_size=patch, input_size=size,
        )  # fmt: skip
        count = sum(torch.Size(shape).numel() for shape in expected_shapes(spec).values())
        assert count / 1e6 == pytest.approx(expected, abs=1)
        grid = find_family("videomae").grid(spec, 16)
        assert math.prod(grid) == {16: 1568, 14: 2048}[patch]


def test_initialisation_is_that_of_pre_training():
    spec = encoder_spec(family="videomae", hidden_size=96, heads=3, mlp_size=384)
    weights = initial_weights(spec, 0)
    bounds = {
        "layer.0.attention.query.weight": math.sqrt(6 / (4 * 96)),
        "layer.1.attention.proj.weight": math.sqrt(6 / (2 * 96)),
        "layer.2.mlp.fc2.weight": math.sqrt(6 / (96 + 384)),
        "embeddings.patch_embeddings.proj.weight": 1 / math.sqrt(1536),
    }
    for name, bound in bounds.items():
        assert weights[name].abs().max().item() == pytest.approx(bound, rel=0.01)
        assert weights[name].std().item() == pytest.approx(bound / math.sqrt(3), rel=0.03)
    assert weights["embeddings.patch_embeddings.proj.bias"].any()
    assert not weights["layer.0.attention.query.bias"].any()
    assert "layer.0.attention.key.bias" not in weights


def test_what_the_tensors_cannot_tell_is_read_from_the_folder(tmp_path):
    VideoMAEModel(configuration()).save_pretrained(tmp_path / "folder")
    path = tmp_path / "folder" / "config.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"image_size": 224}))
    with pytest.raises(ArtifactError, match=r"says 224 pixels .* 56: set input_size: 224"):
        convert_checkpoint(tmp_path / "folder", SPEC, "target_encoder", tmp_path / "o.safetensors")


def test_another_family_is_named(tmp_path):
    VideoMAEModel(configuration()).save_pretrained(tmp_path / "folder")
    spec = SPEC.model_copy(update={"family": "vjepa2"})
    with pytest.raises(ArtifactError, match=r"is a VideoMAE file.*set family: videomae "):
        convert_checkpoint(tmp_path / "folder", spec, "target_encoder", tmp_path / "o.safetensors")
