"""Everything that the page shows, read from the files of a run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pez.audit.ledger import Ledger
from pez.emergence.figure_verdict import FigureVerdict
from pez.emergence.readout import SCORES
from pez.figures.inputs import read_verdict
from pez.page.audit import (
    AuditFiles,
    read_audit_predictions,
    read_estimands,
    read_grid,
    read_ledger,
)
from pez.page.curves import FACETS, Curves, curves_of_evidence, join, thinned
from pez.page.pack import pack_numbers, pack_table
from pez.page.pictures import Picture, read_picture
from pez.page.predictions import Predictions, pack_predictions, read_predictions, within
from pez.page.thumbnails import clip_facts, film_strips, worst_clips
from pez.recipes.recipe import Recipe
from pez.runtime.tables import read_table

# Bytes, before compression, that the page spends: it stays small enough to be sent by mail.
MOST_CELLS = 60_000  # curves of the audit's grid
PREDICTIONS_BUDGET = 2_000_000
CLIPS_BUDGET = 1_200_000
STEP = 5e-4  # of scores, which are told with three digits
LOWEST = -6.0  # scores below are written as this: far from any claim, and the steps stay small


@dataclass(frozen=True)
class Sources:
    """Files of a run and what the configuration says of them.

    Attributes:
        figures: title, recipes, PNG and verdict of every figure, by name.
        results: probe tables ``.../{network}/{fit}.parquet``.
        predictions: the tables of predictions beside them.
        recipes: every recipe that can be fitted, by name, those of shuffled labels among them.
        facts: depth (``layers``) and weights in words of every network, by name.
        labels: of every dataset.
        shards: clip shards of every dataset.
        audit: files of the audit, if there is one.
    """

    figures: Mapping[str, "FigureSource"]
    results: Sequence[Path]
    predictions: Sequence[Path]
    recipes: Mapping[str, Recipe]
    facts: Mapping[str, Mapping[str, Any]]
    labels: Mapping[str, Path]
    shards: Mapping[str, Sequence[Path]]
    audit: AuditFiles


@dataclass(frozen=True)
class FigureSource:
    """Files of a figure."""

    title: str
    recipes: Sequence[str]
    png: Path
    verdict: Path


@dataclass(frozen=True)
class AuditShown:
    """What the page shows of the audit beside its curves.

    Attributes:
        ledger: claims by model; None without one.
        calibration: what criteria are worth on planted networks, by their depth in words.
        pictures: drawings.
    """

    ledger: Ledger | None
    calibration: Mapping[str, pd.DataFrame]
    pictures: Sequence[Picture]


def read_figures(sources: Sources) -> list[Picture]:
    """Every figure with its verdict.

    Raises:
        ArtifactError: a file is missing, damaged, or of another figure.
    """
    return [
        read_picture(one.png, one.title, _verdict(name, one, sources.recipes))
        for name, one in sources.figures.items()
    ]


def _verdict(name: str, source: FigureSource, recipes: Mapping[str, Recipe]) -> FigureVerdict:
    return read_verdict(source.verdict, name, {one: recipes[one] for one in source.recipes})


def read_audit(files: AuditFiles) -> AuditShown | None:
    """What the page shows of the audit beside its curves; None without one.

    Raises:
        ArtifactError: a file is missing or damaged.
    """
    if files.ledger is None and not (files.calibration or files.pictures):
        return None
    return AuditShown(
        ledger=None if files.ledger is None else read_ledger(files.ledger),
        calibration={path.stem.replace("_", " "): read_table(path) for path in files.calibration},
        pictures=[
            read_picture(path, f"{path.stem.replace('_', ' ').capitalize()}, {path.parent.name}")
            for path in files.pictures
        ],
    )


def explorer_data(sources: Sources) -> dict[str, Any]:
    """What the explorer reads, as JSON-able data.

    Raises:
        ArtifactError: a table is missing or damaged.
    """
    layers = {network: int(one["layers"]) for network, one in sources.facts.items()}
    probes = curves_of_evidence(sources.results, sources.recipes, layers)
    grid = []
    if sources.audit.scores is not None:
        grid.append(thinned(read_grid(sources.audit.scores), MOST_CELLS))
    curves = join([probes, *grid])
    estimands: Mapping[str, Mapping[str, np.ndarray]] = {}
    if sources.audit.estimands is not None:
        estimands = read_estimands(sources.audit.estimands, curves)
    kept = within(_predictions(sources, probes), PREDICTIONS_BUDGET)
    labels = {name: read_table(path, ["clip_id"]) for name, path in sources.labels.items()}
    places = {
        name: {str(clip): place for place, clip in enumerate(table["clip_id"])}
        for name, table in labels.items()
    }
    return {
        "facets": list(FACETS),
        "curves": pack_table(curves.rows),
        "scores": pack_numbers(curves.scores, low=LOWEST, step=STEP),
        "spread": pack_numbers(curves.spread, high=-LOWEST, step=STEP),
        "estimands": {
            name: {column: pack_numbers(values) for column, values in columns.items()}
            for name, columns in estimands.items()
        },
        "predictions": [pack_predictions(one, places[one.dataset]) for one in kept],
        "clips": _clips(sources, labels, kept),
        "recipes": {name: recipe.fields() for name, recipe in sources.recipes.items()},
        "metrics": {
            name: {"words": score.words, "chance": score.chance} for name, score in SCORES.items()
        },
    }


def _predictions(sources: Sources, probes: Curves) -> Iterable[Predictions]:
    """Predictions of probes, then those of the audit."""
    names = ["network", "fit", "control", "seed"]
    rows = probes.rows[names].astype(str).drop_duplicates().itertuples(index=False, name=None)
    replaced = {(network, fit): (control, seed) for network, fit, control, seed in rows}
    for path in sources.predictions:
        fit = path.name.removesuffix(".predictions.parquet")
        if (path.parent.name, fit) in replaced:
            control, seed = replaced[path.parent.name, fit]
            yield from read_predictions(path, sources.recipes[fit], control, seed)
    for path in sources.audit.predictions:
        yield from read_audit_predictions(path)


def _clips(
    sources: Sources, labels: Mapping[str, pd.DataFrame], kept: Sequence[Predictions]
) -> dict[str, Any]:
    """Facts of the clips of every dataset, and the pictures of those that are predicted worst."""
    worst = worst_clips(kept)
    budget = CLIPS_BUDGET // max(1, len(worst))
    return {
        name: {
            **clip_facts(table),
            "strips": film_strips(sources.shards[name], worst.get(name, []), budget),
        }
        for name, table in labels.items()
    }
