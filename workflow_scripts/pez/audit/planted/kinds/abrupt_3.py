"""Direction steps at an eighth of the depth (state 3 of 24), before acceleration is readable."""

from functools import partial

from pez.audit.planted.families import plant_abrupt
from pez.audit.planted.planted import PlantedKind

KIND = PlantedKind(
    "abrupt_3",
    "direction steps at an eighth of the depth; the size of acceleration at a third, the direction "
    "of accelerated clips at two thirds",
    {
        "C1": "yes",
        "C2": "no",
        "C3": "no",
        "C4": "yes",
        "C5": None,
        "C6": "no",
        "C7": "no",
        "C8": "yes",
        "C9": "yes",
    },
    partial(plant_abrupt, depth=1 / 8, accelerated_depth=2 / 3, acceleration_depth=1 / 3),
    step=1 / 8,
)
