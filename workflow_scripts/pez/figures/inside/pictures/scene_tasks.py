"""Beside figure 12 of arXiv 2602.07050: number and kinds of objects, and collisions, by state."""

import pandas as pd

from pez.figures.audit.sheet import Made, Picture
from pez.figures.inside.task_courses import COLUMNS as COLUMNS
from pez.figures.inside.task_courses import draw_courses
from pez.figures.spec import FigureStyle

_TASKS = {
    "count": "Number of objects",
    "kinds": "Kinds of objects",
    "moving": "Number that move",
    "collision": "Collision",
}
_CAPTION = (
    "Out-of-fold accuracy of ridge probes on the mean over all tokens; folds hold out whole clips. "
    "Answers of unlike frequency count the same, so that chance is the same whatever a probe "
    "prefers. Number of objects: how many the clip holds. Kinds: whether it holds a kind (shape, "
    "material and colour), mean over kinds. Number that move: at the first frame. Collision: "
    "whether any two objects touch during the clip. More objects collide more often: the dotted "
    "line is read from their number alone, for collisions also from how many move. "
    "Onset and sharpness are of accuracy above chance as a share of what chance leaves; bars: 90 % "
    "intervals over clips."
)


def build(table: pd.DataFrame, made: Made, style: FigureStyle) -> Picture:
    """Draw a table of `pez.inside.judges.scene_tasks.judge`."""
    title = "What several objects are, how many, and what they do"
    return draw_courses(table, made, style, _TASKS, title, _CAPTION)
