"""Figure 12 of arXiv 2602.07050: temporal order beside other tasks, by residual state."""

import pandas as pd

from pez.figures.audit.sheet import Made, Picture
from pez.figures.inside.task_courses import COLUMNS as COLUMNS
from pez.figures.inside.task_courses import draw_courses
from pez.figures.spec import FigureStyle

_TASKS = {
    "tubelets": "Tubelets shuffled",
    "frames": "Frames shuffled",
    "reversed": "Backwards",
    "direction": "Direction",
    "place": "Place of start",
}
_CAPTION = (
    "Out-of-fold accuracy of ridge probes on the mean over all tokens; folds hold out whole "
    "conditions, and both versions of a clip together. Shuffled, backwards: which of two versions "
    "of a clip has its frames in their own order; a fresh order for each clip, never its own. With "
    "shuffled tubelets state 0 is chance by construction: a mean does not know the order of its "
    "tokens. Shuffled frames make pairs that are no motion, which shows within a tubelet. A ball "
    "at constant velocity backwards is another such clip: only where balls start and end tells. "
    "Direction: one of those that clips have. Place: sector of the start, 45 degrees each. "
    "Onset and sharpness are of accuracy above chance as a share of what chance leaves; bars: 90 % "
    "intervals over conditions."
)


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw a table of `pez.inside.judges.order_task.judge`."""
    title = "Temporal order beside direction and place"
    return draw_courses(table, made, style, _TASKS, title, _CAPTION)
