"""Direction's R2 rises in a straight line over the whole depth.

Of C4 nothing is said: untrained networks have no such rise, but neither is this one sharp.
"""

import numpy as np

from pez.audit.planted.courses import rising
from pez.audit.planted.families import plant_course
from pez.audit.planted.planted import Network, PlantedKind


def plant(random: np.random.Generator, blocks: int) -> Network:
    """Draw one network."""
    return plant_course(random, blocks, rising(0, blocks, blocks))


KIND = PlantedKind(
    "ramp",
    "direction rises in a straight line from the first state to the last",
    {
        "C1": "no",
        "C2": "no",
        "C3": "yes",
        "C4": None,
        "C5": None,
        "C6": "no",
        "C7": "yes",
        "C8": "yes",
        "C9": "yes",
    },
    plant,
)
