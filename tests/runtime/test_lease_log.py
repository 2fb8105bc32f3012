"""The record of GPU leases: written by real jobs on made-up devices, read back, judged."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from pez.runtime.lease_log import Lease, overlapping, read_leases, record

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
JOB = """
import sys, time, types
from pez.runtime.job import job
snakemake = types.SimpleNamespace(
    log=[sys.argv[1]], threads=1, rule=sys.argv[2], resources={"gpu": 1}, output={}
)
with job(snakemake) as run:
    assert run.device == "cuda"
    time.sleep(float(sys.argv[3]))
"""


def start(folder: Path, rule: str, seconds: float) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        "PYTHONPATH": str(SCRIPTS),
        "PEZ_GPU_LEASE_DIR": str(folder / "locks"),
        "CUDA_VISIBLE_DEVICES": "GPU-a,GPU-b",
    }
    environment.pop("SLURM_JOB_ID", None)
    log = folder / "logs" / rule / "job.log"
    return subprocess.Popen([sys.executable, "-c", JOB, str(log), rule, str(seconds)],
                            env=environment)  # fmt: skip


def test_jobs_record_their_leases_which_do_not_overlap(tmp_path: Path) -> None:
    jobs = [start(tmp_path, f"rule_{number}", 0.3) for number in range(5)]
    assert [job.wait(60) for job in jobs] == [0] * 5
    leases = read_leases(tmp_path / "logs/gpu_leases.csv")
    assert {lease.rule for lease in leases} == {f"rule_{number}" for number in range(5)}
    assert {lease.device for lease in leases} == {"GPU-a", "GPU-b"}
    assert all(lease.end is not None and lease.end - lease.start >= 0.3 for lease in leases)
    assert overlapping(leases) == []


def test_a_killed_job_leaves_a_lease_without_an_end_and_its_device_is_leased_again(
    tmp_path: Path,
) -> None:
    record_file = tmp_path / "logs/gpu_leases.csv"
    killed = [start(tmp_path, f"killed_{number}", 600) for number in range(2)]
    while not (record_file.exists() and len(read_leases(record_file)) == 2):
        time.sleep(0.05)
    for job in killed:
        job.send_signal(signal.SIGKILL)
        job.wait()
    assert start(tmp_path, "next", 0).wait(60) == 0
    by_rule = {lease.rule: lease for lease in read_leases(record_file)}
    assert by_rule["killed_0"].end is None and by_rule["killed_1"].end is None
    assert by_rule["next"].end is not None


def test_an_overlap_is_seen() -> None:
    first = Lease("GPU-a", "one", 1, 0.0, 2.0)
    leases = [
        first,
        Lease("GPU-a", "late", 3, 2.0, 3.0),
        Lease("GPU-b", "elsewhere", 4, 1.0, 2.0),
    ]
    assert overlapping(leases) == []
    early = Lease("GPU-a", "early", 2, 1.9, 4.0)
    assert overlapping([first, early]) == [(first, early)]


def test_events_of_one_process_are_matched_in_order(tmp_path: Path) -> None:
    path = tmp_path / "gpu_leases.csv"
    for event in ("lease", "release", "lease"):
        record(path, event, "again", ["GPU-a", "GPU-b"])
    leases = read_leases(path)
    assert [lease.end is None for lease in leases] == [False, True] * 2
