"""What a figure is built from, and what comes out of building it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from pez.emergence.curves import COLUMNS, Curve, read_curves
from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.emergence.reference import References
from pez.emergence.report import FigureVerdict
from pez.encoders.spec import UNTRAINED_SUFFIX
from pez.figures.spec import FigureStyle
from pez.probes.spec import ProbeSpec
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import read_table


@dataclass(frozen=True)
class FigureInputs:
    """Everything but the figure's own specification.

    Attributes:
        name: name of the figure, for its verdict.
        style: how it looks.
        results: probe tables ``.../{model}/{probe}.parquet``.
        probes: recipe of every probe of the figure.
        models: facts of every model and control.
        clips: the clips in use.
        references: the reference tables.
    """

    name: str
    style: FigureStyle
    results: Sequence[Path]
    probes: Mapping[str, ProbeSpec]
    models: Mapping[str, ModelFacts]
    clips: ClipsFacts
    references: References

    def controls(self, models: Sequence[str]) -> list[ModelFacts]:
        """Facts of the untrained controls of ``models``."""
        return [self.models[model + UNTRAINED_SUFFIX] for model in models]

    def read(self, model: str, probe: str) -> "ResultTable":
        """Result table of ``probe`` on ``model``.

        Raises:
            ArtifactError: the table is not among the inputs, missing, or damaged.
        """
        for path in self.results:
            if (path.parent.name, path.stem) == (model, probe):
                layers = self.models[model].layers
                return ResultTable(read_table(path, COLUMNS), layers, str(path), probe)
        raise ArtifactError(
            f"no result of probe {probe!r} on {model!r} among the inputs: "
            f"expected a path that ends in {model}/{probe}.parquet."
        )


@dataclass(frozen=True)
class ResultTable:
    """One probe table as read from disk.

    Attributes:
        table: its rows.
        layers: number of layers of its model.
        source: its path, for messages.
        probe: name of its probe.
    """

    table: pd.DataFrame
    layers: int
    source: str
    probe: str

    def curves(self, metric: str = "r2", subset: str | None = None) -> dict[str, Curve]:
        """Curves by selection; "validation" is among them.

        Raises:
            ArtifactError: the table is of another model, or lacks the metric, the subset, or the
                selection "validation".
        """
        curves = read_curves(self.table, self.layers, self.source, metric, subset)
        if "validation" not in curves:
            raise ArtifactError(
                f"{self.source} has no results of the selection 'validation', which figures draw: "
                f"add it to probes.{self.probe}.selections and run again."
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
