"""Figures 2(b) and 2(c) of arXiv 2602.07050: R2 of motion probes against depth.

Both are one drawing: a row of panels per model, a panel per probe with the curves of all protocols.
They differ in their probes.
"""

from functools import partial

import numpy as np
import pandas as pd

from pez.emergence.readout import SCORES
from pez.figures.captions import caption, choice_words, panel_title, row_title
from pez.figures.inputs import BuiltFigure, FigureInputs
from pez.figures.kinds.motion import Section as MotionSection
from pez.figures.legend import legend_handles
from pez.figures.looks import Palette, as_drawn
from pez.figures.page import DepthAxis, Page, Panel, PanelRow, Section, draw_page
from pez.figures.panels import TOP, axis_floor, draw_r2_panel


def build(spec: MotionSection, inputs: FigureInputs) -> BuiltFigure:
    """Build the figure that ``spec`` describes; call inside `pez.figures.style.styled`."""
    recipes = [inputs.recipes[name] for name in spec.recipes]
    table = as_drawn(inputs.series)
    palette = Palette.of_choices(recipes, inputs.style)
    sections = [
        Section(
            row_title(found, inputs.models[found.model], recipes[0].spec.capture),
            [_row(table[table["model"] == found.model], spec, palette, inputs)],
            DepthAxis.of_states(inputs.models[found.model].layers),
        )
        for found in inputs.verdict.models
    ]
    words = {choice: choice_words(*choice) for choice in palette.colours}
    page = Page(
        title=spec.title,
        sections=sections,
        legend=legend_handles(table, palette, words, inputs.style),
        caption=caption(
            table["metric"].iloc[0],
            recipes,
            inputs.protocols,
            inputs.captions_of_controls(spec.models),
            inputs.clips,
        ),
        panel_height_mm=inputs.style.panel_height_mm,
    )
    return BuiltFigure(draw_page(page, inputs.style), table, page.caption)


def _row(
    table: pd.DataFrame, spec: MotionSection, palette: Palette, inputs: FigureInputs
) -> PanelRow:
    floor, bottom = axis_floor(table, spec.y_floor)
    panels = [
        Panel(
            panel_title(spec, probe),
            partial(
                draw_r2_panel,
                rows=table[table["probe"] == probe],
                floor=floor,
                bottom=bottom,
                palette=palette,
                style=inputs.style,
            ),
        )
        for probe in spec.probes
    ]
    (metric,) = table["metric"].unique()
    label = "$R^2$" if metric == "r2" else SCORES[metric].words
    return PanelRow(panels, label, (bottom, TOP), list(_ticks(floor)))


def _ticks(floor: float) -> np.ndarray:
    """Round scores from 1 down to ``floor``, at most nine."""
    step = next(step for step in (0.25, 0.5, 1.0, 2.0) if (1 - floor) / step <= 8)
    return np.arange(1, floor - 1e-9, -step)
