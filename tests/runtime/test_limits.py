"""What is said of a job that Slurm has ended at a limit, from the words of Snakemake's executor."""

import re

import pytest

from pez.runtime.limits import advice, limit_reached

SAID = "SLURM-job '7' failed, SLURM status is: '{}'. Reason: Unknown."


@pytest.mark.parametrize(
    ("state", "cure"),
    [
        ("TIMEOUT", "time limit of 60 min: .*--set-resources fit_probe:runtime=120"),
        ("OUT_OF_MEMORY", "memory limit of 60 MB: .*--set-resources fit_probe:mem_mb=120"),
    ],
)
def test_the_job_its_limit_and_the_cure_are_named(state: str, cure: str) -> None:
    limit = limit_reached(SAID.format(state))
    assert limit is not None
    told = advice(limit, "fit_probe", "vjepa2_nano.speed.strict", 60)
    assert told.startswith("fit_probe of vjepa2_nano.speed.strict was ended by Slurm at its")
    assert re.search(cure, told)


@pytest.mark.parametrize("said", [SAID.format("FAILED"), SAID.format("NODE_FAIL"), ""])
def test_other_failures_reach_no_limit(said: str) -> None:
    assert limit_reached(said) is None
