"""Direction's ring is sheared by position: X = (ring + position, position).

An invertible linear map of a ring beside position: all information is there, and a linear probe
that takes position into account undoes it.
"""

import numpy as np

from pez.audit.planted.build import position, ring
from pez.audit.planted.courses import state_at, stepping
from pez.audit.planted.families import plant_code
from pez.audit.planted.planted import Network, PlantedKind

SHEAR = 1.0


def plant(random: np.random.Generator, blocks: int) -> Network:
    """Draw one network."""
    course = stepping(state_at(1 / 3, blocks), blocks)
    return plant_code(random, course, lambda labels: ring(labels) + SHEAR * position(labels))


KIND = PlantedKind(
    "ring_plus_shear",
    "direction steps at a third of the depth, on a plane to which position is added",
    {
        "C1": "yes",
        "C2": "yes",
        "C3": "yes",
        "C4": "yes",
        "C5": None,
        "C6": "no",
        "C7": "yes",
        "C8": "yes",
        "C9": "yes",
    },
    plant,
    step=1 / 3,
)
