"""Labels that belong to other clips: what a probe reaches without anything to read."""

from pez.controls.control import Control, Look

CONTROL = Control(
    name="shuffled",
    replaces="labels",
    words="shuffled labels",
    caption="Shuffled labels: dealt out at random, of movies within their scene, of balls over all "
    "clips, for training and judging alike; under validation selection what lies above chance is "
    "the optimism of choosing, and luck.",
    look=Look(
        "shuffled labels",
        {"linewidth": 0.8, "linestyle": (0, (1.2, 1.2)), "zorder": 2.8},
        None,
        7.2,
    ),
)
