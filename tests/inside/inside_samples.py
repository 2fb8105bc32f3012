"""A small dataset of balls and a tiny encoder, as files, for the tests of `pez.inside`."""

from pathlib import Path

import numpy as np
import pandas as pd

from encoder_samples import ball_frames, encoder_spec, telling_weights
from pez.clips.store import write_clips
from pez.features.spec import ExtractionSpec
from pez.inside.measure import measure_network
from pez.inside.network import Network, open_network
from pez.inside.registry import find_inside_section
from pez.inside.spec import InsideSpec
from pez.runtime.tables import write_table
from pez.runtime.tensor_file import write_tensors

SPEC = encoder_spec()
SHARDS = (5, 4, 3)  # clips of each
DIRECTIONS, MAGNITUDES, STARTS = 2, 2, 3
IDS = [f"velocity_{number:04d}" for number in range(sum(SHARDS))]
CHOSEN = [IDS[number] for number in (0, 3, 6, 9)]  # the first of every condition


def attention_spec(**changes: object) -> InsideSpec:
    fields = {
        "kind": "attention_distance",
        "dataset": "velocity",
        "models": ["tiny"],
        "draws": 200,
        "figures": {"figure3": "attention_heads", "figure19": "attention_layers"},
    }
    return find_inside_section("attention_distance").model_validate(fields | changes)


def write_dataset(folder: Path, frames: np.ndarray | None = None, source: str = "made up") -> None:
    """Write clips, labels and weights."""
    frames = ball_frames(clips=len(IDS)) if frames is None else frames
    identity = {"dataset": "velocity", "source": source, "frame_shape": [8, 64, 64]}
    first = 0
    for shard, count in enumerate(SHARDS):
        rows = slice(first, first + count)
        path = folder / f"shard_{shard:03d}.safetensors"
        write_clips(path, frames[rows], IDS[rows], first, identity | {"shard": shard})
        first += count
    direction, magnitude, start = (
        index.ravel() for index in np.indices((DIRECTIONS, MAGNITUDES, STARTS))
    )
    labels = pd.DataFrame(
        {
            "clip_id": IDS,
            "direction_index": direction,
            "magnitude_index": magnitude,
            "start_index": start,
            "direction_rad": np.pi * direction,
            "speed_m_s": 2.0 + magnitude,
            "start_x_m": np.linspace(-2, 2, len(IDS)),
            "start_y_m": np.sin(np.arange(len(IDS))),
        }
    )
    write_table(folder / "labels.parquet", labels, identity | {"clip_ids": IDS})
    weights = {name: tensor.numpy() for name, tensor in telling_weights(SPEC).items()}
    origin = {"weights": {"source": "random", "seed": 0}}
    write_tensors(folder / "tiny.safetensors", weights, origin)


def opened(folder: Path, spec: InsideSpec, model: str = "tiny", **changes: object) -> Network:
    """Open the tiny encoder on the dataset in ``folder``."""
    given = {
        "clips": [folder / f"shard_{shard:03d}.safetensors" for shard in range(len(SHARDS))],
        "labels": folder / "labels.parquet",
        "checkpoint": folder / "tiny.safetensors",
        "model": model,
        "encoder_spec": SPEC,
        "extraction": ExtractionSpec(batch_size=2, precision="fp32"),
        "spec": spec,
        "device": "cpu",
    }
    return open_network(**given | changes)  # type: ignore[arg-type]


def measured(folder: Path, output: Path, spec: InsideSpec, **changes: object) -> Path:
    """Measure the tiny encoder and write its table under ``output``, named after the network."""
    network = opened(folder, spec, **changes)
    path = output / f"{network.identity['model']}.parquet"
    measure_network(spec, network, path)
    return path
