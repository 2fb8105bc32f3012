"""Passes of movies without some keys, and how probes tell them: one row per movie and reading."""

import pandas as pd

from pez.inside.ablation.reading import read_passes
from pez.inside.ablation.readings import PLAUSIBILITY
from pez.inside.ablation.windowed import run_windows
from pez.inside.kinds.plausibility_ablation import Section
from pez.inside.network import Measured, Network
from pez.inside.spec import InsideSpec
from pez.scores.plausibility import check_movies


def measure(spec: InsideSpec, network: Network) -> Measured:
    """Measure one network: possible movies are told from impossible ones by all tokens' mean.

    Returns:
        As `pez.inside.measures.window_ablation.measure` has it; ``condition`` is the scene.

    Raises:
        ArtifactError: scenes are not whole.
    """
    assert isinstance(spec, Section)
    check_movies(network.labels, spec.dataset)
    found, about = run_windows(spec, network)
    rows = [
        read_passes(spec, found.mean_features(state), PLAUSIBILITY, about, network.labels, state)
        for state in found.means
    ]
    return Measured(pd.concat(rows, ignore_index=True), {"end": found.end})
