"""Plausibility is nothing of its own: its label is the sign of a coordinate of direction's plane.

The two emerge together, as C5 says, and would do so if nothing of plausibility were computed: C5
cannot tell.
"""

import numpy as np

from pez.audit.planted.build import movies
from pez.audit.planted.courses import state_at, stepping
from pez.audit.planted.design import movie_labels
from pez.audit.planted.families import plant_course
from pez.audit.planted.planted import Network, PlantedKind


def plant(random: np.random.Generator, blocks: int) -> Network:
    """Draw one network."""
    at = state_at(1 / 3, blocks)
    planted = plant_course(random, blocks, stepping(at, blocks))
    labels = movie_labels()
    angle = np.pi * random.uniform(-0.4, 0.4, len(labels))
    sign = np.where(labels["possible"] == 1, 1.0, -1.0)
    plane = np.sqrt(2.0) * np.stack([sign * np.cos(angle), np.sin(angle)], axis=1)
    film = movies(random, labels, plane, stepping(at, blocks, low=0.0))
    return {**planted, "plausibility": film}


KIND = PlantedKind(
    "label_reuse",
    "direction steps at a third of the depth, and plausibility is a coordinate of its plane",
    {
        "C1": "yes",
        "C2": "yes",
        "C3": "yes",
        "C4": "yes",
        "C5": "yes",
        "C6": "no",
        "C7": "yes",
        "C8": "yes",
        "C9": "yes",
    },
    plant,
    step=1 / 3,
)
