"""Attention distances of every head of one network, clip by clip; see `pez.inside.attention`."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pez.encoders.hooks import HookPoint, run_with_hooks
from pez.inside.attention import AttentionDistance
from pez.inside.distances import MEASURES, uniform_values
from pez.inside.network import Measured, Network
from pez.inside.spec import InsideSpec
from pez.runtime.errors import ArtifactError


def measure(spec: InsideSpec, network: Network) -> Measured:
    """Measure all heads on all clips in one pass.

    Returns:
        A row for every clip, block, head and measure, with its ``value``; beside them
        ``uniform``, each measure under attention to all tokens alike.

    Raises:
        ArtifactError: a value is not finite.
    """
    ready = network.ready
    distance = AttentionDistance(ready.grid, ready.compute.device)
    parts = [
        values for _, values in network.batches(lambda pixels: _heads(network, distance, pixels))
    ]
    values = torch.cat(parts).cpu().numpy()
    if not np.isfinite(values).all():
        clip, block = np.argwhere(~np.isfinite(values))[0][:2]
        raise ArtifactError(network.not_finite(f"attention of block {block}", int(clip)))
    return Measured(_table(network.labels, values), {"uniform": uniform_values(ready.grid)})


def _heads(network: Network, distance: AttentionDistance, pixels: Tensor) -> Tensor:
    """Measures of all blocks, float32 [clips, blocks, heads, measures]."""
    encoder = network.ready.encoder
    found: list[Tensor] = []
    waiting: list[Tensor] = []  # queries of the block that runs

    def with_keys(keys: Tensor) -> None:
        scaling = encoder.blocks()[len(found)].attention.scaling
        found.append(distance(waiting.pop(), keys, scaling))

    hooks = {}
    for block in range(network.blocks):
        hooks[HookPoint("rot_q", block)] = waiting.append
        hooks[HookPoint("rot_k", block)] = with_keys
    run_with_hooks(encoder, pixels, hooks)
    return torch.stack(found, dim=1)


def _table(labels: pd.DataFrame, values: np.ndarray) -> pd.DataFrame:
    clips, blocks, heads, _ = values.shape
    index = pd.MultiIndex.from_product(
        [range(clips), range(blocks), range(heads), MEASURES],
        names=["clip", "block", "head", "measure"],
    )
    table = pd.DataFrame({"value": values.ravel().astype(np.float64)}, index).reset_index()
    for place, name in enumerate(("clip_id", "condition")):
        table.insert(place, name, labels[name].to_numpy()[table["clip"]])
    return table.drop(columns="clip").astype({"measure": "category", "clip_id": "category"})
