"""Tables that the pictures of the audit draw, made of the synthetic audit."""

from functools import cache

import pandas as pd
from synthetic_audit import BLOCKS, MODEL, synthetic_estimands, synthetic_scores

from pez.audit.specification import specification_curve
from pez.figures.audit.sheet import Made

MADE = Made(MODEL, "12 blocks, embedded weights, trained by this project", "392 velocity clips", 3)


@cache
def scores() -> pd.DataFrame:
    return synthetic_scores(seeds=3)


@cache
def estimands() -> pd.DataFrame:
    return synthetic_estimands(scores())


def tables(picture: str) -> list[tuple[str, pd.DataFrame]]:
    """Tables for ``picture``, each with a name."""
    if picture == "specification":
        curve = specification_curve(estimands(), BLOCKS, "direction", MODEL)
        few = estimands()[
            (estimands()["fold_seed"] == 0)
            & (estimands()["selection"] == "nested")
            & (estimands()["target"] == "direction_sincos")
        ]
        few = few.copy()
        few.loc[few["grouping"] == "direction", ["value", "low", "high"]] = float("nan")
        return [
            ("specification", curve),
            ("specification_few", specification_curve(few, BLOCKS, "direction", MODEL)),
        ]
    raise KeyError(picture)
