"""Build a figure from probe results on disk and write its parts: picture, numbers, verdict."""

import json
from dataclasses import dataclass
from pathlib import Path

from pez.emergence.verdict_page import write_verdict
from pez.figures.figure2 import build_figure2
from pez.figures.inputs import FigureInputs
from pez.figures.plausibility import build_plausibility
from pez.figures.spec import FigureSpec, PlausibilityFigureSpec
from pez.figures.style import save_figure, styled
from pez.runtime.atomic import atomic_path


@dataclass(frozen=True)
class FigureFiles:
    """Where the parts of a figure go."""

    png: Path
    svg: Path
    csv: Path
    verdict_md: Path
    verdict_json: Path


def describe(spec: FigureSpec | PlausibilityFigureSpec, inputs: FigureInputs) -> str:
    """What a picture shows, as JSON that travels with it: recipes, weights, clips."""
    known = {
        "figure": inputs.name,
        "models": {model: inputs.models[model].weights for model in spec.models},
        "recipes": {name: inputs.recipes[name].fields() for name in spec.recipes},
        "clips": {"origin": inputs.clips.origin, "datasets": inputs.clips.datasets},
    }
    return json.dumps(known, sort_keys=True)


def draw_figure(
    spec: FigureSpec | PlausibilityFigureSpec, inputs: FigureInputs, files: FigureFiles
) -> None:
    """Draw the figure that ``spec`` describes and write its parts.

    ``inputs.results`` hold every recipe of ``spec`` on every model of it, and every control.

    Raises:
        ArtifactError: a table is missing, damaged, of another model, or lacks what is drawn.
    """
    with styled(inputs.style):
        if isinstance(spec, PlausibilityFigureSpec):
            built = build_plausibility(spec, inputs)
        else:
            built = build_figure2(spec, inputs)
        save_figure(built.picture, files.png, files.svg, describe(spec, inputs))
    with atomic_path(files.csv) as temporary:
        built.table.to_csv(temporary, index=False, lineterminator="\n")
    write_verdict(built.verdict, files.verdict_md, files.verdict_json)
