"""What every measurement inside networks takes on two cores, by default and without a GPU.

    python benchmarks/two_cores.py [--targets figure12 figure22+figure24] [--first-core 0]

For every set of targets a copy of the project runs `snakemake TARGETS --cores 2 --resources gpu=0`,
pinned to two cores of its own, all sets side by side. The network has the embedded model's sizes
and random weights; clips and movies are as by default in number and size, made beforehand as
`waiting.py` makes them and not rendered. Features that a target reads are in its time. The table is
the last output: wall time, and time of the processor, which other work on the machine changes less.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from waiting import MEASURED, keep, prepared, project, snakemake, write_overlay
from waiting_inputs import make_inputs
from waiting_tables import table

SETS = (
    "figure3+figure19",
    "table4",
    "local_heads",
    "figure18",
    "figure4+figure20+figure21",
    "figure12",
    "figure22+figure23+table3+figure24",
    "figure24_network",
    "figure13",
    "figure11",
)
MOVIES = {"scenes": 20, "frames": 32}  # as the generated ones


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--targets", nargs="+", default=SETS, help="joined by +")
    parser.add_argument("--first-core", type=int, default=0, help="from here on two to each set")
    parser.add_argument("--out", type=Path, help="folder for the moments of every job")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("PEZ_BENCHMARK_DIR")) as name:
        folder = Path(name)
        overlays = [write_overlay(folder, "vjepa2_nano", [], MOVIES)]
        prepared(make_inputs, folder, MEASURED, overlays)

        def measure(which: tuple[int, str]) -> tuple[str, ...]:
            number, targets = which
            place = folder / f"project{number}"
            project(place, folder / "clips", overlays)
            first = options.first_core + 2 * number
            usage = place / "usage"
            pinned = ("taskset", "--cpu-list", f"{first},{first + 1}",
                      sys.executable, __file__, "--usage", str(usage))  # fmt: skip
            started = time.perf_counter()
            failure = snakemake(place, overlays, targets.split("+"), 0, 2, pinned)
            wall = time.perf_counter() - started
            row = targets.replace("+", " "), f"{wall / 60:.1f}", usage.read_text()
            print(*row, failure, flush=True)
            if options.out and not failure:
                keep(place, options.out, targets)
            return (*row, "failed" if failure else "")

        with ThreadPoolExecutor(len(options.targets)) as pool:
            rows = list(pool.map(measure, enumerate(options.targets)))
    print("\n".join(table(("targets", "min", "min of processor", ""), rows)))


def told_usage(file: Path, command: list[str]) -> int:
    """Run ``command`` and write the processor minutes of all its processes into ``file``."""
    done = subprocess.run(command)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    file.write_text(f"{(used.ru_utime + used.ru_stime) / 60:.1f}")
    return done.returncode


if __name__ == "__main__":
    if sys.argv[1:2] == ["--usage"]:
        sys.exit(told_usage(Path(sys.argv[2]), sys.argv[3:]))
    main()
