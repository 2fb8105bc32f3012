"""Limits of a cluster's jobs: what to type when Slurm has ended one at a limit."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """A limit of a job: the resource of its rule that sets it, and the resource's unit."""

    name: str
    resource: str
    unit: str


LIMITS = {
    "TIMEOUT": Limit("time limit", "runtime", "min"),
    "OUT_OF_MEMORY": Limit("memory limit", "mem_mb", "MB"),
}
_STATE = re.compile(rf"SLURM status is: '({'|'.join(LIMITS)})'")


def limit_reached(said: str) -> Limit | None:
    """The limit at which Slurm has ended a job; None if the job failed for another reason.

    Args:
        said: what Snakemake's executor for Slurm says of the job.
    """
    state = _STATE.search(said)
    return LIMITS[state[1]] if state else None


def advice(limit: Limit, stage: str, job: str, value: int) -> str:
    """What to type when ``limit``, which was ``value`` of its units, ended the job.

    Args:
        stage, job: names of the job's log, ``logs/{stage}/{job}.log``.
    """
    return (
        f"{stage} of {job} was ended by Slurm at its {limit.name} of {value} {limit.unit}: give it "
        f"more, for example --set-resources {stage}:{limit.resource}={2 * value}. What is finished "
        "is kept."
    )
