"""When a sequence of probes stops.

Two rules say when a sequence stops. ``appendix``, C.11: direction below R2 .1, or off by more than
80 degrees on average; speed below R2 .05, or its error above 90 % of that of the mean; plausibility
below 55 % right, or an AUC below .55. ``caption``, of figure 22: R2 .3, R2 .1, 55 % right.
"""

from collections.abc import Mapping

import numpy as np

from pez.inside.kinds.probe_sequences import Rule
from pez.inside.sequences.names import DIRECTION, PLAUSIBILITY, SPEED

# What keeps a sequence going: of every metric the least, or for errors the largest, value.
LIMITS: Mapping[Rule, Mapping[str, Mapping[str, float]]] = {
    "appendix": {
        DIRECTION: {"r2": 0.1, "mae_deg": 80.0},
        SPEED: {"r2": 0.05, "mae_share": 0.9},
        PLAUSIBILITY: {"accuracy": 0.55, "auc": 0.55},
    },
    "caption": {
        DIRECTION: {"r2": 0.3},
        SPEED: {"r2": 0.1},
        PLAUSIBILITY: {"accuracy": 0.55},
    },
}
METRIC = {DIRECTION: "r2", SPEED: "r2", PLAUSIBILITY: "accuracy"}  # that is drawn


def probes_until(
    variable: str, metrics: Mapping[str, np.ndarray], rule: Rule
) -> tuple[np.ndarray, np.ndarray]:
    """How many probes read ``variable`` before the first that does not.

    Args:
        variable: what is read.
        metrics: by name, [N, ...].
        rule: of `LIMITS`.

    Returns:
        Counts, int64 [...]; and whether all N probes read it, so that a count is "at least".
    """
    reads = np.ones(next(iter(metrics.values())).shape, dtype=bool)
    for name, limit in LIMITS[rule][variable].items():
        values = metrics[name]
        reads &= values <= limit if name.startswith("mae") else values >= limit
    going = np.logical_and.accumulate(reads, axis=0)
    return going.sum(axis=0), going[-1]
