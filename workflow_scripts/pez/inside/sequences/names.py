"""Names in tables of probe sequences."""

DIRECTION, SPEED, PLAUSIBILITY = "direction", "speed", "plausibility"  # variables

PROBES, WHITENED, RANDOM, SHUFFLED = "probes", "whitened", "random", "shuffled"  # arms
WHOLE, ERASED = "whole", "erased"  # arms of a linear erasure
NETWORK = "small network"  # that reads beside ridge
SAME, OTHER = "same clips", "other clips"  # that two subspaces are from
# Ways to steer, beside probes and those of shuffled labels.
NOTHING, SUBSPACE, LENGTH, PLANE, MEANS = (
    "nothing", "random subspace", "random, as long", "plane", "class means",
)  # fmt: skip
