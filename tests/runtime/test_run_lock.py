"""Who runs in a folder: the living are named, the dead are not."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from pez.runtime.run_lock import running

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
HERE = f"process {os.getpid()} of {socket.gethostname()}"

HOLDER = """
import sys, time
from pathlib import Path
from pez.runtime.run_lock import running
with running(Path(sys.argv[1])) as others:
    print(others, flush=True)
    time.sleep(600)
"""


def hold(file: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(file)],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_living_runs_are_named_and_killed_ones_are_not(tmp_path: Path) -> None:
    file = tmp_path / "runs"
    with running(file) as others:
        assert others == []
        other = hold(file)
        assert other.stdout is not None
        assert other.stdout.readline() == f"{[HERE]}\n"
    with running(file) as others:
        assert f"process {other.pid} of {socket.gethostname()}" in others
    other.send_signal(signal.SIGKILL)
    other.wait()
    with running(file) as others:
        assert others == []
    assert file.read_text() == ""


def test_a_run_of_another_machine_is_named_until_one_here_has_ended_well(tmp_path: Path) -> None:
    file = tmp_path / "runs"
    file.write_text("process 7 of elsewhere\n")
    try:
        with running(file) as others:
            assert others == ["process 7 of elsewhere"]
            raise ValueError("its locks are in the way")
    except ValueError:
        pass
    with running(file) as others:
        assert others == ["process 7 of elsewhere"]
    with running(file) as others:
        assert others == []
