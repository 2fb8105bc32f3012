"""Networks whose blocks are linear maps of the tokens, and clips with a ring planted in them."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from pez.clips.spec import SceneSpec
from pez.encoders.family import Grid
from pez.encoders.transformer import Encoder
from pez.inside.kinds.network_steering import Section
from pez.inside.network import Network
from pez.inside.registry import find_inside_section

GRID = Grid(2, 4, 4)
TOKENS, WIDTH, BLOCKS = 32, 12, 4
SCENE = SceneSpec(frames=4, resolution=64)
DIRECTIONS, MAGNITUDES, STARTS = 8, 3, 2
CLIPS = DIRECTIONS * MAGNITUDES * STARTS


def section(**changes: object) -> Section:
    fields = {
        "kind": "network_steering",
        "dataset": "velocity",
        "clips_per_condition": STARTS,
        "models": ["tiny"],
        "controls": {"untrained": [1]},
        "edit_depths": [0.25, 0.75],
        "edit_probes": 1,
        "folds": 3,
        "alphas": [1e-1, 1.0],
        "draws": 200,
        "figures": {"figure24_network": "network_steering"},
    }
    made = find_inside_section("network_steering").model_validate(fields | changes)
    assert isinstance(made, Section)
    return made


def labels() -> pd.DataFrame:
    """Balls of 8 directions, 3 speeds and 2 starts, as the measurement sees them."""
    direction, magnitude, start = (
        index.ravel() for index in np.indices((DIRECTIONS, MAGNITUDES, STARTS))
    )
    places = np.random.default_rng(1).uniform(-2, 2, (CLIPS, 2))
    return pd.DataFrame(
        {
            "clip_id": [f"velocity_{clip:04d}" for clip in range(CLIPS)],
            "direction_index": direction,
            "magnitude_index": magnitude,
            "start_index": start,
            "direction_rad": direction * np.pi / 4,
            "speed_m_s": magnitude + 1.0,
            "start_x_m": places[:, 0],
            "start_y_m": places[:, 1],
            "condition": direction * MAGNITUDES + magnitude,
        }
    )


class Linear(nn.Module):
    """A block that maps every token alike."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = weights

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the tokens after the block."""
        return tokens @ self.weights


class LinearEncoder(Encoder):
    """Blocks that are invertible maps; a clip's pixels say no more than its number."""

    def __init__(self, tokens: Tensor, blocks: list[Tensor]) -> None:
        nn.Module.__init__(self)
        self.tokens = tokens
        self.layer = nn.ModuleList(map(Linear, blocks))
        self.spec: Any = SimpleNamespace(input_size=SCENE.resolution)
        self.compute: Any = "ready"

    def embed(self, pixels: Tensor) -> Tensor:
        """Look up the tokens of the clips."""
        return self.tokens[pixels[:, 0, 0, 0, 0].long()]

    def check_pixels(self, pixels: Tensor) -> None:
        """Take all."""

    def normalise(self, tokens: Tensor) -> Tensor:
        """Leave the tokens as they are."""
        return tokens


def invertible(seed: int) -> Tensor:
    """An invertible map, neither a rotation nor far from one."""
    random = torch.Generator().manual_seed(seed)
    turn = torch.linalg.qr(torch.randn(WIDTH, WIDTH, generator=random))[0]
    return turn * torch.linspace(0.7, 1.4, WIDTH)


def ring_tokens(noise: float, seed: int = 0) -> Tensor:
    """Tokens [n, tokens, D] that all hold their clip's direction in two of their dimensions."""
    random = torch.Generator().manual_seed(seed)
    angle = torch.from_numpy(labels()["direction_rad"].to_numpy(np.float32, copy=True))
    tokens = noise * torch.randn(CLIPS, TOKENS, WIDTH, generator=random)
    tokens[..., 0] += angle.sin()[:, None]
    tokens[..., 1] += angle.cos()[:, None]
    return tokens


def network(tokens: Tensor, blocks: list[Tensor] | None = None, model: str = "tiny") -> Network:
    """A network of linear blocks on clips with these ``tokens``, whose balls stand still."""
    made = [invertible(seed) for seed in range(BLOCKS)] if blocks is None else blocks
    known = labels()
    rows = known.loc[known.index.repeat(SCENE.frames), ["start_x_m", "start_y_m"]]
    track = pd.DataFrame({"x_m": rows["start_x_m"], "y_m": rows["start_y_m"], "z_m": 0.3})
    ready: Any = SimpleNamespace(
        encoder=LinearEncoder(tokens, made),
        grid=GRID,
        compute=SimpleNamespace(autocast=nullcontext),
        pixels=lambda clips: torch.from_numpy(clips).float(),
    )
    numbers = np.arange(CLIPS, dtype=np.uint8).reshape(-1, 1, 1, 1, 1)
    identity = {
        "model": model, "dataset": "velocity", "clip_ids": list(known["clip_id"]), "source": "1",
        "labels": "2", "precision": "fp32", "preprocessing": "resize", "input_size": 64,
        "weights_checksum": model,
    }  # fmt: skip
    shards = [lambda: numbers[:20], lambda: numbers[20:]]
    return Network(ready, known, identity, shards, 7, track.reset_index(drop=True), SCENE)
