"""Draw a figure from its curves and its verdict: the picture, and the numbers in it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pez.figures.inputs import FigureInputs
from pez.figures.registry import build_figure
from pez.figures.spec import FigureSpec
from pez.figures.style import save_figure, styled
from pez.runtime.atomic import atomic_path


@dataclass(frozen=True)
class FigureFiles:
    """Where the parts of a figure go."""

    png: Path
    svg: Path
    csv: Path
    pdf: Path

    @classmethod
    def of(cls, output: Any) -> "FigureFiles":
        """The outputs of a rule that draws."""
        return cls(*map(Path, (output.png, output.svg, output.csv, output.pdf)))


def describe(spec: FigureSpec, inputs: FigureInputs, caption: str) -> str:
    """What a picture shows, as JSON that travels with it: recipes, weights, clips, in words too."""
    known = {
        "figure": inputs.name,
        "models": {model: inputs.models[model].weights for model in spec.models},
        "recipes": {name: inputs.recipes[name].fields() for name in spec.recipes},
        "clips": {"origin": inputs.clips.origin, "datasets": inputs.clips.datasets},
        "caption": caption,
    }
    return json.dumps(known, sort_keys=True)


def draw_figure(kind: str, spec: FigureSpec, inputs: FigureInputs, files: FigureFiles) -> None:
    """Draw the figure of ``kind`` that ``spec`` describes and write its parts.

    ``inputs.series`` hold every recipe of ``spec`` on every model of it, and every control.
    """
    with styled(inputs.style):
        built = build_figure(kind, spec, inputs)
        description = describe(spec, inputs, built.caption)
        save_figure(built.picture, files.png, files.svg, files.pdf, description, inputs.style)
    with atomic_path(files.csv) as temporary:
        built.table.to_csv(temporary, index=False, lineterminator="\n")
