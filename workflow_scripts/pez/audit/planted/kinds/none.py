"""Training adds nothing of direction; plausibility steps all the same.

Of C7 nothing is said: what little is readable of the Cartesian components is so at every state.
"""

import numpy as np

from pez.audit.planted.families import nothing
from pez.audit.planted.planted import Network, PlantedKind


def plant(random: np.random.Generator, blocks: int) -> Network:
    """Draw one network."""
    return nothing(random, blocks, level=0.1)


KIND = PlantedKind(
    "none",
    "a trace of direction at every state, as in untrained networks; plausibility steps at a third",
    {
        "C1": "no",
        "C2": "no",
        "C3": "no",
        "C4": "no",
        "C5": "no",
        "C6": "no",
        "C7": None,
        "C8": "no",
        "C9": "no",
    },
    plant,
    rises=False,
)
