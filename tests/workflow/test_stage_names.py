"""Options of Snakemake that name rules take the names of stages, by real dry runs."""

import re
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
import yaml
from snakemake.cli import parse_args
from snakemake.settings.types import ResourceSettings

from conftest import CHECKOUT, FIGURES, Project
from workflow.planning import plan, plan_jobs

EXTRACTIONS = 2 * 2 * 2  # velocity and acceleration in two shards, the model and its control
MOVIES = 2 * 2  # intphys_mini in two shards


def dry_run(project: Project, *arguments: str, check: bool = True) -> str:
    """What a dry run says, standard output and error together."""
    done = project.snakemake(*arguments, "-n", "--cores", "8", check=check)
    return done.stdout + done.stderr


def jobs(printed: str) -> Counter[str]:
    """Jobs by rule, as counted in the table of a dry run."""
    table = re.search(r"Job stats:\njob +count\n[- ]+\n(.*?)\ntotal ", printed, re.DOTALL)
    assert table, printed
    rows = [line.rsplit(maxsplit=1) for line in table[1].splitlines()]
    return Counter({rule: int(count) for rule, count in rows})


@pytest.fixture(autouse=True)
def no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def of_stage(counts: Counter[str], stage: str) -> int:
    return sum(count for rule, count in counts.items() if rule.startswith(f"{stage}_"))


def planned(project: Project, figure: str, *options: str) -> dict[str, list[Any]]:
    """Jobs of ``figure`` by stage, with ``options`` read as the command line reads them."""
    _, known = parse_args([figure, *options])
    settings = ResourceSettings(
        cores=8,
        overwrite_resources=known.set_resources,
        overwrite_threads=known.set_threads,
    )
    found: dict[str, list[Any]] = {}
    for job in plan_jobs(project.folder, [figure], resources=settings):
        found.setdefault(job.rule.name.partition("_")[0], []).append(job)
    return found


def test_resources_and_threads_of_a_stage(project: Project) -> None:
    for_stage = ("--set-resources", "extract_features:mem_mb=64000", "extract_features:gpu=0")
    for_one = "extract_vjepa2_tiny_velocity:mem_mb=500"  # counts more than its stage
    options = (*for_stage, for_one, "--set-threads", "extract_features=3")
    jobs = planned(project, "figure2c", *options)
    memory = Counter(job.resources.mem_mb for job in jobs["extract"])
    assert memory == {64000: EXTRACTIONS - 2, 500: 2}
    assert {job.resources.gpu for job in jobs["extract"]} == {0}
    assert {job.threads for job in jobs["extract"]} == {3}
    assert {job.resources.mem_mb for job in jobs["fit"]} == {6000}
    assert {job.threads for job in jobs["fit"]} == {1}


def test_resources_and_threads_of_a_stage_of_movies(project: Project) -> None:
    options = ("--set-resources", "sample_intphys:mem_mb=9000", "--set-threads", "sample_intphys=2")
    (job,) = planned(project, "figure1", *options)["sample"]
    assert job.resources.mem_mb == 9000 and job.threads == 2


def test_the_command_line_takes_them_as_well(project: Project) -> None:
    options = ("--set-resources", "extract_features:mem_mb=64000", "--set-threads")
    assert of_stage(jobs(dry_run(project, "figure2c", *options, "extract_features=3")), "extract")


def test_until_a_stage(project: Project) -> None:
    counts = jobs(dry_run(project, "figure2c", "--until", "extract_features"))
    assert of_stage(counts, "extract") == EXTRACTIONS
    assert not {"fit_probe", "draw_figure"} & set(counts) and counts["render_clips"] == 4
    on_gpus = dry_run(project, "figure2c", "--until", "extract_features", "--resources", "gpu=1")
    assert of_stage(jobs(on_gpus), "extract") == 2 * 2  # whole datasets, of no other model
    counts = jobs(dry_run(project, "figure1", "--until", "sample_intphys"))
    assert counts["sample_intphys_mini"] == 1 and not of_stage(counts, "extract")


def test_omitting_what_follows_from_a_stage(project: Project) -> None:
    counts = jobs(dry_run(project, "figure2c", "--omit-from", "extract_features"))
    assert counts["render_clips"] == 4
    assert not of_stage(counts, "extract") and not counts["fit_probe"]


def test_a_stage_is_forced_and_prioritised(smoke_run: Project) -> None:
    assert plan(smoke_run.folder, FIGURES) == Counter()
    counts = jobs(dry_run(smoke_run, "figure2c", "--forcerun", "extract_features"))
    assert of_stage(counts, "extract") == EXTRACTIONS
    assert counts["fit_probe"] and not counts["render_clips"]
    counts = jobs(dry_run(smoke_run, "figure1", "--forcerun", "sample_intphys"))
    assert counts["sample_intphys_mini"] == 1 and of_stage(counts, "extract") == MOVIES
    assert not counts["index_intphys"]
    dry_run(smoke_run, "figure2c", "--prioritize", "extract_features")


@pytest.mark.parametrize("option", ["--set-resources", "--set-threads"])
def test_an_option_for_no_rule_at_all_is_refused(project: Project, option: str) -> None:
    value = {"--set-resources": "extract_feature:mem_mb=1", "--set-threads": "extract_feature=2"}
    printed = dry_run(project, "figure2c", option, value[option], check=False)
    assert f"{option}: rule = 'extract_feature' (did you mean 'extract_features'?" in printed


def test_the_name_of_a_stage_is_that_of_its_logs_and_of_no_rule(project: Project) -> None:
    for stage in ("extract_features", "sample_intphys"):
        assert f"No rule to produce {stage} " in dry_run(project, stage, check=False)
        assert (project.folder / "workflow_scripts" / f"{stage}.py").is_file()


def test_the_list_tells_measured_times_of_the_configuration_as_it_comes(project: Project) -> None:
    command = [sys.executable, "-m", "snakemake", "--list"]
    told = subprocess.run(command, cwd=project.folder, capture_output=True, text=True, check=True)
    lines = {line.split()[0]: line for line in told.stdout.splitlines()}
    measured = yaml.safe_load((CHECKOUT / "resources/minutes.yaml").read_text())
    for target, line in lines.items():
        words = f", {measured.get(target)} min"
        assert (words in line) == (target in measured), line
    assert set(measured) <= set(lines) and "min: on two cores" in told.stdout
    assert " min" not in project.snakemake("--list").stdout


def test_the_list_of_rules_is_that_of_targets_and_says_what_is_up_to_date(
    smoke_run: Project,
) -> None:
    listed = smoke_run.snakemake("--list").stdout.splitlines()
    told = {line.split()[0]: line for line in listed}
    assert {"figure2c", "figure3", "table4", "audit", "all", "clips"} <= set(told)
    assert not [name for name in told if name.startswith("extract")] and len(told) < 50
    assert told["figure2c"].endswith("with controls and verdict [up to date]")
    assert "up to date" not in told["figure3"] and "date" not in told["clips"]
    changed = {"solvers": {"ridge": {"alphas": [1.0, 10.0]}}}
    overlay = smoke_run.folder / "changed.yaml"
    overlay.write_text(yaml.safe_dump(changed))
    again = smoke_run.snakemake("--list", overlays=("changed.yaml",)).stdout
    overlay.unlink()
    assert re.search(r"^figure2c .*\[out of date\]$", again, re.MULTILINE)
