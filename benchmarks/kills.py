"""Kill runs of the smoke configuration at random moments, and start them again until they finish.

    python benchmarks/kills.py --kills 20 [--targets figure2c audit]

Half of the kills (kill -9) hit the whole tree of processes, half Snakemake alone. Every run that
gets to its end is compared file by file with one that nobody disturbed, and another is begun in an
empty folder, until so many kills have hit a run at work. What jobs each of them hit is told.
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
PARTS = ("Snakefile", "config.yaml", "rules", "workflow_scripts", "configs", "profiles", "envs",
         "resources")  # fmt: skip
BUILT = ("clips", "checkpoints", "features", "probes", "figures", "audit")
JOB = re.compile(rb"/scripts/tmp\w+\.(\w+)\.py")


def fresh(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for part in PARTS:
        source = CHECKOUT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / part)
    return folder


def start(folder: Path, targets: list[str]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "snakemake", *targets, "--cores", "2"]
    return subprocess.Popen(
        [*command, "--configfile", "configs/smoke.yaml"],
        cwd=folder,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.DEVNULL,
        stderr=(folder / "said").open("ab"),
        start_new_session=True,
    )


def tree(pid: int) -> list[int]:
    """``pid`` and all its descendants."""
    found = [pid]
    for parent in found:
        for task in Path("/proc", str(parent), "task").glob("*/children"):
            found += map(int, task.read_text().split())
    return found


def survivors(folder: Path) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder and (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def wait_for_survivors(folder: Path) -> float:
    """Seconds until no process is left that works in ``folder``: a minute at most."""
    began = time.monotonic()
    while survivors(folder) and time.monotonic() < began + 60:
        time.sleep(0.2)
    return time.monotonic() - began


def built(folder: Path) -> dict[str, bytes]:
    root = folder / "artifacts/smoke"
    files = [path for part in BUILT for path in (root / part).rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def at_work(pids: list[int]) -> set[str]:
    """Names of the scripts that processes run."""
    found = set()
    for pid in pids:
        try:
            found.update(JOB.findall(Path("/proc", str(pid), "cmdline").read_bytes()))
        except OSError:
            continue
    return {name.decode() for name in found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--targets", nargs="+", default=["figure2c"])
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    place = Path(tempfile.mkdtemp(prefix="kills_"))
    began = time.monotonic()
    assert start(fresh(place / "undisturbed"), asked.targets).wait() == 0
    took = time.monotonic() - began
    theirs = built(place / "undisturbed")
    print(f"an undisturbed run: {took:.0f} s, {len(theirs)} files", flush=True)
    folder, kills, hit = fresh(place / "killed"), 0, Counter[str]()
    outlived: list[float] = []
    while True:
        run = start(folder, asked.targets)
        last = kills == asked.kills
        try:
            run.wait(None if last else chance.uniform(0, took / 2))
        except subprocess.TimeoutExpired:
            pids = tree(run.pid)
            hit.update(at_work(pids) or {"no job"})
            for pid in pids if kills % 2 else [run.pid]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            run.wait()
            kills += 1
            outlived.append(wait_for_survivors(folder))
            continue
        ours = built(folder)
        differ = [
            name for name in theirs.keys() | ours.keys() if ours.get(name) != theirs.get(name)
        ]
        litter = [name for name in ours if ".partial" in name]
        print(
            f"after {kills} kills a run ended with {run.returncode}: {len(ours)} files, "
            f"{len(differ)} differ or are missing, {len(litter)} half written",
            *sorted(differ),
            sep="\n  ",
            flush=True,
        )
        if last:
            break
        shutil.rmtree(folder)
        fresh(folder)
    told = ", ".join(f"{name} {count}" for name, count in hit.most_common())
    print(f"{kills} kills, of which these hit: {told}")
    late = [seconds for seconds in outlived if seconds > 1]
    print(
        f"processes outlived {len(late)} kills by more than a second, at most {max(outlived):.1f} s"
    )
    shutil.rmtree(place)


if __name__ == "__main__":
    main()
