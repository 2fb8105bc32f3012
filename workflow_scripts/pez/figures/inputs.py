"""What a figure is built from, and what comes out of building it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from pez.emergence.curves import COLUMNS, NUMBERS, Curve, read_curves
from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.emergence.readout import ALL, Readout
from pez.emergence.reference import References
from pez.emergence.report import FigureVerdict
from pez.encoders.spec import UNTRAINED_SUFFIX
from pez.figures.spec import FigureStyle
from pez.probes.recipes import SHUFFLED_SUFFIX, Recipe
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
        models: facts of every model and control.
        clips: the clips in use.
        references: the reference tables.
    """

    name: str
    style: FigureStyle
    results: Sequence[Path]
    recipes: Mapping[str, Recipe]
    protocols: Mapping[str, str]
    models: Mapping[str, ModelFacts]
    clips: ClipsFacts
    references: References

    def controls(self, models: Sequence[str]) -> list[ModelFacts]:
        """Facts of the untrained controls of ``models``."""
        return [self.models[model + UNTRAINED_SUFFIX] for model in models]

    def read(self, model: str, fit: str) -> "ResultTable":
        """Result table of ``fit``, a recipe or its control with shuffled labels, on ``model``.

        Raises:
            ArtifactError: the table is not among the inputs, missing, or damaged.
        """
        for path in self.results:
            if (path.parent.name, path.stem) == (model, fit):
                table = read_table(path, COLUMNS, NUMBERS)
                return ResultTable(table, self.models[model].layers, str(path))
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
        tables = {"untrained": self.read(model + UNTRAINED_SUFFIX, recipe.name)}
        if metric != "r2":
            tables["shuffled"] = self.read(model, recipe.name + SHUFFLED_SUFFIX)
        chosen, *others = recipe.spec.selections
        own = self.read(model, recipe.name).curves(recipe, metric, subset)
        return Readout(
            recipe=recipe,
            selection=chosen,
            curve=own[chosen],
            controls={
                name: table.curves(recipe, metric, subset)[chosen] for name, table in tables.items()
            },
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
