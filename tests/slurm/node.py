"""A Slurm of one node on this machine, for as long as a test needs it: munge, controller, node.

The node offers GPUs that are mere numbers, so that Slurm counts them and jobs compute on the CPU.
Jobs of the partition `urgent` put those of `main` back into the queue. A process on the node has no
internet: its proxy is a port that nobody listens to.
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scancel", "scontrol", "sinfo", "squeue")
# Jobs lose SLURM_CONF on their way to the node, so that the configuration lies where Slurm looks.
CONFIGURATION = Path("/etc/slurm")
PREFIX = "pez_slurm_"
FILES = ("slurm.conf", "gres.conf")
CPUS, GPUS = 2, 2

SLURM_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# a job that is put back waits for its credential to expire, two minutes by default
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmdParameters=config_overrides
TaskProlog={folder}/prolog
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=2,bf_interval=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MinJobAge=3600
KillWait=2
GresTypes=gpu
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={node} CPUs={cpus} RealMemory=64000 \
Gres=gpu:{gpus} State=UNKNOWN
PartitionName=main Nodes=n1 Default=YES PriorityTier=1 State=UP
PartitionName=urgent Nodes=n1 PriorityTier=2 PreemptMode=OFF State=UP
"""
# Two devices that every machine has, and a flag that keeps CUDA_VISIBLE_DEVICES as it is.
GRES_CONF = """\
NodeName=n1 Name=gpu File=/dev/null Flags=opencl_env
NodeName=n1 Name=gpu File=/dev/zero Flags=opencl_env
"""
PROLOG = """\
#!/bin/sh
echo export http_proxy=http://127.0.0.1:9
echo export https_proxy=http://127.0.0.1:9
echo export no_proxy=
"""


def obstacle() -> str | None:
    """Why no Slurm can be started here; None if it can."""
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    if missing:
        return f"Slurm is not installed: {', '.join(missing)} not found (apt-get install slurm-wlm)"
    if os.geteuid() != 0:
        return "only root can start a Slurm for the tests"
    file = CONFIGURATION / FILES[0]
    if file.exists() and not _is_left_over(file):
        return f"this machine has a Slurm of its own ({file})"
    return None


@contextmanager
def slurm_node() -> Iterator[None]:
    """Run the daemons until the block ends, and end all jobs with them.

    Raises:
        RuntimeError: a daemon ends, or the node is not ready in time.
    """
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir="/tmp"))
        stack.callback(shutil.rmtree, folder)
        _configure(folder)
        for name in FILES:
            link = CONFIGURATION / name
            link.unlink(missing_ok=True)
            link.symlink_to(folder / name)
            stack.callback(link.unlink)
        for command in (
            ["munged", "--foreground", f"--key-file={folder}/munge.key",
             f"--socket={folder}/munge.socket", f"--pid-file={folder}/munged.pid",
             f"--log-file={folder}/munged.log", f"--seed-file={folder}/munge.seed"],
            ["slurmctld", "-D"],
            ["slurmd", "-D", "-N", "n1"],
        ):  # fmt: skip
            said = stack.enter_context((folder / f"{command[0]}.said").open("w+"))
            daemon = subprocess.Popen(
                command, stdout=said, stderr=subprocess.STDOUT, preexec_fn=_end_with_the_test
            )
            stack.callback(_end, daemon)
            _wait_until_ready(command[0], daemon, said, folder)
        stack.callback(_end_jobs)
        yield


def jobs() -> list[dict[str, str]]:
    """What Slurm knows of every job that it was given, finished ones included."""
    lines = _ask("scontrol", "show", "job", "--oneliner").splitlines()
    return [
        dict(word.split("=", 1) for word in line.split() if "=" in word)
        for line in lines
        if line.startswith("JobId=")
    ]


def _is_left_over(file: Path) -> bool:
    """Whether ``file`` is of a test that was killed."""
    ours = file.is_symlink() and file.readlink().parent.name.startswith(PREFIX)
    return ours and "UP" not in _ask("scontrol", "ping")


def _configure(folder: Path) -> None:
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        ports = {"controller": one.getsockname()[1], "node": two.getsockname()[1]}
    host = socket.gethostname().partition(".")[0]
    written = SLURM_CONF.format(folder=folder, host=host, cpus=CPUS, gpus=GPUS, **ports)
    (folder / "slurm.conf").write_text(written)
    (folder / "gres.conf").write_text(GRES_CONF)
    (folder / "prolog").write_text(PROLOG)
    (folder / "prolog").chmod(0o755)
    folder.chmod(0o711)  # munge wants its socket within everybody's reach
    (folder / "state").mkdir()
    (folder / "spool").mkdir()
    (folder / "munge.key").write_bytes(os.urandom(1024))
    (folder / "munge.key").chmod(0o400)


def _wait_until_ready(
    name: str, daemon: "subprocess.Popen[bytes]", said: IO[str], folder: Path
) -> None:
    give_up = time.monotonic() + 30
    while not _is_ready(name, folder):
        if daemon.poll() is not None or time.monotonic() > give_up:
            said.seek(0)
            raise RuntimeError(f"{name} does not start:\n{said.read()}")
        time.sleep(0.1)


def _is_ready(name: str, folder: Path) -> bool:
    match name:
        case "munged":
            return (folder / "munge.socket").exists()
        case "slurmctld":
            return "UP" in _ask("scontrol", "ping")
        case _:
            return "idle" in _ask("sinfo", "--noheader", "--partition=main", "--format=%t")


def _end_with_the_test() -> None:
    """Ask the kernel to end this process with the one that started it, even if that is killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def _end_jobs() -> None:
    _ask("scancel", "--user=root", "--full")
    give_up = time.monotonic() + 30
    while _ask("squeue", "--noheader") and time.monotonic() < give_up:
        time.sleep(0.2)


def _end(daemon: "subprocess.Popen[bytes]") -> None:
    daemon.terminate()
    try:
        daemon.wait(timeout=20)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()


def _ask(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout
