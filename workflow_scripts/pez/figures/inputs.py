"""What a figure is built from, and what comes out of building it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from pez.controls.control import Variant
from pez.emergence.curves import COLUMNS, NUMBERS, Curve, at_every_layer, over_seeds, read_curves
from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.emergence.judge import FigureVerdict
from pez.emergence.readout import ALL, Readout
from pez.emergence.reference import References
from pez.figures.spec import FigureStyle
from pez.recipes.recipe import Recipe
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import read_table


@dataclass(frozen=True)
class FigureInputs:
    """Everything but the figure's own specification.

    Attributes:
        name: name of the figure, for its verdict.
        style: how it looks.
        results: probe tables ``.../{model}/{recipe}.parquet``, and those of the controls.
        recipes: every recipe of the figure, by name.
        protocols: what every protocol is, in a few words.
        models: facts of every model and of the networks that replace it.
        controls: drawn beside every model, with each of their seeds.
        clips: the clips in use.
        references: the reference tables.
    """

    name: str
    style: FigureStyle
    results: Sequence[Path]
    recipes: Mapping[str, Recipe]
    protocols: Mapping[str, str]
    models: Mapping[str, ModelFacts]
    controls: Sequence[Variant]
    clips: ClipsFacts
    references: References
    _tables: dict[tuple[str, str], "ResultTable"] = field(default_factory=dict, init=False)

    def captions_of_controls(self, models: Sequence[str]) -> str:
        """A sentence for each control, with the weights that replace those of ``models``."""
        seeds: dict[str, list[Variant]] = {}
        for variant in self.controls:
            seeds.setdefault(variant.control.name, []).append(variant)
        sentences = []
        for variants in seeds.values():
            networks = [self.models[one.network(model)] for model in models for one in variants]
            weights = " / ".join(dict.fromkeys(facts.weights for facts in networks))
            sentence = variants[0].control.caption.format(weights=weights)
            mean = f" Mean over {len(variants)} seeds." if len(variants) > 1 else ""
            sentences.append(sentence + mean)
        return " ".join(sentences)

    def read(self, model: str, fit: str) -> "ResultTable":
        """Result table of ``fit``, a recipe or its control with other labels, on ``model``.

        Raises:
            ArtifactError: the table is not among the inputs, missing, or damaged.
        """
        if (model, fit) in self._tables:  # every score and subset asks for it again
            return self._tables[model, fit]
        for path in self.results:
            if (path.parent.name, path.stem) == (model, fit):
                rows = read_table(path, COLUMNS, NUMBERS)
                found = ResultTable(rows, self.models[model].layers, str(path))
                self._tables[model, fit] = found
                return found
        raise ArtifactError(
            f"no result of {fit!r} on {model!r} among the inputs: expected a path that ends in "
            f"{model}/{fit}.parquet."
        )

    def readout(
        self, model: str, recipe: Recipe, metric: str = "r2", subset: str | None = None
    ) -> Readout:
        """Curve of ``recipe`` on ``model`` with its controls.

        The recipe's first selection is its curve; others stand beside it. ``subset`` is None for
        a table that knows no subsets.

        Raises:
            ArtifactError: see `read` and `pez.emergence.curves.read_curves`.
        """
        chosen, *others = recipe.spec.selections
        own = self.read(model, recipe.name).curves(recipe, metric, subset)
        controls: dict[str, list[Curve]] = {}
        for variant in self.controls:
            table = self.read(variant.network(model), variant.fit(recipe.name))
            curve = table.curves(recipe, metric, subset)[chosen]
            curve = at_every_layer(curve, own[chosen].layers)
            controls.setdefault(variant.control.name, []).append(curve)
        return Readout(
            recipe=recipe,
            selection=chosen,
            curve=own[chosen],
            controls={name: over_seeds(curves) for name, curves in controls.items()},
            otherwise={selection: own[selection] for selection in others},
            metric=metric,
            subset=subset or ALL,
        )


@dataclass(frozen=True)
class ResultTable:
    """One probe table as read from disk.

    Attributes:
        table: its rows.
        layers: number of layers of its model.
        source: its path, for messages.
    """

    table: pd.DataFrame
    layers: int
    source: str

    def curves(self, recipe: Recipe, metric: str, subset: str | None) -> dict[str, Curve]:
        """Curves of all selections of ``recipe``, by selection.

        Raises:
            ArtifactError: the table is of another model, or lacks the metric, the subset, or a
                selection.
        """
        curves = read_curves(self.table, self.layers, self.source, metric, subset)
        missing = [name for name in recipe.spec.selections if name not in curves]
        if missing:
            raise ArtifactError(
                f"{self.source} holds no selection {', '.join(missing)}, which recipe "
                f"{recipe.name} asks for: delete it and run again."
            )
        return curves


@dataclass(frozen=True)
class BuiltFigure:
    """A figure before it is written.

    Attributes:
        picture: the drawing.
        table: exactly what is drawn.
        verdict: what may be concluded.
    """

    picture: Figure
    table: pd.DataFrame
    verdict: FigureVerdict
