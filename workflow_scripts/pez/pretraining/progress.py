"""Progress of a training on the user's terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pez.pretraining.spec import PretrainingSpec
from pez.runtime.progress import progress


@contextmanager
def step_bar(spec: PretrainingSpec) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Yield a function that moves a bar of ``spec.steps`` steps to a row of the log."""
    with progress(None, "pretrain", total=spec.steps, unit="step") as bar:

        def report(row: dict[str, Any]) -> None:
            bar.set_postfix(loss=f"{row['loss']:.3f}", spread=f"{row['spread']:.2f}", refresh=False)
            bar.update(row["step"] - bar.n)

        yield report
