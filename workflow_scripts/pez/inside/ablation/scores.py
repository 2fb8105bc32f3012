"""Scores of what probes read after every pass, under draws of conditions."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pez.estimands.bootstrap import bootstrap_weights

READ = ("state", "task", "reading")


def scores_by(
    table: pd.DataFrame, which: Sequence[str], draws: int, seed: int
) -> dict[tuple[object, ...], NDArray[np.float64]]:
    """Scores of one network: of the clips, then of draws.

    Args:
        table: rows with the columns of `pez.inside.ablation.reading.read_passes`.
        which: columns that tell passes apart.
        draws: bootstrap draws B of conditions, the same for all scores: differences are paired.
        seed: of the draws.

    Returns:
        float64 [1 + B] each, by ``which`` and `READ`.
    """
    clips = table.drop_duplicates("clip_id")
    weights = bootstrap_weights(clips["condition"].to_numpy(), draws, seed)
    weights = np.vstack([np.ones(len(clips)), weights])
    found: dict[tuple[object, ...], NDArray[np.float64]] = {}
    for key, rows in table.groupby([*which, *READ], sort=False, observed=True):
        own = rows.set_index("clip_id").loc[clips["clip_id"]]
        found[key] = 1 - weights @ own["loss"].to_numpy() / (weights @ own["total"].to_numpy())
    return found
