"""Spliced movies of a ball, a tiny encoder, and predictors of two steps, for the tests."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image

from encoder_samples import encoder_spec, ready_encoder, telling_weights
from pez.inside.kinds.layer_prediction import PredictorsSpec, Section
from pez.inside.prediction.frozen import Frozen, freeze
from pez.intphys.index import index_movies
from pez.intphys.sample import sample_movies
from pez.intphys.spec import BLOCKS, SamplingSpec
from pez.runtime.tables import write_table
from pez.runtime.tensor_file import write_tensors

SPEC = encoder_spec()  # 3 blocks, 64 pixels, 16 patches a tubelet
STATES = [0, 1, 2, 3]
FRAMES, CHANGE = 24, 13
ORDER = ("A", "AB", "BA", "B")  # movies 1 to 4 of every scene


def frozen() -> Frozen:
    """The tiny encoder."""
    return freeze(*ready_encoder(SPEC, telling_weights(SPEC)))


def predictors_spec(**changes: object) -> PredictorsSpec:
    fields = {
        "contexts": (4, 8),
        "shape": {"hidden_size": 24, "layers": 1, "heads": 2},
        "clips": 2,
        "steps": 2,
    }
    return PredictorsSpec.model_validate(fields | changes)


def section(**changes: object) -> Section:
    fields = {
        "kind": "layer_prediction",
        "dataset": "mini",
        "models": ["tiny"],
        "predictors": predictors_spec().model_dump(),
        "window_stride": 4,
        "figures": {"figure11": "layer_prediction"},
        "draws": 200,
    }
    return Section.model_validate(fields | changes)


def scene_movies(seed: int = 0) -> dict[str, np.ndarray]:
    """Movies A, AB, BA, B, uint8 [24, 64, 64, 3]: squares glide, hidden at the splice."""
    random = np.random.default_rng(seed)
    floor = random.integers(60, 120, (64, 64, 3))
    colours = random.integers(130, 256, (2, 3))
    rows = random.integers(0, 48, 2)
    movies = np.tile(floor.astype(np.uint8), (2, FRAMES, 1, 1, 1))
    for movie in range(2):
        for frame in range(FRAMES):
            if frame not in (CHANGE - 1, CHANGE):
                left = 2 * frame
                movies[movie, frame, rows[movie] : rows[movie] + 12, left : left + 12] = colours[
                    movie
                ]
    first, second = movies
    return {
        "A": first,
        "AB": np.concatenate([first[:CHANGE], second[CHANGE:]]),
        "BA": np.concatenate([second[:CHANGE], first[CHANGE:]]),
        "B": second,
    }


def write_movies(folder: Path) -> None:
    """Write one scene of each block, their labels, and the encoder, to ``folder``."""
    root = folder / "movies"
    for number, block in enumerate(BLOCKS):
        for place, (name, frames) in enumerate(scene_movies(number).items()):
            movie = root / block / "01" / str(place + 1)
            (movie / "scene").mkdir(parents=True)
            for frame, picture in enumerate(frames, start=1):
                Image.fromarray(picture).save(movie / "scene" / f"scene_{frame:03d}.png")
            possible = "true" if len(name) == 1 else "false"
            (movie / "status.json").write_text(f'{{"header": {{"is_possible": {possible}}}}}')
    index: pd.DataFrame = index_movies(root, 1, FRAMES)
    write_table(folder / "index.parquet", index, {"dataset": "mini"})
    sample_movies(
        dataset="mini",
        root=root,
        index=folder / "index.parquet",
        sampling=SamplingSpec(frames=4),
        shard_size=12,
        labels=folder / "labels.parquet",
        shards=[folder / "shard_000.safetensors"],
    )
    weights = {name: tensor.numpy() for name, tensor in telling_weights(SPEC).items()}
    origin = {"weights": {"source": "random", "seed": 0}}
    write_tensors(folder / "tiny.safetensors", weights, origin)


def pixels(frames: np.ndarray) -> torch.Tensor:
    """Frames uint8 [..., T, H, W, 3] as float32 [..., T, 3, H, W] about 0."""
    return torch.from_numpy(frames).movedim(-1, -3).float() / 64 - 2
