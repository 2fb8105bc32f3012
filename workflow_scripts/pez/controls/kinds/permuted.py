"""The model's own weights, permuted within each tensor: scales are kept, structure is not."""

from pez.controls.control import Control, Look
from pez.encoders.spec import PermutedWeights

CONTROL = Control(
    name="permuted",
    replaces="weights",
    words="the network with permuted weights",
    caption="Permuted: {weights}, the same recipe.",
    look=Look(
        "permuted weights, ± 1 s.d.",
        {"linewidth": 0.9, "linestyle": (0, (3, 1.2, 1, 1.2)), "zorder": 2.9},
        0.07,
        6.5,
    ),
)


def weights(model: str, seed: int) -> PermutedWeights:
    """Return where the weights that replace those of ``model`` come from."""
    return PermutedWeights(source="permuted", of=model, seed=seed)
