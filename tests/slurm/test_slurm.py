"""The workflow through a real Slurm of one node (`make test-slurm`)."""

import fcntl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from conftest import SMOKE_OUT, Project, fresh_project
from slurm.node import jobs, obstacle, slurm_node

# What a cluster with an accounting database and patience does not need to be told.
SLURM = ("--profile", "profiles/slurm", "--slurm-status-command", "squeue",
         "--slurm-init-seconds-before-status-checks", "2")  # fmt: skip


@pytest.fixture(scope="module")
def node() -> Iterator[None]:
    why = obstacle()
    if why:
        pytest.skip(why)
    with slurm_node():
        yield


@dataclass(frozen=True)
class Run:
    """A finished run of the figure through Slurm."""

    project: Project
    said: str
    jobs: list[dict[str, str]]

    def of(self, rule: str) -> list[dict[str, str]]:
        return [job for job in self.jobs if job.get("Comment", "").startswith(f"rule_{rule}")]


@pytest.fixture(scope="module")
def run(node: None, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run whose first rendering job is put back into the queue by a job of higher priority."""
    project = fresh_project(tmp_path_factory.mktemp("slurm") / "project")
    ended: list[subprocess.CompletedProcess[str]] = []
    thread = threading.Thread(
        target=lambda: ended.append(project.snakemake("figure2c", *SLURM, check=False))
    )
    thread.start()
    logs = project.folder / SMOKE_OUT / "logs/render_clips"
    while thread.is_alive() and not any(logs.glob("*.log")):
        time.sleep(0.2)
    urgent = ["sbatch", "--partition=urgent", "--exclusive", "--output=/dev/null", "--wrap=true"]
    subprocess.run(urgent, check=True)
    thread.join()
    assert ended[0].returncode == 0, ended[0].stderr
    return Run(project, ended[0].stderr, jobs())


def test_the_figure_has_the_bytes_of_a_run_on_one_machine(run: Run, project: Project) -> None:
    project.snakemake("figure2c", "--cores", "2")
    here, there = project.built_files(), run.project.built_files()
    assert here.keys() == there.keys()
    assert not [name for name, content in here.items() if there[name] != content]


def test_every_job_went_through_slurm(run: Run) -> None:
    benchmarks = (run.project.folder / SMOKE_OUT / "benchmarks").rglob("*.tsv")
    ran = Counter(path.parent.name for path in benchmarks)
    stages = ("simulate_clips", "render_clips", "fit_probe", "draw_figure")
    assert {stage: len(run.of(stage)) for stage in stages} == {s: ran[s] for s in stages}
    submitted = [job for job in run.jobs if job.get("Comment", "").startswith("rule_")]
    assert len(submitted) == sum(ran.values())
    assert {job["JobState"] for job in submitted} == {"COMPLETED"}


@pytest.mark.parametrize("rule", ["choose_precision", "extract_", "fit_probe"])
def test_rules_that_can_use_a_gpu_ask_slurm_for_one(run: Run, rule: str) -> None:
    assert {job.get("TresPerJob") for job in run.of(rule)} == {"gres:gpu:1"}


@pytest.mark.parametrize("rule", ["simulate_clips", "render_clips", "judge_figure", "draw_figure"])
def test_other_rules_ask_for_none(run: Run, rule: str) -> None:
    assert {job.get("TresPerJob") for job in run.of(rule)} == {None}


def test_slurm_is_told_how_long_a_job_may_take_and_its_memory(run: Run) -> None:
    (drawing,) = run.of("draw_figure")
    assert drawing["TimeLimit"] == "00:10:00"
    assert drawing["MinMemoryNode"] == "2000M"


def test_a_job_that_is_put_back_into_the_queue_ends_well(run: Run) -> None:
    (urgent,) = [job for job in run.jobs if job["Partition"] == "urgent"]
    assert urgent["JobState"] == "COMPLETED"
    restarted = [job for job in run.of("render_clips") if job["Restarts"] != "0"]
    assert restarted and all(job["JobState"] == "COMPLETED" for job in restarted)
    assert "Error in rule" not in run.said


def test_a_job_at_its_time_limit_is_named_with_the_cure(
    node: None, project: Project, tmp_path: Path
) -> None:
    """It waits for a GPU that another process keeps."""
    device = "GPU-of-another"
    with (tmp_path / f"{device}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = project.snakemake(
            f"{SMOKE_OUT}/precision.json",
            *SLURM,
            *("--retries", "0", "--set-resources", "choose_precision:runtime=1"),
            check=False,
            CUDA_VISIBLE_DEVICES=device,
            PEZ_GPU_LEASE_DIR=str(tmp_path),
        )
    assert ended.returncode == 1
    assert (
        "choose_precision of run was ended by Slurm at its time limit of 1 min: give it more, for "
        "example --set-resources choose_precision:runtime=2." in ended.stderr
    )
    assert [job["JobState"] for job in jobs() if job["TimeLimit"] == "00:01:00"] == ["TIMEOUT"]


def test_without_gpus_none_is_asked_for(node: None, project: Project) -> None:
    before = len(jobs())
    project.snakemake(f"{SMOKE_OUT}/precision.json", *SLURM, "--resources", "gpu=0")
    (job,) = jobs()[before:]
    assert job["JobState"] == "COMPLETED" and "TresPerJob" not in job
    log = project.folder / SMOKE_OUT / "logs/choose_precision/run.log"
    assert "computing on the CPU: the rule was granted no GPU" in log.read_text()


def test_downloads_run_where_there_is_internet(node: None, project: Project) -> None:
    """The nodes of this Slurm have none: what asks for a page there fails."""
    published = project.folder / "vitl.pt"
    published.write_bytes(b"weights")
    handler = partial(SimpleHTTPRequestHandler, directory=str(project.folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/vitl.pt"
        asks = f"import requests; requests.get({url!r})"
        on_the_node = ["srun", "--partition=main", "--mem=100", sys.executable, "-c", asks]
        refused = subprocess.run(on_the_node, capture_output=True, text=True)
        before = len(jobs())
        weights = {"source": "checkpoint", "file": "vitl.pt", "url": url}
        overlay = {"encoders": {"models": {"vjepa2_large": {"weights": weights}}}}
        (project.folder / "url.yaml").write_text(yaml.safe_dump(overlay))
        downloaded = f"{SMOKE_OUT}/checkpoints/downloads/vitl.pt"
        project.snakemake(downloaded, *SLURM, overlays=("url.yaml",))
        server.shutdown()
    assert "ProxyError" in refused.stderr
    assert (project.folder / downloaded).read_bytes() == b"weights"
    assert len(jobs()) == before
