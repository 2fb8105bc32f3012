"""The rotary tables rotate as transformers does, slip included."""

import pytest
import torch
from transformers.models.vjepa2.modeling_vjepa2 import VJEPA2RopeAttention

from encoder_samples import CPU, encoder_spec
from pez.encoders.rotary import MOST_TUBELETS, Rotary, tiled
from pez.pretraining.network import encoder_config

GRID = 4


def attention(head_size: int) -> VJEPA2RopeAttention:
    spec = encoder_spec(hidden_size=2 * head_size, heads=2)  # a grid of 4 x 4 patches
    return VJEPA2RopeAttention(encoder_config(spec), spec.hidden_size, spec.heads)


# 64: Large and Giant, 80: Huge, 20: two channels are left unrotated, 24: none is
@pytest.mark.parametrize("head_size", [64, 80, 20, 24])
@pytest.mark.parametrize("tubelets", [1, 8, MOST_TUBELETS])
def test_tables_rotate_like_transformers(head_size: int, tubelets: int) -> None:
    stock = attention(head_size)
    tokens = torch.randn(2, 2, 16 * tubelets, head_size)
    positions = stock.get_position_ids(torch.empty(2, 16 * tubelets, 1))
    expected = stock.apply_rotary_embeddings(tokens, positions)
    rotated = Rotary(head_size, GRID, tiled, torch.float32, CPU)(tokens)
    torch.testing.assert_close(rotated, expected, rtol=1e-5, atol=2e-5)
    assert not torch.allclose(rotated[:, :, 1:], tokens[:, :, 1:], atol=0.1)


def test_clips_longer_than_the_table_are_refused() -> None:
    rotary = Rotary(64, GRID, tiled, torch.float32, CPU)
    with pytest.raises(ValueError, match="take fewer frames"):
        rotary(torch.zeros(1, 2, 16 * MOST_TUBELETS + 16, 64))
