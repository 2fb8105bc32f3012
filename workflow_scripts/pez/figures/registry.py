"""Kinds of figure: a module in `pez.figures.kinds` and one of the same name in `drawings`.

Importing this module does not import matplotlib: the configuration is read with it.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from pez.figures.spec import FigureSpec

if TYPE_CHECKING:
    from pez.figures.inputs import BuiltFigure, FigureInputs

DEFAULT_KIND = "motion"
_FOLDER = Path(__file__).with_name("kinds")


def kind_names() -> list[str]:
    """Return the names that ``kind:`` can have, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("[a-z]*.py"))


def find_section(kind: str) -> type[FigureSpec]:
    """Return what the section of a figure of ``kind`` may say."""
    found: type[FigureSpec] = import_module(f"pez.figures.kinds.{kind}").Section
    return found


def read_figure(values: Mapping[str, object]) -> FigureSpec:
    """Return the figure that ``values``, an entry under ``figures``, describes."""
    return find_section(str(values.get("kind", DEFAULT_KIND))).model_validate(values)


def build_figure(kind: str, spec: FigureSpec, inputs: "FigureInputs") -> "BuiltFigure":
    """Draw ``spec``, a figure of ``kind``; call inside `pez.figures.style.styled`."""
    built: BuiltFigure = import_module(f"pez.figures.drawings.{kind}").build(spec, inputs)
    return built
