"""Targets and groupings that name columns of the labels, of any dataset."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from pez.runtime.schema import Schema


def _as_list(columns: object) -> object:
    return [columns] if isinstance(columns, str) else columns


Columns = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(_as_list),
    Field(min_length=1, description="a column of the labels, or several as a list"),
]


class ColumnChoice(Schema):
    """A target as it is configured: ``{column: speed_m_s}``."""

    column: Columns
    kind: Literal["number", "category"] | None = Field(
        None, description="number: regression; category: classification; null: as the labels are"
    )


class NumberTarget(Schema):
    """Numbers to be regressed on, several of them jointly."""

    column: Columns
    kind: Literal["number"]

    def __str__(self) -> str:
        return f"column {' '.join(self.column)}"

    __repr__ = __str__


class CategoryTarget(Schema):
    """Classes to be told apart: the distinct values of one column."""

    column: Columns
    kind: Literal["category"]

    def __str__(self) -> str:
        return f"classes of column {' '.join(self.column)}"

    __repr__ = __str__


class ColumnGrouping(Schema):
    """Clips with equal values of these columns stay together."""

    column: Columns

    def __str__(self) -> str:
        return f"column {' '.join(self.column)}"

    __repr__ = __str__


def names_column(value: object) -> str:
    """Return ``column`` for what names columns, ``name`` for the name of a target or grouping."""
    columns = Mapping | ColumnChoice | NumberTarget | CategoryTarget | ColumnGrouping
    return "column" if isinstance(value, columns) else "name"


def kind_of_target(value: object) -> str:
    """Return ``number`` or ``category`` for what names columns, ``name`` for a target's name."""
    if isinstance(value, Mapping):
        return str(value.get("kind"))
    return value.kind if isinstance(value, NumberTarget | CategoryTarget) else "name"
