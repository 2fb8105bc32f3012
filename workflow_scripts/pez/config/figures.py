"""Any kind of figure, as one type of the configuration."""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated

from pydantic import Discriminator, Tag

from pez.figures.registry import DEFAULT_KIND, find_section, kind_names
from pez.figures.spec import FigureSpec


def _kind_of(values: object) -> object:
    found = values.get("kind") if isinstance(values, Mapping) else getattr(values, "kind", None)
    return DEFAULT_KIND if found is None else found


if TYPE_CHECKING:
    AnyFigureSpec = FigureSpec
else:
    _SECTIONS = [Annotated[find_section(kind), Tag(kind)] for kind in kind_names()]
    AnyFigureSpec = Annotated[reduce(or_, _SECTIONS), Discriminator(_kind_of)]
