"""Probe tables with curves of known shape, laid out like the files of the workflow."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from pez.clips.spec import Motion
from pez.controls.control import Variant
from pez.controls.registry import variants
from pez.emergence.curves import layer_fractions
from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.emergence.figure_evidence import FigureEvidence
from pez.emergence.judge import judge_figure
from pez.emergence.reference import References, read_references
from pez.evidence.read import open_evidence
from pez.evidence.schema import COLUMNS, Measured, as_evidence
from pez.figures import draw
from pez.figures.draw import FigureFiles, draw_figure
from pez.figures.inputs import FigureInputs, read_series, read_verdict
from pez.figures.kinds.motion import Section as MotionSection
from pez.figures.spec import FigureSpec, FigureStyle
from pez.figures.style import save_figure
from pez.recipes.recipe import Recipe
from pez.recipes.spec import AnySolver, GradientSolver, ProbeSpec, RidgeSolver
from pez.runtime.tables import write_table

REFERENCE_FOLDER = Path(__file__).parents[2] / "resources" / "reference"
FOLDS = 5

CLIPS = ClipsFacts(renderer="kubric", samples=16, datasets={"velocity": 392, "acceleration": 280})
MODELS = {
    "vjepa2_nano": ModelFacts(layers=12, source="random", weights="random weights, seed 0"),
    "vjepa2_nano_untrained": ModelFacts(
        layers=12, source="random", weights="random weights, seed 1"
    ),
    "vjepa2_large": ModelFacts(layers=24, source="checkpoint", weights="vitl.pt, target_encoder"),
    "vjepa2_large_untrained": ModelFacts(
        layers=24, source="random", weights="random weights, seed 1"
    ),
}


def references() -> References:
    return read_references(
        REFERENCE_FOLDER / "third_party.csv",
        REFERENCE_FOLDER / "paper_readings.csv",
        REFERENCE_FOLDER / "third_party_recipes.csv",
    )


PROTOCOLS = {"reference": "the third party's", "strict": "leak-free"}
SOLVERS: dict[str, AnySolver] = {
    "third_party": GradientSolver(
        method="adam_l2", steps=400, patience=40, start="pytorch",
        learning_rates=(1e-4, 3e-4, 1e-3, 3e-3, 5e-3), weight_decays=(0.01, 0.1, 0.4, 0.8),
    ),
    "ridge": RidgeSolver(method="ridge", alphas=(1.0, 10.0)),
}  # fmt: skip


def recipe(probe: str, protocol: str, target: str, dataset: Motion, **changes: str) -> Recipe:
    """A recipe of ``protocol``; the reference's own, but for ``changes``."""
    fields: dict[str, object] = {
        "dataset": dataset,
        "target": target,
        "capture": "resid_post",
        "pooling": "temporal_last",
        "grouping": "direction_spatial_sector",
        "normalisation": "zscore",
        "solver": "third_party",
        "selections": ["validation"],
        "sector_start_deg": -180,
        "angle_axis": "image",
        "angle_cut_deg": -180,
    }
    if protocol == "strict":
        fields |= {
            "target": "direction_sincos" if target == "direction_angle" else target,
            "grouping": "condition",
            "solver": "ridge",
            "selections": ["nested"],
            "fold_seed": 42,
        }
    spec = ProbeSpec.model_validate(fields | changes)
    return Recipe(probe, protocol, spec, SOLVERS[spec.solver])


_VARIABLES: dict[str, tuple[str, Motion, dict[str, str]]] = {
    "speed": ("speed", "velocity", {}),
    "direction": ("direction_angle", "velocity", {}),
    "acceleration": ("acceleration", "acceleration", {}),
    "velocity_xy": (
        "velocity_xy",
        "velocity",
        {
            "pooling": "temporal_last_patch",
            "patch_map": "shared",
            "grouping": "magnitude_spatial_sector",
            "normalisation": "center",
        },
    ),
    "acceleration_xy": (
        "acceleration_xy",
        "acceleration",
        {"grouping": "magnitude", "normalisation": "center"},
    ),
}
RECIPES = {
    made.name: made
    for probe, (target, dataset, changes) in _VARIABLES.items()
    for made in (
        recipe(probe, "reference", target, dataset, **changes),
        recipe(probe, "strict", target, dataset),
    )
}
FIGURE_2C = ("speed", "direction", "acceleration")
FIGURE_2B = ("velocity_xy", "acceleration_xy")


CONTROLS = {"untrained": [1], "shuffled": [42]}


def controls(names: Iterable[str]) -> list[Variant]:
    return [variant for name in names for variant in variants(name, CONTROLS[name])]


def spec(probes: tuple[str, ...], *models: str, **changes: object) -> MotionSection:
    titles = {"velocity_xy": "velocity (x, y)", "acceleration_xy": "acceleration (x, y)"}
    return MotionSection.model_validate(
        {
            "title": "Polar motion variables, after Fig. 2(c) of arXiv 2602.07050"
            if probes == FIGURE_2C
            else "Cartesian motion variables, after Fig. 2(b) of arXiv 2602.07050",
            "models": models,
            "probes": probes,
            "panel_titles": {name: titles[name] for name in probes if name in titles},
        }
        | changes
    )


def step(layers: int, first: float, peak: float, at: float, width: float = 0.04) -> np.ndarray:
    """A sigmoid from ``first`` to ``peak`` with its inflection at layer fraction ``at``."""
    x = layer_fractions(layers)
    rise = 1 / (1 + np.exp(-(x - at) / width))
    rise = (rise - rise[0]) / (rise[-1] - rise[0])
    return first + (peak - first) * rise


def probe_table(
    curves: Mapping[str, np.ndarray], spread: float = 0.02, nan_fold: int | None = None
) -> pd.DataFrame:
    """Probe results whose fold means are ``curves`` (selection to float [layers]).

    The sample standard deviation over the folds is ``spread``; ``nan_fold`` is degenerate.
    """
    offsets = np.linspace(-1, 1, FOLDS)
    offsets *= spread / offsets.std(ddof=1)
    if nan_fold is not None:
        offsets = np.where(np.arange(FOLDS) == nan_fold, np.nan, offsets)
    rows = [
        {
            "layer": layer,
            "selection": selection,
            "fold": fold,
            "metric": metric,
            "value": value + offsets[fold] if metric == "r2" else 7.0,
            "n_train": 312,
            "n_test": 80,
            "learning_rate": 1e-3,
            "weight_decay": 0.1,
            "steps": 400,
            "alpha": np.nan,
        }
        for selection, curve in curves.items()
        for layer, value in enumerate(curve)
        for fold in range(FOLDS)
        for metric in ("r2", "mae")
    ]
    return pd.DataFrame(rows)


def realistic_curves(model: str, recipe: str) -> dict[str, np.ndarray]:
    """Curves that look like the ones of a real run; strict ones are a little lower."""
    name, _, protocol = recipe.partition(".")
    layers = MODELS[model].layers
    noise = np.random.default_rng([len(model), len(name)]).normal(0, 0.015, layers)
    if model.endswith("_untrained"):
        last = {"direction": -0.3}.get(name, 0.35)
        first = -3.1 if name == "direction" else -0.05
        curve = step(layers, first, last, 0.1) + noise
    elif name == "direction":
        curve = step(layers, 0.32, 0.87, 0.33, 0.02) + noise
    elif name.endswith("_xy"):
        curve = step(layers, 0.45, 0.92, 0.2) + noise / 2
    else:
        curve = step(layers, 0.87, 0.985, 0.08) + noise / 6
    if protocol == "reference":
        return {"validation": curve}
    return {"nested": curve - 0.03 - np.abs(noise)}


def write_results(folder: Path, shown: FigureSpec, spread: float = 0.02) -> list[Path]:
    """Write realistic probe results of every model, control and probe of ``shown``."""
    paths = []
    for model in shown.models:
        for network in (model, f"{model}_untrained"):
            for name in shown.recipes:
                path = folder / "probes" / network / f"{name}.parquet"
                write_evidence(path, probe_table(realistic_curves(network, name), spread))
                paths.append(path)
    return paths


def write_evidence(path: Path, rows: pd.DataFrame) -> None:
    """Write ``rows`` as the evidence that ``path``, ``.../{network}/{fit}.parquet``, names."""
    model = path.parent.name.partition("_untrained")[0]
    fit = path.stem.partition("_shuffled")[0]
    probe, protocol = fit.split(".")
    picked = ("learning_rate", "weight_decay", "steps", "alpha")
    whole = rows.assign(**{name: np.nan for name in picked if name not in rows})
    if "subset" not in whole:
        whole["subset"] = "all"
    capture = "resid_pre" if probe.startswith("plausibility") else "resid_post"
    measured = Measured(path.parent.name, model)
    if path.parent.name != model:
        measured = Measured(path.parent.name, model, "untrained", 1)
    if path.stem != fit:
        measured = Measured(model, model, "shuffled", 42)
    evidence = as_evidence(whole, measured, probe, protocol, capture)
    assert list(evidence.columns) == list(COLUMNS)
    write_table(path, evidence)


@dataclass(frozen=True)
class Files:
    """What the jobs of a figure write."""

    png: Path
    svg: Path
    csv: Path
    pdf: Path
    verdict_md: Path
    verdict_json: Path


def judge_and_draw(
    folder: Path,
    figure: str,
    shown: FigureSpec,
    results: Iterable[Path],
    recipes: Mapping[str, Recipe],
    models: Mapping[str, ModelFacts],
    clips: ClipsFacts,
    style: FigureStyle,
) -> Files:
    """What the rules judge_figure and draw_figure do with probe results."""
    names = ("f.png", "f.svg", "f.csv", "f.pdf", "f_verdict.md", "f_verdict.json")
    files = Files(*(folder / name for name in names))
    asked = {name: recipes[name] for name in shown.recipes}
    evidence = FigureEvidence(
        figure=figure,
        title=shown.title,
        models=shown.models,
        recipes=list(asked.values()),
        metrics=shown.scores(recipe.spec for recipe in asked.values()),
        subsets=shown.subsets,
        controls=controls(shown.controls),
        networks=models,
        tables={
            (path.parent.name, path.stem): open_evidence(path, models[path.parent.name].layers)
            for path in results
        },
    )
    series = folder / "series.parquet"
    kind = "plausibility" if shown.of_movies else "motion"
    pages = (files.verdict_md, files.verdict_json)
    judge_figure(kind, evidence, clips, references(), series, *pages)
    inputs = FigureInputs(
        name=figure,
        style=style,
        series=read_series(series, figure, asked),
        verdict=read_verdict(files.verdict_json, figure, asked),
        recipes=asked,
        protocols=PROTOCOLS,
        models=models,
        controls=controls(shown.controls),
    )
    draw_figure(kind, shown, inputs, FigureFiles(files.png, files.svg, files.csv, files.pdf))
    return files


def remember_figures(patch: pytest.MonkeyPatch) -> list[Figure]:
    """List to which every figure that `draw_figure` writes is added as a matplotlib object."""
    seen: list[Figure] = []

    def save(figure: Figure, *given: Any) -> None:
        seen.append(figure)
        save_figure(figure, *given)

    patch.setattr(draw, "save_figure", save)
    return seen


def assert_nothing_overlaps(figure: Figure) -> None:
    """Texts, legend and panels stay on the page and apart from each other."""
    renderer = figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in figure.texts]
    boxes += [figure.legends[0].get_window_extent(renderer)]
    boxes += [axes.get_tightbbox(renderer) for axes in figure.axes]
    for index, box in enumerate(boxes):
        assert box.x0 >= 0 and box.y0 >= 0, box
        assert box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, box
        for other in boxes[index + 1 :]:
            overlap = (
                min(box.x1, other.x1) - max(box.x0, other.x0),
                (min(box.y1, other.y1) - max(box.y0, other.y0)),
            )
            assert min(overlap) <= 1.5, (box, other)  # pixels: glyph boxes are padded
