"""Planning reads the configuration, and waits for no library that computes."""

import os
import subprocess
import sys

import pytest

from conftest import CHECKOUT

HEAVY = ("numpy", "pandas", "pyarrow", "scipy", "sklearn", "torch", "matplotlib")


JUDGES = sorted(
    path.stem for path in (CHECKOUT / "workflow_scripts/pez/inside/judges").glob("[a-z]*.py")
)


def imported_with(module: str, names: tuple[str, ...]) -> str:
    """Which of ``names`` a fresh Python has imported after ``module``, printed as a list."""
    asked = f"import sys, {module}; print([name for name in {names} if name in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", asked],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT / "workflow_scripts")},
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout.strip()


def test_the_configuration_is_read_without_libraries_that_compute() -> None:
    assert imported_with("pez.config.load", HEAVY) == "[]"


@pytest.mark.parametrize("kind", JUDGES)
def test_judging_what_was_measured_needs_no_torch(kind: str) -> None:
    """The environment of figures (envs/figures.yaml) has none."""
    assert imported_with(f"pez.inside.judges.{kind}", ("torch",)) == "[]"
