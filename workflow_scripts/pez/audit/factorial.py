"""Designs: which combinations of choices there are, and the largest full factorial among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pez.audit.outcomes import FACTORS
from pez.runtime.errors import PezError, listed

# Factors that need not be crossed with all others, and the level that stands for the rest then.
OPTIONAL = ("solver", "clips")
_NAMED = 3  # combinations that a refusal names


class UnbalancedDesign(PezError):
    """Combinations of choices are missing, or there twice: shares of variance are not defined."""


@dataclass(frozen=True)
class Factorial:
    """A full factorial.

    Attributes:
        levels: names of the levels of every factor, in order of the axes.
        values: float64 [B, n_1, .., n_k], one value a draw and combination.
    """

    levels: Mapping[str, tuple[str, ...]]
    values: np.ndarray


@dataclass(frozen=True)
class Slice:
    """Part of the cells, and the choices that are crossed in it.

    Attributes:
        rows: positions in the table, int64.
        factors: those with more than one level.
        fixed: level of the factors that are held at one of several.
        balanced: whether every combination of levels is there, once.
    """

    rows: np.ndarray
    factors: tuple[str, ...]
    fixed: Mapping[str, str]
    balanced: bool


def codes_of(design: pd.DataFrame) -> tuple[np.ndarray, dict[str, tuple[str, ...]]]:
    """Number the levels of every column of ``design``, sorted by name.

    Returns:
        Codes, int64 [cells, factors]; and the names of the levels.
    """
    codes = np.empty(design.shape, np.int64)
    levels: dict[str, tuple[str, ...]] = {}
    for column, name in enumerate(design.columns):
        codes[:, column], found = pd.factorize(design[name], sort=True)
        levels[str(name)] = tuple(str(level) for level in found)
    return codes, levels


def factorial(design: pd.DataFrame, values: np.ndarray) -> Factorial:
    """Arrange ``values`` as a full factorial.

    Args:
        design: levels, one row per cell, one column per factor.
        values: float64 [B, cells], or [cells] for one draw.

    Raises:
        UnbalancedDesign: a combination is missing, is there twice, or has no value; the message
            names the first few.
    """
    codes, levels = codes_of(design)
    shape = tuple(len(names) for names in levels.values())
    flat = np.ravel_multi_index(tuple(codes.T), shape) if shape else np.zeros(len(codes), int)
    count = np.bincount(flat, minlength=int(np.prod(shape)))
    _refuse("missing", np.flatnonzero(count == 0), levels, shape)
    _refuse("there more than once", np.flatnonzero(count > 1), levels, shape)
    drawn = np.atleast_2d(np.asarray(values, float))
    _refuse("without a value", np.sort(flat[np.isnan(drawn).any(axis=0)]), levels, shape)
    arranged = np.empty_like(drawn)
    arranged[:, flat] = drawn
    return Factorial(levels, arranged.reshape(len(drawn), *shape))


def _refuse(
    what: str, where: np.ndarray, levels: Mapping[str, Sequence[str]], shape: tuple[int, ...]
) -> None:
    if not len(where):
        return
    named = []
    for flat in where[:_NAMED]:
        at = np.unravel_index(flat, shape)
        parts = (f"{name} {levels[name][i]}" for name, i in zip(levels, at, strict=True))
        named.append(", ".join(parts))
    more = f"\n  ... and {len(where) - _NAMED} more" if len(where) > _NAMED else ""
    raise UnbalancedDesign(
        f"{len(where)} of {int(np.prod(shape))} combinations of {', '.join(levels)} are {what}:\n"
        + listed(named)
        + more
    )


def is_balanced(design: pd.DataFrame) -> bool:
    """Whether every combination of the levels in ``design`` is there, and once."""
    codes, levels = codes_of(design)
    shape = tuple(len(names) for names in levels.values())
    if len(design) != int(np.prod(shape)):
        return False
    flat = np.ravel_multi_index(tuple(codes.T), shape) if shape else np.zeros(len(codes), int)
    return len(np.unique(flat)) == len(design)


def largest_slice(cells: pd.DataFrame, factors: Sequence[str] = FACTORS) -> Slice:
    """Find the largest full factorial that holding none, some or all of `OPTIONAL` leaves.

    A factor that is held stays at its most frequent level. Where no slice is balanced, the answer
    is all cells, and says so.

    Args:
        cells: one row per cell, with a column for every factor.
        factors: names of the columns.
    """
    best: Slice | None = None
    for held in ((), ("solver",), ("clips",), OPTIONAL):
        inside = np.ones(len(cells), bool)
        fixed: dict[str, str] = {}
        for name in (name for name in held if name in factors):
            column = cells[name].astype(str)
            level = str(column.value_counts().index[0])
            if column.nunique() > 1:
                fixed[name] = level
            inside &= (column == level).to_numpy()
        rows = np.flatnonzero(inside)
        varying = _varying(cells.iloc[rows], factors)
        if is_balanced(cells.iloc[rows][list(varying)]) and (
            best is None or len(rows) > len(best.rows)
        ):
            best = Slice(rows, varying, fixed, balanced=True)
    if best is not None:
        return best
    return Slice(np.arange(len(cells)), _varying(cells, factors), {}, balanced=False)


def _varying(cells: pd.DataFrame, factors: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in factors if cells[name].nunique() > 1)
