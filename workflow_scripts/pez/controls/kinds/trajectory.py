"""The ball's true trajectory: the ceiling of a recipe, what it reads when all is known.

A straight line finds no speed in positions, which have a sign where speed has none. So beside the
positions stand the step from one frame of the tubelet to the next, its length, and the sine and
cosine of its direction.
"""

import numpy as np
from numpy.typing import NDArray

from pez.controls.control import Control, Look
from pez.features.spec import View

CONTROL = Control(
    name="trajectory",
    replaces="features",
    words="the true trajectory",
    caption="Trajectory: the ball's true positions and steps in place of the residual stream, the "
    "same recipe: its ceiling; no depth, hence a flat line.",
    look=Look(
        "true trajectory (ceiling)",
        {"linewidth": 1.1, "linestyle": (0, (10, 2)), "zorder": 2.5},
        None,
        9.6,
    ),
    reads="positions",
)


def features(clip: NDArray[np.float64], view: View) -> NDArray[np.float32]:
    """Return what is stored of a trajectory [T, 2] in metres, float32 [T / 2, 9].

    Of every tubelet: x, y of both frames, step in x and y, its length, sine and cosine of its
    direction (0 of a ball at rest).
    """
    tubelets = clip.reshape(-1, 2, 2)
    step = tubelets[:, 1] - tubelets[:, 0]
    length = np.hypot(step[:, 0], step[:, 1])[:, None]
    direction = np.divide(step, length, out=np.zeros_like(step), where=length > 0)
    every = [tubelets.reshape(len(tubelets), -1), step, length, direction[:, ::-1]]
    return np.concatenate(every, axis=1).astype(np.float32)
