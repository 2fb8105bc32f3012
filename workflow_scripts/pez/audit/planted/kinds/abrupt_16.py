"""Direction steps at two thirds of the depth (state 16 of 24), long after plausibility."""

from functools import partial

from pez.audit.planted.families import plant_abrupt
from pez.audit.planted.planted import PlantedKind

KIND = PlantedKind(
    "abrupt_16",
    "direction steps at two thirds of the depth, plausibility at a third",
    {
        "C1": "yes",
        "C2": "no",
        "C3": "yes",
        "C4": "yes",
        "C5": "no",
        "C6": "no",
        "C7": "yes",
        "C8": "yes",
        "C9": "yes",
    },
    partial(plant_abrupt, depth=2 / 3, plausibility_depth=1 / 3),
    step=2 / 3,
)
