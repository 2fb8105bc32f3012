"""What a figure is drawn from, and what comes out of drawing it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from pez.controls.control import Variant
from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.emergence.figure_verdict import FigureVerdict
from pez.emergence.series import COLUMNS
from pez.figures.spec import FigureStyle
from pez.recipes.recipe import Recipe
from pez.runtime.errors import ArtifactError
from pez.runtime.pages import read_json
from pez.runtime.tables import open_table


@dataclass(frozen=True)
class FigureInputs:
    """Everything but the figure's own specification.

    Attributes:
        name: name of the figure.
        style: how it looks.
        series: its curves and what stands beside them, columns `pez.emergence.series.COLUMNS`.
        verdict: what is said of it.
        recipes: every recipe of the figure, by name.
        protocols: what every protocol is, in a few words.
        models: facts of every model and of the networks that replace it.
        controls: drawn beside every model, with each of their seeds.
    """

    name: str
    style: FigureStyle
    series: pd.DataFrame
    verdict: FigureVerdict
    recipes: Mapping[str, Recipe]
    protocols: Mapping[str, str]
    models: Mapping[str, ModelFacts]
    controls: Sequence[Variant]

    @property
    def clips(self) -> ClipsFacts:
        """The clips in use."""
        return self.verdict.clips

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


@dataclass(frozen=True)
class BuiltFigure:
    """A figure before it is written: the drawing, exactly what is drawn, and its caption."""

    picture: Figure
    table: pd.DataFrame
    caption: str


def read_series(path: Path | str, figure: str, recipes: Mapping[str, Recipe]) -> pd.DataFrame:
    """Read the curves of ``figure``.

    Raises:
        ArtifactError: the file is missing, damaged, or of another figure or other recipes.
    """
    opened = open_table(path, COLUMNS, ("mean", "std", "band_low", "band_high", "depth"))
    held = opened.metadata.get("figure")
    if held != figure:
        raise ArtifactError(
            f"{path} holds the curves of {held!r} and not of {figure!r}: delete it and run again."
        )
    _check_recipes(path, opened.metadata.get("recipes"), recipes)
    return opened.table


def read_verdict(path: Path | str, figure: str, recipes: Mapping[str, Recipe]) -> FigureVerdict:
    """Read the verdict on ``figure``.

    Raises:
        ArtifactError: the file is missing, damaged, or of another figure or other recipes.
    """
    verdict = read_json(path, FigureVerdict, "verdict on a figure")
    if verdict.figure != figure:
        raise ArtifactError(
            f"{path} is the verdict on {verdict.figure!r} and not on {figure!r}: delete it and run "
            "again."
        )
    _check_recipes(path, verdict.recipes, recipes)
    return verdict


def _check_recipes(path: Path | str, held: object, recipes: Mapping[str, Recipe]) -> None:
    wanted = {name: recipe.fields() for name, recipe in recipes.items()}
    if held == wanted:
        return
    known = dict(held) if isinstance(held, Mapping) else {}
    differing = [name for name in known | wanted if known.get(name) != wanted.get(name)]
    raise ArtifactError(
        f"{path} was made with other recipes than the configuration has ({', '.join(differing)}): "
        "delete it and run again."
    )
