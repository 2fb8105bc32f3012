"""V-JEPA 2.1 against a plain restatement of its arithmetic, and its published files.

No independent implementation installs from a registry: the reference below is written from the
description of the published code alone (fused matrices, complex rotations, published names).
"""

import math

import pytest
import torch
import torch.nn.functional as F
from published_layouts import to_original

from encoder_samples import ball_frames, encoder_spec, ready_encoder, telling_weights
from pez.encoders.architecture import expected_shapes
from pez.encoders.compute import Compute
from pez.encoders.convert import convert_checkpoint
from pez.encoders.initialise import initial_weights
from pez.encoders.load import load_encoder, weights_metadata
from pez.encoders.preprocess import build_transform, preprocess
from pez.encoders.residual_stream import capture_streams
from pez.runtime.errors import ArtifactError

# A head of 20 channels leaves two unrotated; a grid of 6 x 6 stands at 0, 3, .. 15.
SPEC = encoder_spec(
    family="vjepa2_1", hidden_size=40, heads=2, layers=3, mlp_size=80, input_size=96
)
CPU = Compute(torch.device("cpu"), "fp32")


def reference(state, pixels, spec=SPEC, kind="video"):
    """Every state of the residual stream and the output, in float64."""
    state = {name: tensor.double() for name, tensor in state.items()}
    embed = "patch_embed" if kind == "video" else "patch_embed_img"
    weight = state[f"{embed}.proj.weight"]
    x = F.conv3d(
        pixels.double().transpose(1, 2), weight, state[f"{embed}.proj.bias"], weight.shape[2:]
    )
    _, _, tubelets, rows, columns = x.shape
    x = (
        x.flatten(2).transpose(1, 2)
        + state["video_mod_embed" if kind == "video" else "img_mod_embed"]
    )
    places = [
        (float(t), r * 15 / (rows - 1), c * 15 / (columns - 1))
        for t in range(tubelets) for r in range(rows) for c in range(columns)
    ]  # fmt: skip
    heads, size = spec.heads, spec.hidden_size // spec.heads
    streams = [x]
    for block in range(spec.layers):
        p = f"blocks.{block}."
        y = norm(x, state, p + "norm1")
        qkv = y @ state[p + "attn.qkv.weight"].T + state[p + "attn.qkv.bias"]
        q, k, v = qkv.unflatten(-1, (3, heads, size)).permute(2, 0, 3, 1, 4)
        q, k = turn(q, places), turn(k, places)
        y = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(size), -1) @ v
        y = y.transpose(1, 2).flatten(2)
        x = x + y @ state[p + "attn.proj.weight"].T + state[p + "attn.proj.bias"]
        y = norm(x, state, p + "norm2") @ state[p + "mlp.fc1.weight"].T + state[p + "mlp.fc1.bias"]
        x = x + F.gelu(y) @ state[p + "mlp.fc2.weight"].T + state[p + "mlp.fc2.bias"]
        streams.append(x)
    return torch.stack(streams), norm(x, state, "norms_block.3")


def norm(x, state, name):
    centred = x - x.mean(-1, keepdim=True)
    scaled = centred / (centred.pow(2).mean(-1, keepdim=True) + 1e-6).sqrt()
    return scaled * state[f"{name}.weight"] + state[f"{name}.bias"]


def turn(vectors, places):
    """Rotate channel pairs as complex numbers, one axis after another."""
    part = 2 * (vectors.shape[-1] // 3 // 2)
    turned = vectors.clone()
    for axis in range(3):
        for pair in range(part // 2):
            frequency = 10_000 ** (-pair / (part / 2))
            angle = torch.tensor([place[axis] * frequency for place in places]).double()
            at = axis * part + 2 * pair
            number = torch.complex(vectors[..., at], vectors[..., at + 1])
            number = number * torch.polar(torch.ones_like(angle), angle)
            turned[..., at], turned[..., at + 1] = number.real, number.imag
    return turned


@pytest.fixture(scope="module")
def weights():
    return telling_weights(SPEC) | {
        name: torch.randn(1, 1, 40, generator=torch.Generator().manual_seed(seed))
        for seed, name in enumerate(("video_mod_embed", "img_mod_embed"))
    }


@pytest.fixture(scope="module")
def pixels():
    frames = torch.from_numpy(ball_frames(size=96))
    return preprocess(frames, build_transform("resize", 96))


def streams_of(encoder, pixels):
    return torch.stack(capture_streams(encoder, pixels, lambda _, tokens: tokens.clone()))


def test_streams_and_output_equal_the_restatement(weights, pixels):
    encoder, _ = ready_encoder(SPEC, weights)
    expected, output = reference(to_original(weights), pixels)
    streams = streams_of(encoder, pixels)
    torch.testing.assert_close(streams.double(), expected, rtol=1e-5, atol=1e-5)
    with torch.inference_mode():
        torch.testing.assert_close(encoder(pixels).double(), output, rtol=1e-5, atol=1e-5)


def test_a_single_frame_is_a_picture(weights, pixels):
    encoder, _ = ready_encoder(SPEC, weights)
    picture = pixels[:, :1]
    expected, _ = reference(to_original(weights), picture, kind="picture")
    streams = streams_of(encoder, picture)
    torch.testing.assert_close(streams.double(), expected, rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match="3 frames cannot be cut"):
        encoder(pixels[:, :3])


def test_rotation_is_one_and_depends_on_distances_alone(weights):
    """What the repair of the slip gives, and V-JEPA 2 lacks."""
    rotate = ready_encoder(SPEC, weights)[0].layer[0].attention.rotate
    vectors = torch.randn(1, 1, 1, 20, generator=torch.Generator().manual_seed(1)).expand(
        1, 1, 144, 20
    )
    turned = rotate(vectors)
    torch.testing.assert_close(turned.norm(dim=-1), vectors.norm(dim=-1))
    scores = (turned @ turned.transpose(-1, -2))[0, 0].unflatten(0, (4, 36)).unflatten(2, (4, 36))
    torch.testing.assert_close(scores[0, :, 1], scores[2, :, 3], rtol=1e-4, atol=1e-4)
    old = ready_encoder(SPEC.model_copy(update={"family": "vjepa2"}), _vjepa2(weights))[0]
    turned = old.layer[0].attention.rotate(vectors)
    assert (turned.norm(dim=-1) - vectors.norm(dim=-1)).abs().max() > 0.1


def _vjepa2(weights):
    kept = {n: t for n, t in weights.items() if "mod_embed" not in n and "picture" not in n}
    names = {"norms_block.3.weight": "layernorm.weight", "norms_block.3.bias": "layernorm.bias"}
    return {names.get(n, n): t for n, t in kept.items() if "norms_block" not in n or n in names}


def test_at_256_pixels_rows_and_columns_are_counted(weights):
    spec = SPEC.model_copy(update={"input_size": 256})
    rotate = ready_encoder(spec, weights)[0].layer[0].attention.rotate
    vectors = torch.zeros(1, 1, 256, 20)
    vectors[..., 12] = 1  # first channel of the columns' part
    angle = torch.atan2(*rotate(vectors)[0, 0, :16, [13, 12]].T)
    expected = torch.arange(16.0)
    torch.testing.assert_close(torch.remainder(angle - expected + 1, 2 * math.pi), torch.ones(16))


@pytest.mark.parametrize("key", ["ema_encoder", "target_encoder"])
@pytest.mark.parametrize("prefix", ["", "module.backbone.", "_orig_mod.module."])
def test_published_files_load(key, prefix, weights, pixels, tmp_path):
    checkpoint = {key: to_original(weights, prefix), "predictor": {"w": torch.ones(2)}, "epoch": 1}
    torch.save(checkpoint, tmp_path / "tiny.pt")
    convert_checkpoint(tmp_path / "tiny.pt", SPEC, "target_encoder", tmp_path / "o.safetensors")
    encoder = load_encoder(tmp_path / "o.safetensors", SPEC, CPU)
    plain, _ = ready_encoder(SPEC, weights)
    assert torch.equal(streams_of(encoder, pixels), streams_of(plain, pixels))
    assert weights_metadata(tmp_path / "o.safetensors", SPEC)["encoder"] == key


def test_the_other_family_is_named_both_ways(weights, tmp_path):
    torch.save({"ema_encoder": to_original(weights)}, tmp_path / "new.pt")
    old = SPEC.model_copy(update={"family": "vjepa2"})
    with pytest.raises(
        ArtifactError, match=r"new.pt is a V-JEPA 2.1 file.* as V-JEPA 2: set family: vjepa2_1 "
    ):
        convert_checkpoint(tmp_path / "new.pt", old, "target_encoder", tmp_path / "o.safetensors")
    torch.save({"target_encoder": to_original(_vjepa2(weights))}, tmp_path / "old.pt")
    with pytest.raises(ArtifactError, match=r"old.pt is a V-JEPA 2 file.*set family: vjepa2 "):
        convert_checkpoint(tmp_path / "old.pt", SPEC, "target_encoder", tmp_path / "o.safetensors")


def test_published_sizes_and_names():
    shapes = expected_shapes(SPEC.model_copy(update={"input_size": 384}))
    assert shapes["embeddings.picture_embeddings.proj.weight"] == (40, 3, 1, 16, 16)
    assert shapes["norms_block.3.bias"] == (40,) and "layernorm.bias" not in shapes


def test_the_vectors_of_the_modalities_begin_at_almost_nothing():
    weights = initial_weights(SPEC, 0)
    assert 0 < weights["video_mod_embed"].abs().max() < 1e-5
    assert weights["embeddings.picture_embeddings.proj.weight"].std() == pytest.approx(
        0.02, rel=0.05
    )
