"""The same architecture with random weights: what the network gives away without any training."""

from pez.controls.control import Control, Look
from pez.encoders.spec import RandomWeights

CONTROL = Control(
    name="untrained",
    replaces="weights",
    words="the untrained network",
    caption="Untrained: the same architecture, {weights}, the same recipe.",
    look=Look(
        "untrained network, ± 1 s.d.",
        {"linewidth": 1.0, "linestyle": (0, (4, 1.6)), "zorder": 3},
        0.09,
        5.8,
    ),
)


def weights(model: str, seed: int) -> RandomWeights:
    """Return where the weights that replace those of ``model`` come from."""
    return RandomWeights(source="random", seed=seed)
