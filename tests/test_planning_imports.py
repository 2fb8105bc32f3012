"""Planning reads the configuration, and waits for no library that computes."""

import os
import subprocess
import sys

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
