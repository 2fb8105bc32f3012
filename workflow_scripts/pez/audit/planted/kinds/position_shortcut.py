"""Balls start opposite to where they go, and position steps: direction is read off the start.

The stream holds no direction at all. C1 to C3 are true of the score and say nothing of direction;
C8 is what finds out. Of C9 nothing is said: one half of the frame has only some directions.
"""

import numpy as np

from pez.audit.planted.build import balls
from pez.audit.planted.courses import flat, state_at, stepping
from pez.audit.planted.design import ball_labels
from pez.audit.planted.planted import Network, PlantedKind

FOLLOWS = 0.75  # share of a start that direction decides


def plant(random: np.random.Generator, blocks: int) -> Network:
    """Draw one network."""
    course = stepping(state_at(1 / 3, blocks), blocks)
    nothing = flat(0.0, blocks)
    return {
        kind: balls(random, ball_labels(random, kind, FOLLOWS), nothing, of_position=course)
        for kind in ("velocity", "acceleration")
    }


KIND = PlantedKind(
    "position_shortcut",
    "balls start opposite to where they go, and only position steps at a third of the depth",
    {
        "C1": "yes",
        "C2": "yes",
        "C3": "yes",
        "C4": None,
        "C5": None,
        "C6": "no",
        "C7": "yes",
        "C8": "no",
        "C9": None,
    },
    plant,
    step=1 / 3,
)
