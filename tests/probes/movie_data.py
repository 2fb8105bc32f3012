"""Labels of movies in whole scenes, as the IntPhys stage writes them."""

import numpy as np
import pandas as pd

from pez.recipes.spec import GradientSolver, PlausibilityProbeSpec

BLOCKS = ("O1", "O2", "O3")
SOLVER = GradientSolver(
    method="adamw", steps=60, patience=10, learning_rates=(3e-3, 3e-2), weight_decays=(0.01, 0.4)
)


def movies(scenes: int, blocks: tuple[str, ...] = BLOCKS, seed: int = 0) -> pd.DataFrame:
    """``scenes`` scenes of every block; AA and AB are pair 0, BB and BA pair 1, in any order.

    The columns ``first`` and ``second`` (0 for A, 1 for B) tell which of the two possible runs
    the parts of a movie before and after the splice come from; the real labels lack them.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for block in blocks:
        for scene in range(1, scenes + 1):
            for movie, kind in enumerate(rng.permutation(4), start=1):
                first, second = divmod(int(kind), 2)
                rows.append(
                    {
                        "clip_id": f"{block}_{scene:02d}_{movie}",
                        "dataset": "intphys_mini",
                        "block": block,
                        "scene": scene,
                        "movie": movie,
                        "possible": int(first == second),
                        "pair": first,
                        "breakpoint": 12,
                        "frames": 32,
                        "first": first,
                        "second": second,
                    }
                )
    return pd.DataFrame(rows).astype({"breakpoint": "Int64"})


def plausibility_spec(**changes) -> PlausibilityProbeSpec:
    return PlausibilityProbeSpec.model_validate(
        {
            "dataset": "intphys_mini",
            "target": "plausibility",
            "capture": "resid_pre",
            "pooling": "mean",
            "normalisation": "zscore",
            "solver": "here",
        }
        | changes
    )
