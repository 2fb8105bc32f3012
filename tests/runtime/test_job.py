"""What `job` does around a script's work."""

import os
import subprocess
import sys
import time
from pathlib import Path

from pez.runtime.lease_log import read_leases
from pez.runtime.moments import read_moments
from pez.runtime.note import read_note

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"

PREAMBLE = """
import os, sys, time, types
from pez.runtime.job import job
from pez.runtime.errors import PezError
snakemake = types.SimpleNamespace(log=[sys.argv[1]], threads=1, rule="demo", resources={"gpu": 1},
                                  output={})
"""


def run(
    script: str, log: Path, devices: str = "", **variables: str
) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), "CUDA_VISIBLE_DEVICES": devices}
    environment |= variables
    arguments = [sys.executable, "-c", PREAMBLE + script, str(log)]
    return subprocess.run(arguments, env=environment, capture_output=True, text=True)


def test_output_goes_to_the_log_and_says_the_device(tmp_path: Path) -> None:
    log = tmp_path / "logs/a.log"
    script = "with job(snakemake) as run:\n    print('hello'); os.system('echo from C')\n"
    ended = run(script + "    assert run.device == 'cpu'\n", log)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "" and ended.stderr == ""
    text = log.read_text()
    assert "hello" in text and "from C" in text
    assert "computing on the CPU: this machine offers no GPU" in text


def test_a_device_is_leased_when_it_is_asked_for_and_the_moments_are_noted(tmp_path: Path) -> None:
    log = tmp_path / "logs/demo/velocity.000.log"
    script = (
        "snakemake.output = {'note': ['a.json', 'b.json']}\n"
        "snakemake.params = types.SimpleNamespace(made={'provenance': 'p'})\n"
        "with job(snakemake) as run:\n"
        "    assert os.environ['CUDA_VISIBLE_DEVICES'] == ''\n"
        "    assert not os.listdir(os.environ['PEZ_GPU_LEASE_DIR'])\n"
        "    time.sleep(0.2)\n"
        "    assert run.device == run.device == 'cuda'\n"
        "    assert os.environ['CUDA_VISIBLE_DEVICES'] == 'GPU-a'\n"
    )
    leases = tmp_path / "leases"
    leases.mkdir()
    script = f"os.chdir({str(tmp_path)!r})\n" + script
    ended = run(script, log, "GPU-a,GPU-b", PEZ_GPU_LEASE_DIR=str(leases), PEZ_GPU_PLACES="1")
    assert ended.returncode == 0, ended.stderr + log.read_text()
    assert [read_note(tmp_path / f"{name}.json") for name in "ab"] == ["p", "p"]
    moments = read_moments(tmp_path / "logs/moments.csv")
    assert [one.moment for one in moments] == ["process", "begun", "ready", "device", "end"]
    assert {(one.rule, one.job) for one in moments} == {("demo", "velocity.000")}
    times = {one.moment: one.time_s for one in moments}
    assert 0.2 <= times["ready"] - times["begun"] < 10
    assert 0 < times["begun"] - times["process"] < 60
    (lease,) = read_leases(tmp_path / "logs/gpu_leases.csv")
    assert lease.device == "GPU-a" and lease.end is not None


def test_an_error_of_ours_is_one_sentence(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    ended = run("with job(snakemake):\n    raise PezError('x.bin is bad: delete it')\n", log)
    assert ended.returncode == 1
    assert ended.stderr.strip() == "Error in rule demo: x.bin is bad: delete it"
    assert "Traceback" not in log.read_text()
    assert "x.bin is bad: delete it" in log.read_text()


def test_progress_bars_stay_on_the_terminal(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    script = (
        "with job(snakemake):\n"
        "    from pez.runtime.progress import progress\n"
        "    for _ in progress(range(3), 'working', unit='clip'): pass\n"
    )
    ended = run(script, log)
    assert "working" in ended.stderr and "3/3" in ended.stderr
    assert "working" not in log.read_text()


def test_the_job_dies_with_its_parent(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    body = f"open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    script = PREAMBLE + f"with job(snakemake):\n    {body}\n"
    launcher = (
        "import subprocess, sys\n"
        f"subprocess.Popen([sys.executable, '-c', {script!r}, {str(tmp_path / 'a.log')!r}]).wait()"
    )
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    parent = subprocess.Popen([sys.executable, "-c", launcher], env=environment)
    while not (pid_file.exists() and pid_file.read_text()):
        assert parent.poll() is None
        time.sleep(0.05)
    child = Path("/proc") / pid_file.read_text()
    assert child.exists()
    parent.kill()
    parent.wait()
    for _ in range(100):
        if not child.exists() or "Z" in (child / "stat").read_text().split()[2]:
            return
        time.sleep(0.05)
    raise AssertionError("the job outlived its parent")


def test_a_gpu_that_torch_cannot_use_is_named_with_the_cure(tmp_path: Path) -> None:
    """As with a driver older than the build of PyTorch, or a device that it no longer knows."""
    log = tmp_path / "logs/a.log"
    script = (
        "def refuse(*_, **__): raise RuntimeError('The NVIDIA driver on your system is too old')\n"
        "sys.modules['torch'] = types.SimpleNamespace(ones=refuse, __version__='2.11.0')\n"
        "with job(snakemake) as run:\n    run.device\n"
    )
    ended = run(script, log, "GPU-a", PEZ_GPU_LEASE_DIR=str(tmp_path / "leases"))
    assert ended.returncode == 1
    assert "cannot use GPU GPU-a (The NVIDIA driver on your system is too old)" in ended.stderr
    assert "--resources gpu=0" in ended.stderr and "Traceback" not in ended.stderr


def test_a_job_whose_snakemake_was_killed_before_it_began_does_nothing(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    namespace = Path("/proc/self/ns/pid").stat().st_ino
    script = "with job(snakemake) as run:\n    open(sys.argv[1] + '.done', 'w')\n"
    for process, there in ((dead.pid, False), (os.getpid(), True)):
        log = tmp_path / f"logs/{process}.log"
        ended = run(script, log, PEZ_RUNNER=f"{process} {namespace}")
        assert ended.returncode == (0 if there else 1)
        assert log.with_name(f"{log.name}.done").exists() == there
