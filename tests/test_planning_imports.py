"""Planning reads the configuration, and waits for no library that computes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import CHECKOUT

HEAVY = ("numpy", "pandas", "pyarrow", "scipy", "sklearn", "torch", "matplotlib")


def test_the_configuration_is_read_without_libraries_that_compute() -> None:
    asked = f"import sys, pez.config.load; print([name for name in {HEAVY} if name in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", asked],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT / "workflow_scripts")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "[]"


JUDGES = sorted(
    path.stem for path in Path(CHECKOUT / "workflow_scripts/pez/inside/judges").glob("[a-z]*.py")
)


@pytest.mark.parametrize("kind", JUDGES)
def test_judging_what_was_measured_needs_no_torch(kind: str) -> None:
    """The environment of figures (envs/figures.yaml) has none."""
    asked = f"import sys, pez.inside.judges.{kind}; print('torch' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", asked],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT / "workflow_scripts")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "False"
