"""Every quadrant of the frame codes direction in a plane of its own.

A probe of all clips reads direction by four planes at once; one that has seen one half of the frame
knows nothing of the other's planes.
"""

import numpy as np
import pandas as pd

from pez.audit.planted.build import ring
from pez.audit.planted.courses import state_at, stepping
from pez.audit.planted.families import plant_code
from pez.audit.planted.planted import Network, PlantedKind


def plant(random: np.random.Generator, blocks: int) -> Network:
    """Draw one network."""
    course = stepping(state_at(1 / 3, blocks), blocks, low=0.05, high=0.97)
    return plant_code(random, course, _by_quadrant)


def _by_quadrant(labels: pd.DataFrame) -> np.ndarray:
    """The ring in the columns of the start's quadrant, 0 in those of the others, [n, 8]."""
    right, top = labels["start_x_m"] >= 0, labels["start_y_m"] >= 0
    quadrant = (2 * right.astype(int) + top.astype(int)).to_numpy()
    own = (quadrant[:, None] == np.arange(4)).astype(float)
    return (own[:, :, None] * ring(labels)[:, None]).reshape(len(labels), -1)


KIND = PlantedKind(
    "own_frames",
    "direction steps at a third of the depth, in another plane for each quadrant of the frame",
    {
        "C1": "yes",
        "C2": "yes",
        "C3": "yes",
        "C4": "yes",
        "C5": None,
        "C6": "no",
        "C7": "yes",
        "C8": "yes",
        "C9": "no",
    },
    plant,
    step=1 / 3,
)
