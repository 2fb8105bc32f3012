"""Figures 1, 6 and 8 of arXiv 2602.07050: accuracy on possible and impossible movies by layer.

One drawing: per model, a row of panels with one panel per score; or, block by block, one row per
score with a panel for all movies and one for every block. They differ in models and probe.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pez.emergence.chance import binomial_scale
from pez.emergence.readout import SCORES, Readout
from pez.emergence.report import Evidence, judge
from pez.emergence.shortcut import CEILING, confusions
from pez.encoders.spec import UNTRAINED_SUFFIX
from pez.figures.captions import clip_source, plausibility_caption, row_title, subset_title
from pez.figures.inputs import BuiltFigure, FigureInputs
from pez.figures.legend import legend_handles
from pez.figures.page import Page, Panel, PanelRow, Section, draw_page
from pez.figures.panels import TOP, draw_series
from pez.figures.series import PLAUSIBILITY_COLUMNS, drawn_references, level_row, readout_rows
from pez.figures.spec import FigureStyle, PlausibilityFigureSpec

_LEGEND = {
    "validation": "validation selection, ± 1 s.d.",
    "nested": "nested selection",
    "untrained": "untrained network, ± 1 s.d.",
    "shuffled": "shuffled labels (validation selection: optimism of choosing)",
    "chance": "chance: 50 %",
    "ceiling": "75 %: the most a probe of additive features can reach",
    "pez": "PEZ marker: one third of depth",
    "ties": "some scenes tie (counted as wrong); bar: if right",
    "reference": "third-party values: single layers",
    "peak": "third-party value: peak",
}
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_HIGHEST_FOOT = 0.4  # of the axis: chance and what falls a little short of it are always seen
_FOOT_MARGIN = 0.03
_BLOCK_HEIGHT = 0.6  # of a panel beside three others, relative to one of a usual figure


def build_plausibility(spec: PlausibilityFigureSpec, inputs: FigureInputs) -> BuiltFigure:
    """Build the figure that ``spec`` describes; call inside `pez.figures.style.styled`.

    Raises:
        ArtifactError: see `pez.figures.draw.draw_figure`.
    """
    evidence = {model: _evidence(spec, inputs, model) for model in spec.models}
    verdict = judge(
        inputs.name, evidence, inputs.probes, inputs.models, inputs.clips, inputs.references
    )
    parts = []
    for found in verdict.models:
        references = drawn_references(found, inputs.references)
        for readout in evidence[found.model].readouts:
            parts += _panel_rows(found.model, readout, references)
    table = pd.concat(parts, ignore_index=True).reindex(columns=list(PLAUSIBILITY_COLUMNS))
    sections = [
        Section(
            row_title(found, inputs.models[found.model]),
            _rows(table, found.model, spec, inputs.style),
        )
        for found in verdict.models
    ]
    series = set(table["series"])
    if (table["tie_share"] > 0).any():
        series.add("ties")
    page = Page(
        title=f"{spec.title}; {clip_source(inputs.clips)}",
        sections=sections,
        legend=legend_handles(_LEGEND, series, inputs.style),
        caption=plausibility_caption(
            spec,
            inputs.probes[spec.probe],
            inputs.controls(spec.models),
            inputs.clips,
            has_nested="nested" in series,
            has_ties="ties" in series,
        ),
        panel_height_mm=inputs.style.panel_height_mm * (_BLOCK_HEIGHT if spec.by_block else 1.0),
    )
    return BuiltFigure(draw_page(page, inputs.style), table, verdict)


def _evidence(spec: PlausibilityFigureSpec, inputs: FigureInputs, model: str) -> Evidence:
    probe, shuffled_probe = spec.probes
    trained = inputs.read(model, probe)
    untrained = inputs.read(model + UNTRAINED_SUFFIX, probe)
    shuffled = inputs.read(model, shuffled_probe)
    readouts = [
        Readout(
            probe=probe,
            spec=inputs.probes[probe],
            trained=trained.curves(metric, subset),
            untrained=untrained.curves(metric, subset),
            metric=metric,
            subset=subset,
            shuffled=shuffled.curves(metric, subset),
        )
        for metric in spec.metrics
        for subset in spec.subsets
    ]
    judged = (trained.table, trained.layers, trained.source, probe, spec.subsets)
    return Evidence(readouts, confusions(*judged), (binomial_scale(*judged),))


def _panel_rows(model: str, readout: Readout, references: pd.DataFrame) -> list[pd.DataFrame]:
    """Everything that the panel of ``readout`` shows, its constant lines first."""
    levels = [level_row("chance", readout.score.chance, "one of two answers")]
    if readout.metric == "clip_accuracy":
        levels.append(level_row("ceiling", CEILING, "three of a scene's four movies"))
    names = {
        "model": model,
        "probe": readout.probe,
        "metric": readout.metric,
        "subset": readout.subset,
    }
    return [*(level.assign(**names) for level in levels), readout_rows(model, readout, references)]


def _rows(
    table: pd.DataFrame, model: str, spec: PlausibilityFigureSpec, style: FigureStyle
) -> list[PanelRow]:
    """Rows of panels of one model; the axis of a score is the same for every model."""

    def row(metrics: Sequence[str], titles: Sequence[str], label: str) -> PanelRow:
        shown = table[table["metric"].isin(metrics)]
        bottom = axis_bottom(shown)
        panels = [
            Panel(
                title,
                partial(
                    _draw_panel,
                    rows=shown[
                        (shown["model"] == model)
                        & (shown["metric"] == metric)
                        & (shown["subset"] == subset)
                    ],
                    bottom=bottom,
                    style=style,
                ),
            )
            for title, (metric, subset) in zip(
                titles, [(m, s) for m in metrics for s in spec.subsets], strict=True
            )
        ]
        ticks = [tick for tick in _TICKS if tick >= bottom]
        return PanelRow(
            panels, label, (bottom, TOP), ticks, [f"{100 * tick:.0f}" for tick in ticks]
        )

    if not spec.by_block:
        titles = [SCORES[metric].words.capitalize() for metric in spec.metrics]
        return [row(spec.metrics, titles, "accuracy, %")]
    blocks = [subset_title(subset) for subset in spec.subsets]
    return [
        row(
            [metric],
            blocks if metric == spec.metrics[0] else [""] * len(blocks),
            f"{SCORES[metric].words}, %",
        )
        for metric in spec.metrics
    ]


def axis_bottom(table: pd.DataFrame) -> float:
    """Lower limit of the axis of accuracies: a little under the lowest thing that is drawn."""
    lowest = float(np.nanmin([table["mean"].min(), table["band_low"].min()]))
    return min(_HIGHEST_FOOT, max(0.0, lowest)) - _FOOT_MARGIN


def _draw_panel(axes: Axes, rows: pd.DataFrame, bottom: float, style: FigureStyle) -> None:
    first = rows.iloc[0]
    prefix = f"{first['model']}/{first['metric']}/{first['subset']}"
    draw_series(axes, rows, prefix, bottom, style)
