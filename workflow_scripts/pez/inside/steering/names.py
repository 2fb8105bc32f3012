"""Names in tables of edits that run through the network."""

from typing import NamedTuple

from pez.inside.sequences.names import LENGTH, MEANS, NOTHING, PLANE, PROBES

EVERYWHERE, UNDER_BALL, NOWHERE = "all tokens", "under the ball", "none"  # tokens that are edited
CARRIED, OTHER_CLIP = "carried", "other clip"  # beside those of `pez.inside.sequences.names`
NO_STATE = -1  # where nothing is edited


class Arm(NamedTuple):
    """What is added to which tokens."""

    tokens: str
    edit: str


# What runs through the network.
ARMS = (
    Arm(EVERYWHERE, MEANS), Arm(EVERYWHERE, PLANE), Arm(EVERYWHERE, PROBES),
    Arm(EVERYWHERE, LENGTH), Arm(UNDER_BALL, MEANS), Arm(UNDER_BALL, LENGTH),
)  # fmt: skip
# What does not: the means' edit added only where it is read, no edit, and another clip.
BESIDE = (Arm(EVERYWHERE, CARRIED), Arm(NOWHERE, NOTHING), Arm(NOWHERE, OTHER_CLIP))
