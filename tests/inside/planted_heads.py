"""Tables of attention distances with planted answers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pez.encoders.family import Grid
from pez.inside.distances import MEASURES, uniform_values
from pez.runtime.tables import write_table

CLIPS, BLOCKS, HEADS = 20, 12, 4
IDS = [f"velocity_{number:04d}" for number in range(CLIPS)]
UNIFORM = uniform_values(Grid(8, 16, 16))
SPREAD = np.array([-1.0, -1.0, 1.0, 1.0])  # over heads: population standard deviation 1


def heads(
    mean: Sequence[float] | float = 7.0,
    spread: Sequence[float] | float = 0.5,
    noise: float = 0.02,
    seed: int = 0,
) -> np.ndarray:
    """Spatial distances float64 [clips, blocks, heads] whose layer means and specialisations are
    ``mean`` and ``spread``, by block, up to noise over clips."""
    draws = np.random.default_rng(seed)
    centre = np.broadcast_to(mean, BLOCKS)[:, None] + np.outer(
        np.broadcast_to(spread, BLOCKS), SPREAD
    )
    return centre + noise * draws.standard_normal((CLIPS, BLOCKS, HEADS))


def peaked(block: int, height: float = 1.0, base: float = 0.5) -> np.ndarray:
    """Specialisations with a peak at ``block``."""
    return np.where(np.arange(BLOCKS) == block, base + height, base)


def write_planted(path: Path, spatial: np.ndarray, **said: object) -> Path:
    """Write the table of the network that ``path`` names; other measures follow ``spatial``."""
    of = {name: np.full_like(spatial, UNIFORM[name]) for name in MEASURES}
    of["spatial"], of["temporal"] = spatial, spatial / 3
    of["joint"], of["spatial_share"] = spatial * 1.1, spatial / UNIFORM["spatial"]
    index = pd.MultiIndex.from_product(
        [range(CLIPS), range(BLOCKS), range(HEADS), MEASURES],
        names=["clip", "block", "head", "measure"],
    )
    values = np.stack([of[name] for name in MEASURES], axis=-1)
    table = pd.DataFrame({"value": values.ravel()}, index).reset_index()
    clip = table.pop("clip")
    table = table.assign(clip_id=clip.map(dict(enumerate(IDS))), condition=clip)
    identity = {
        "kind": "attention_distance",
        "model": path.stem,
        "dataset": "velocity",
        "clip_ids": IDS,
        "source": "made up",
        "precision": "fp32",
        "uniform": UNIFORM,
    }
    write_table(path, table, {name: value for name, value in (identity | said).items() if value})
    return path
