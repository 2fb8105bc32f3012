"""One patch holds direction from a third of the depth on, and passes it to more and more patches.

Pooled over 64 patches, one patch's signal is a 64th beside noise that shrinks by 8 only: it is
hardly readable. Patches are taken in so that the pooled R2 grows evenly up to the last state. So
what this audit reads is a gradual rise, late, although the onset in the patch was abrupt
and at a third: of the pooled curve the claims C1 and C2 are false. Of C4 nothing is said.
"""

import numpy as np

from pez.audit.planted.courses import HIGH, LOW, amplitude, rising, state_at
from pez.audit.planted.families import plant_course
from pez.audit.planted.planted import Network, PlantedKind

PATCHES = 64


def patches_reached(blocks: int) -> np.ndarray:
    """Number of patches that hold direction at every state, int64 [S]."""
    first = state_at(1 / 3, blocks)
    pooled = amplitude(rising(first, blocks, blocks)) / amplitude(np.array(HIGH))
    reached = np.maximum(np.round(PATCHES * pooled), 1).astype(np.int64)
    return np.where(np.arange(blocks + 1) < first, 0, reached)


def plant(random: np.random.Generator, blocks: int) -> Network:
    """Draw one network."""
    signal = amplitude(np.array(HIGH)) * patches_reached(blocks) / PATCHES
    pooled = signal**2 / (1 + signal**2)
    return plant_course(random, blocks, np.maximum(pooled, LOW))


KIND = PlantedKind(
    "patch_then_spread",
    "one patch of 64 holds direction from a third of the depth on, all of them at the last state",
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
