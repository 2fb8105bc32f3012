"""Passes with keys taken away, and what probes read after each: one row per clip and reading."""

import pandas as pd

from pez.inside.ablation.reading import read_passes
from pez.inside.ablation.readings import DIRECTION, PATCHES, PLACE
from pez.inside.ablation.windowed import run_windows
from pez.inside.kinds.window_ablation import Section
from pez.inside.network import Measured, Network
from pez.inside.spec import InsideSpec


def measure(spec: InsideSpec, network: Network) -> Measured:
    """Measure one network.

    Tasks: direction (sine and cosine) from the mean over all tokens; the same from every patch by
    a probe of its own, at the end of the masked blocks; and where the ball starts, which asks for
    no motion.

    Returns:
        Columns of `pez.inside.ablation.windowed.run_windows`, and those of
        `pez.inside.ablation.reading.read_passes`. Beside them ``end``, the state after the
        masked blocks.
    """
    assert isinstance(spec, Section)
    found, about = run_windows(spec, network, keep_patches=True)
    read = [
        (found.mean_features(state), task, state)
        for state in found.means
        for task in (DIRECTION, PLACE)
    ]
    read.append((found.patch_features(), PATCHES, found.end))
    rows = [
        read_passes(spec, features, task, about, network.labels, state)
        for features, task, state in read
    ]
    return Measured(pd.concat(rows, ignore_index=True), {"end": found.end})
