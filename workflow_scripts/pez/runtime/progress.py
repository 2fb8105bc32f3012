"""One progress bar for all long work, on the user's terminal even when output goes to a log."""

import sys
from collections.abc import Iterable
from typing import Any, TextIO

from tqdm import tqdm

_terminal: TextIO | None = None


def set_terminal(stream: TextIO | None) -> None:
    """Draw later bars on ``stream`` (the job's original stderr) instead of the log."""
    global _terminal
    _terminal = stream


def progress(
    items: Iterable[Any] | None, description: str, total: int | None = None, unit: str = "it"
) -> tqdm:
    """Wrap ``items`` in a progress bar (with ``items=None``, a bar that the caller advances).

    On a terminal the bar is redrawn twice a second; elsewhere one line every 15 s is enough.
    """
    stream = _terminal or sys.stderr
    interactive = stream.isatty()
    return tqdm(
        items,
        desc=description,
        total=total,
        unit=unit,
        file=stream,
        mininterval=0.5 if interactive else 15.0,
        maxinterval=1.0 if interactive else 30.0,
        dynamic_ncols=interactive,
        leave=not interactive,
    )
