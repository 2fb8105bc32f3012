"""How the tables of docs/protocol.md look (`benchmarks/protocol_choices.py` computes them)."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

BEGIN, END = "<!-- protocol_choices: begin -->", "<!-- protocol_choices: end -->"


class Line(NamedTuple):
    """Scores by layer under one choice, and those that they are compared with, if any."""

    label: str
    scores: pd.Series
    base: pd.Series | None


def table(title: str, spread: pd.Series, lines: Sequence[Line], shown: Sequence[int]) -> list[str]:
    """Lines of one table: scores and, in brackets, their differences.

    Args:
        title: what was scored, and how.
        spread: standard deviation over folds by layer, of the first line.
        lines: scores of the same layers.
        shown: layers with a column of their own, beside the best of all.
    """
    deviations = ", ".join(f"{spread[layer]:.3f}" for layer in shown)
    heads = " | ".join(f"layer {layer}" for layer in shown)
    rows = [
        f"#### {title}",
        "",
        f"Standard deviation over folds of the recipe as it is, layers {_list(shown)}: "
        f"{deviations}.",
        "",
        f"| choice | {heads} | best of {_list(list(spread.index))} |",
        "|---|" + "---:|" * (len(shown) + 1),
    ]
    for label, scores, base in lines:
        cells = [cell(scores[layer], None if base is None else base[layer]) for layer in shown]
        best = cell(scores.max(), None if base is None else base.max())
        where = "" if scores.isna().any() else f", layer {scores.idxmax()}"
        rows.append(f"| {label} | {' | '.join(cells)} | {best}{where} |")
    return rows


def cell(score: float, base: float | None) -> str:
    """A score and, in brackets, how far it is from ``base``."""
    if pd.isna(score):
        return "undefined"
    # Adding 0.0 makes a rounded -0.0 positive.
    return f"{score:.3f}" if base is None else f"{score:.3f} ({round(score - base, 3) + 0.0:+.3f})"


def in_words(value: object) -> str:
    """A value of a field as the configuration writes it, lists without brackets."""
    if isinstance(value, list):
        return " ".join(map(in_words, value))
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def write_between_markers(
    page: Path, lines: Sequence[str], markers: tuple[str, str] = (BEGIN, END)
) -> None:
    """Put ``lines`` between the two ``markers`` of ``page``.

    Raises:
        SystemExit: the page does not have them.
    """
    text, (begin, end) = page.read_text(), markers
    if begin not in text or end not in text.split(begin)[1]:
        raise SystemExit(f"{page} lacks the lines {begin} and {end}: put them where the tables go")
    before, after = text.split(begin)[0], text.split(end)[1]
    page.write_text("\n".join([before + begin, *lines, end]) + after)


def _list(layers: Sequence[int]) -> str:
    return f"{', '.join(map(str, layers[:-1]))} and {layers[-1]}"
