"""Kill runs of the smoke configuration at random moments, and start them again until they finish.

    python benchmarks/kills.py --kills 20

Half of the kills (kill -9) hit the whole tree of processes, half Snakemake alone. Afterwards one
run is left to finish, and every file is compared with those of a run that nobody disturbed.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
PARTS = ("Snakefile", "config.yaml", "rules", "workflow_scripts", "configs", "profiles", "envs",
         "resources")  # fmt: skip
BUILT = ("clips", "checkpoints", "features", "probes", "figures")


def fresh(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for part in PARTS:
        source = CHECKOUT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / part)
    return folder


def start(folder: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "snakemake", "figure2c", "--cores", "2"]
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


def built(folder: Path) -> dict[str, bytes]:
    root = folder / "artifacts/smoke"
    files = [path for part in BUILT for path in (root / part).rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    place = Path(tempfile.mkdtemp(prefix="kills_"))
    began = time.monotonic()
    assert start(fresh(place / "undisturbed")).wait() == 0
    took = time.monotonic() - began
    print(f"an undisturbed run: {took:.0f} s", flush=True)
    folder, late, ended = fresh(place / "killed"), 0, 0
    for number in range(asked.kills):
        run = start(folder)
        time.sleep(chance.uniform(0, took / 2))
        ended += run.poll() is not None
        for pid in tree(run.pid) if number % 2 else [run.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        run.wait()
        time.sleep(2)
        late += bool(survivors(folder))
    last = start(folder).wait()
    ours, theirs = built(folder), built(place / "undisturbed")
    differ = [name for name in theirs.keys() | ours.keys() if ours.get(name) != theirs.get(name)]
    litter = [name for name in ours if ".partial" in name]
    print(f"{asked.kills} kills, {ended} of runs that had ended; the last run ended with {last}")
    print(f"processes that outlived a kill by 2 s: {late} times")
    print(f"{len(theirs)} files, {len(differ)} differ or are missing, {len(litter)} half written")
    shutil.rmtree(place)


if __name__ == "__main__":
    main()
