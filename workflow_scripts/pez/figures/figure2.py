"""Figures 2(b) and 2(c) of arXiv 2602.07050: R2 of motion probes against depth.

Both are one drawing: a row of panels per model, a panel per probe with the curves of all protocols.
They differ in their probes.
"""

from functools import partial

import numpy as np
import pandas as pd

from pez.emergence.judge import Evidence, judge
from pez.figures.captions import caption, panel_title, protocol_words, row_title
from pez.figures.inputs import BuiltFigure, FigureInputs
from pez.figures.legend import legend_handles
from pez.figures.looks import Palette
from pez.figures.page import DepthAxis, Page, Panel, PanelRow, Section, draw_page
from pez.figures.panels import TOP, axis_floor, draw_r2_panel
from pez.figures.series import curve_rows, drawn_references, in_order, pez_row, reference_rows
from pez.figures.spec import FigureSpec


def build_figure2(spec: FigureSpec, inputs: FigureInputs) -> BuiltFigure:
    """Build the figure that ``spec`` describes; call inside `pez.figures.style.styled`.

    Raises:
        ArtifactError: see `pez.figures.draw.draw_figure`.
    """
    recipes = [inputs.recipes[name] for name in spec.recipes]
    evidence = {
        model: Evidence([inputs.readout(model, recipe) for recipe in recipes])
        for model in spec.models
    }
    verdict = judge(inputs.name, evidence, recipes, inputs.models, inputs.clips, inputs.references)
    parts = []
    for found in verdict.models:
        references = drawn_references(found, inputs.references)
        readouts = evidence[found.model].readouts
        parts += [curve_rows(found.model, readout) for readout in readouts]
        parts += [pez_row(found.model, readout) for readout in readouts]
        one_each = {readout.recipe.probe: readout for readout in readouts}
        parts += [reference_rows(found.model, one, references) for one in one_each.values()]
    table = in_order(parts)
    palette = Palette.of("protocol", spec.protocols, inputs.style)
    sections = [
        Section(
            row_title(found, inputs.models[found.model], recipes[0].spec.capture),
            [_row(table[table["model"] == found.model], spec, palette, inputs)],
            DepthAxis.of_states(inputs.models[found.model].layers),
        )
        for found in verdict.models
    ]
    words = {protocol: protocol_words(recipes, protocol) for protocol in spec.protocols}
    page = Page(
        title=spec.title,
        sections=sections,
        legend=legend_handles(table, palette, words, inputs.style),
        caption=caption(
            recipes, inputs.protocols, inputs.captions_of_controls(spec.models), inputs.clips
        ),
        panel_height_mm=inputs.style.panel_height_mm,
    )
    return BuiltFigure(draw_page(page, inputs.style), table, verdict)


def _row(table: pd.DataFrame, spec: FigureSpec, palette: Palette, inputs: FigureInputs) -> PanelRow:
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
    return PanelRow(panels, "$R^2$", (bottom, TOP), list(_r2_ticks(floor)))


def _r2_ticks(floor: float) -> np.ndarray:
    """Round R2 values from 1 down to ``floor``, at most nine."""
    step = next(step for step in (0.25, 0.5, 1.0, 2.0) if (1 - floor) / step <= 8)
    return np.arange(1, floor - 1e-9, -step)
