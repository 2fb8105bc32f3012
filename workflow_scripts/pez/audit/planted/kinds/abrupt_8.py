"""The course that the paper describes: all at a third of the depth (state 8 of 24), and a decline.

Direction and plausibility step at the same state, on directions of their own.
"""

from functools import partial

from pez.audit.planted.families import plant_abrupt
from pez.audit.planted.planted import PlantedKind

KIND = PlantedKind(
    "abrupt_8",
    "direction and plausibility step at a third of the depth, and direction declines late",
    {
        "C1": "yes",
        "C2": "yes",
        "C3": "yes",
        "C4": "yes",
        "C5": "yes",
        "C6": "yes",
        "C7": "yes",
        "C8": "yes",
        "C9": "yes",
    },
    partial(plant_abrupt, depth=1 / 3, plausibility_depth=1 / 3, late=0.7),
    step=1 / 3,
)
