"""Figures 2(b) and 2(c) of arXiv 2602.07050: R2 of motion probes against layer fraction.

Both are one drawing: a row of panels per model, a panel per probe. They differ in their probes.
"""

from functools import partial

import numpy as np
import pandas as pd

from pez.emergence.readout import Readout
from pez.emergence.report import Evidence, judge
from pez.encoders.spec import UNTRAINED_SUFFIX
from pez.figures.captions import caption, panel_title, row_title
from pez.figures.inputs import BuiltFigure, FigureInputs
from pez.figures.legend import legend_handles
from pez.figures.page import Page, Panel, PanelRow, Section, draw_page
from pez.figures.panels import TOP, axis_floor, draw_r2_panel
from pez.figures.series import MOTION_COLUMNS, drawn_references, readout_rows
from pez.figures.spec import FigureSpec

_LEGEND = {
    "validation": "validation selection, ± 1 s.d.",
    "nested": "nested selection",
    "untrained": "untrained network, ± 1 s.d.",
    "pez": "PEZ marker: one third of depth",
    "reference": "third-party values: layers 0, 8, last",
    "peak": "third-party value: peak",
}


def build_figure2(spec: FigureSpec, inputs: FigureInputs) -> BuiltFigure:
    """Build the figure that ``spec`` describes; call inside `pez.figures.style.styled`.

    Raises:
        ArtifactError: see `pez.figures.draw.draw_figure`.
    """
    evidence = {
        model: Evidence([_readout(inputs, model, probe) for probe in spec.probes])
        for model in spec.models
    }
    verdict = judge(
        inputs.name, evidence, inputs.probes, inputs.models, inputs.clips, inputs.references
    )
    parts = []
    for found in verdict.models:
        references = drawn_references(found, inputs.references)
        parts += [
            readout_rows(found.model, readout, references)
            for readout in evidence[found.model].readouts
        ]
    table = pd.concat(parts, ignore_index=True).reindex(columns=list(MOTION_COLUMNS))
    sections = [
        Section(
            row_title(found, inputs.models[found.model]),
            [_row(table[table["model"] == found.model], spec, inputs)],
        )
        for found in verdict.models
    ]
    page = Page(
        title=spec.title,
        sections=sections,
        legend=legend_handles(_LEGEND, table["series"], inputs.style),
        caption=caption(
            spec,
            inputs.probes,
            inputs.controls(spec.models),
            inputs.clips,
            has_nested="nested" in set(table["series"]),
        ),
        panel_height_mm=inputs.style.panel_height_mm,
    )
    return BuiltFigure(draw_page(page, inputs.style), table, verdict)


def _readout(inputs: FigureInputs, model: str, probe: str) -> Readout:
    return Readout(
        probe=probe,
        spec=inputs.probes[probe],
        trained=inputs.read(model, probe).curves(),
        untrained=inputs.read(model + UNTRAINED_SUFFIX, probe).curves(),
    )


def _row(table: pd.DataFrame, spec: FigureSpec, inputs: FigureInputs) -> PanelRow:
    floor, bottom = axis_floor(table, spec.y_floor)
    panels = [
        Panel(
            panel_title(spec, probe),
            partial(
                draw_r2_panel,
                rows=table[table["probe"] == probe],
                floor=floor,
                bottom=bottom,
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
