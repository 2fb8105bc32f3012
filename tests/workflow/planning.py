"""Plan the workflow in this process: which jobs would run, without starting Snakemake."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    Quietness,
    ResourceSettings,
)

TRIGGERS = ("mtime", "params", "input", "software-env")  # as in profiles/default


def plan(
    folder: Path,
    targets: Iterable[str] = ("figure2c",),
    overlay: dict[str, Any] | None = None,
    configfiles: Iterable[str] = ("configs/smoke.yaml",),
    gpus: int = 0,
) -> Counter[str]:
    """Return how many jobs of each rule a run in ``folder`` would start."""
    jobs = plan_jobs(folder, targets, overlay, configfiles, gpus=gpus)
    return Counter(job.rule.name for job in jobs)


def plan_jobs(
    folder: Path,
    targets: Iterable[str] = ("figure2c",),
    overlay: dict[str, Any] | None = None,
    configfiles: Iterable[str] = ("configs/smoke.yaml",),
    resources: ResourceSettings | None = None,
    gpus: int = 0,
) -> list[Any]:
    """Return the jobs that a run in ``folder`` would start, as Snakemake has them."""
    from snakemake.settings.enums import RerunTrigger

    triggers = frozenset(RerunTrigger.parse_choice(name) for name in TRIGGERS)
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, dryrun=True)) as api:
        workflow = api.workflow(
            resource_settings=resources or ResourceSettings(cores=2, resources={"gpu": gpus}),
            config_settings=ConfigSettings(
                config=overlay or {}, configfiles=[folder / name for name in configfiles]
            ),
            snakefile=folder / "Snakefile",
            workdir=folder,
        )
        dag = workflow.dag(DAGSettings(targets=set(targets), rerun_triggers=triggers))
        dag.execute_workflow(executor="dryrun")
        return list(workflow._workflow.dag.finished_jobs)
