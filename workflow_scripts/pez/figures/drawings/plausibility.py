"""Figures 1, 6, 8 and 10 of arXiv 2602.07050: possible against impossible movies by depth.

Three layouts, with a row of panels per score. Over all movies: a panel per probe and protocol, all
models in each (figure 1: linear and attentive probe). Block by block: a section per model with a
panel for all movies and one for every block, all protocols in each (figures 6 and 8); or, overlaid,
a section per protocol with the same panels and all models in each (figure 10).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from pez.emergence.figure_verdict import ModelVerdict
from pez.emergence.readout import SCORES
from pez.figures.captions import (
    choice_words,
    clip_source,
    plausibility_caption,
    row_title,
    subset_title,
)
from pez.figures.inputs import BuiltFigure, FigureInputs
from pez.figures.kinds.plausibility import Section as PlausibilitySection
from pez.figures.legend import legend_handles
from pez.figures.looks import Palette, as_drawn
from pez.figures.page import DepthAxis, Page, Panel, PanelRow, Section, draw_page
from pez.figures.panels import TOP, draw_panel
from pez.recipes.recipe import Recipe

_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_HIGHEST_FOOT = 0.4  # of the axis: chance and what falls a little short of it are always seen
_FOOT_MARGIN = 0.03
_ROW_HEIGHT = 0.6  # of a panel beside others, relative to one of a usual figure


@dataclass(frozen=True)
class _Drawing:
    """What is on the page."""

    spec: PlausibilitySection
    inputs: FigureInputs
    recipes: Sequence[Recipe]
    table: pd.DataFrame
    palette: Palette

    @property
    def verdicts(self) -> Sequence[ModelVerdict]:
        """What is said of every model."""
        return self.inputs.verdict.models

    @property
    def choices(self) -> Sequence[tuple[Recipe, str]]:
        """Every recipe under every selection."""
        return [(recipe, name) for recipe in self.recipes for name in recipe.spec.selections]

    @property
    def heading(self) -> str:
        """What all models are, for sections that hold all of them."""
        models, capture = self.inputs.models, self.recipes[0].spec.capture
        return "; ".join(row_title(found, models[found.model], capture) for found in self.verdicts)

    @property
    def depth(self) -> DepthAxis:
        """Axis of panels that hold all models: residual states, or shares where depths differ."""
        layers = {self.inputs.models[model].layers for model in self.spec.models}
        return DepthAxis.relative() if len(layers) > 1 else DepthAxis.of_states(layers.pop())


def build(spec: PlausibilitySection, inputs: FigureInputs) -> BuiltFigure:
    """Build the figure that ``spec`` describes; call inside `pez.figures.style.styled`."""
    recipes = [inputs.recipes[name] for name in spec.recipes]
    table = as_drawn(inputs.series)
    palette = (
        Palette.of_choices(recipes, inputs.style)
        if _is_by_model(spec)
        else Palette.of_models(spec.models, inputs.style)
    )
    drawing = _Drawing(spec, inputs, recipes, table, palette)
    page = Page(
        title=f"{spec.title}; {clip_source(inputs.clips)}",
        sections=_sections(drawing),
        legend=legend_handles(table, palette, _curve_words(drawing), inputs.style),
        caption=plausibility_caption(
            spec,
            recipes,
            inputs.protocols,
            inputs.captions_of_controls(spec.models),
            inputs.clips,
            has_ties=bool((table["tie_share"] > 0).any()),
        ),
        panel_height_mm=inputs.style.panel_height_mm * _ROW_HEIGHT,
    )
    return BuiltFigure(draw_page(page, inputs.style), table, page.caption)


def _curve_words(drawing: _Drawing) -> Mapping[tuple[str, ...], str]:
    if _is_by_model(drawing.spec):
        return {choice: choice_words(*choice) for choice in drawing.palette.colours}
    return {(model,): f"{model}, ± 1 s.d." for model in drawing.spec.models}


def _is_by_model(spec: PlausibilitySection) -> bool:
    """Whether every model has panels of its own, in which colours tell protocols apart."""
    return spec.by_block and not spec.overlaid


def _sections(drawing: _Drawing) -> list[Section]:
    if _is_by_model(drawing.spec):
        return _sections_by_model(drawing)
    return _sections_by_choice(drawing) if drawing.spec.overlaid else [_overall(drawing)]


def _sections_by_model(drawing: _Drawing) -> list[Section]:
    """A section per model: panels of all movies and of every block."""
    models = drawing.inputs.models
    return [
        Section(
            row_title(found, models[found.model], drawing.recipes[0].spec.capture),
            _panel_rows(drawing, _panels_by_subset(drawing, {"model": found.model})),
            DepthAxis.of_states(models[found.model].layers),
        )
        for found in drawing.verdicts
    ]


def _sections_by_choice(drawing: _Drawing) -> list[Section]:
    """A section per protocol and selection: the same panels, with all models in each."""
    sections: list[Section] = []
    for recipe, selection in drawing.choices:
        heading = f"{recipe.protocol.capitalize()} protocol, {selection} selection"
        if not sections:
            heading = f"{drawing.heading}. {heading}"
        chosen = {"protocol": recipe.protocol, "selection": selection}
        rows = _panel_rows(drawing, _panels_by_subset(drawing, chosen))
        sections.append(Section(heading, rows, drawing.depth))
    return sections


def _overall(drawing: _Drawing) -> Section:
    """One section: a panel per probe, protocol and selection with all models in it."""
    panels = {
        _panel_title(recipe, selection): {
            "probe": recipe.probe,
            "protocol": recipe.protocol,
            "selection": selection,
        }
        for recipe, selection in drawing.choices
    }
    return Section(drawing.heading, _panel_rows(drawing, panels), drawing.depth)


def _panels_by_subset(drawing: _Drawing, columns: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Panels of all movies and of every block, by title: what their rows are equal to."""
    subsets = drawing.spec.subsets
    return {subset_title(subset): {**columns, "subset": subset} for subset in subsets}


def _panel_title(recipe: Recipe, selection: str) -> str:
    kind = "attentive" if recipe.solver.method == "attentive" else "linear"
    several = len(recipe.spec.selections) > 1
    return f"{kind} probe, {recipe.protocol}" + (f", {selection}" if several else "")


def _panel_rows(drawing: _Drawing, panels: Mapping[str, Mapping[str, str]]) -> list[PanelRow]:
    """A row per score, whose axis is the same everywhere.

    ``panels``: by title, what the columns of a panel's rows are equal to.
    """
    rows = []
    for metric in drawing.spec.metrics:
        shown = drawing.table[drawing.table["metric"] == metric]
        bottom = axis_bottom(shown)
        ticks = [tick for tick in _TICKS if tick >= bottom]
        has_title = metric == drawing.spec.metrics[0]
        row = [
            Panel(
                title if has_title else "",
                partial(
                    draw_panel,
                    rows=_equal(shown, columns),
                    floor=bottom,
                    palette=drawing.palette,
                    style=drawing.inputs.style,
                ),
            )
            for title, columns in panels.items()
        ]
        labels = [f"{100 * tick:.0f}" for tick in ticks]
        rows.append(PanelRow(row, f"{SCORES[metric].words}, %", (bottom, TOP), ticks, labels))
    return rows


def _equal(table: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Rows of these values; levels and markers are of every selection and name none."""
    for name, value in columns.items():
        table = table[(table[name] == value) | table[name].isna()]
    return table


def axis_bottom(table: pd.DataFrame) -> float:
    """Lower limit of the axis of accuracies: a little under the lowest thing that is drawn."""
    lowest = float(np.nanmin([table["mean"].min(), table["band_low"].min()]))
    return min(_HIGHEST_FOOT, max(0.0, lowest)) - _FOOT_MARGIN
