"""The evidence behind a figure: its recipes on its models, and their controls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pez.controls.control import Variant
from pez.emergence.curves import Curve, at_every_layer, curves_of, over_seeds
from pez.emergence.facts import ModelFacts
from pez.emergence.readout import Readout
from pez.evidence.read import EvidenceTable
from pez.recipes.recipe import Recipe
from pez.runtime.errors import ArtifactError


@dataclass(frozen=True)
class FigureEvidence:
    """What a figure shows.

    Attributes:
        figure: its name.
        title: what people call it.
        models: those that are asked about, in order.
        recipes: in order.
        metrics: scores that are read of every recipe.
        subsets: parts of the clips that are looked at.
        controls: read beside every model, with each of their seeds.
        networks: facts of every model and of the networks that replace it.
        tables: evidence by (network, fit).
    """

    figure: str
    title: str
    models: Sequence[str]
    recipes: Sequence[Recipe]
    metrics: Sequence[str]
    subsets: Sequence[str]
    controls: Sequence[Variant]
    networks: Mapping[str, ModelFacts]
    tables: Mapping[tuple[str, str], EvidenceTable]

    def table(self, network: str, fit: str) -> EvidenceTable:
        """Evidence of ``fit``, a recipe or its control with other labels, on ``network``.

        Raises:
            ArtifactError: there is none.
        """
        if (network, fit) not in self.tables:
            raise ArtifactError(
                f"no evidence of {fit!r} on {network!r} among the inputs: expected a path that "
                f"ends in {network}/{fit}.parquet."
            )
        return self.tables[network, fit]

    def readouts(self, model: str) -> list[Readout]:
        """Curves of ``model`` with their controls: of every recipe, metric, subset and selection.

        Raises:
            ArtifactError: a table is missing, or lacks the metric, the subset or a selection.
        """
        return [
            readout
            for recipe in self.recipes
            for metric in self.metrics
            for subset in self.subsets
            for readout in self._readouts(model, recipe, metric, subset)
        ]

    def _readouts(self, model: str, recipe: Recipe, metric: str, subset: str) -> list[Readout]:
        """One readout for each selection: all have the same rank."""
        own = self._curves(model, model, recipe.name, recipe, metric, subset)
        chance = None
        if metric == "accuracy":
            levels = self.table(model, recipe.name).matrices("chance", subset)
            chance = float(np.mean(next(iter(levels.values()))))
        of_controls: dict[str, list[dict[str, Curve]]] = {}
        for variant in self.controls:
            network, fit = variant.network(model), variant.fit(recipe.name)
            curves = self._curves(model, network, fit, recipe, metric, subset)
            of_controls.setdefault(variant.control.name, []).append(curves)
        return [
            Readout(
                recipe=recipe,
                selection=selection,
                curve=own[selection],
                controls={
                    name: over_seeds([curves[selection] for curves in seeds])
                    for name, seeds in of_controls.items()
                },
                others={
                    other: own[other] for other in recipe.spec.selections if other != selection
                },
                metric=metric,
                subset=subset,
                chance=chance,
            )
            for selection in recipe.spec.selections
        ]

    def _curves(
        self, model: str, network: str, fit: str, recipe: Recipe, metric: str, subset: str
    ) -> dict[str, Curve]:
        """Curves by selection, with a value for every layer of ``model``."""
        table = self.table(network, fit)
        curves = curves_of(table, metric, subset)
        missing = [name for name in recipe.spec.selections if name not in curves]
        if missing:
            raise ArtifactError(
                f"{table.source} holds no selection {', '.join(missing)}, which recipe "
                f"{recipe.name} asks for: delete it and run again."
            )
        return {
            selection: at_every_layer(curve, self.networks[model].layers)
            for selection, curve in curves.items()
        }
