"""What every measurement inside networks takes on two cores, by default and without a GPU.

    python benchmarks/two_cores.py [--targets figure12 figure22+figure24] [--pairs 8]

For every set of targets a copy of the project runs `snakemake TARGETS --cores 2 --resources gpu=0`,
pinned to two cores of its own. `--pairs` sets run side by side, and the next one begins where one
is done. The network has the embedded model's sizes
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
from queue import SimpleQueue

from waiting import MEASURED, keep, prepared, project, snakemake, write_overlay
from waiting_inputs import make_inputs
from waiting_tables import table

SETS = (
    "table4",
    "local_heads",
    "figure18",
    "figure22+figure23+table3+figure24",
    "table4_plausibility",
    "figure4+figure20+figure21",
    "figure11",
    "figure24_network",
    "figure12",
    "figure3+figure19",
    "figure13",
    "figure10",
)
MOVIES = {"scenes": 20, "frames": 32}  # as the generated ones


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--targets", nargs="+", default=SETS, help="joined by +")
    parser.add_argument("--pairs", type=int, default=(os.cpu_count() or 2) // 2, help="of cores")
    parser.add_argument("--out", type=Path, help="folder for the moments of every job")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("PEZ_BENCHMARK_DIR")) as name:
        folder = Path(name)
        overlays = [write_overlay(folder, "vjepa2_nano", [], MOVIES)]
        prepared(make_inputs, folder, MEASURED, overlays)

        free: SimpleQueue[int] = SimpleQueue()
        for pair in range(options.pairs):
            free.put(pair)

        def measure(targets: str) -> tuple[str, ...]:
            pair = free.get()
            place = folder / f"project{pair}"
            project(place, folder / "clips", overlays)
            usage = place / "usage"
            pinned = ("taskset", "--cpu-list", f"{2 * pair},{2 * pair + 1}",
                      sys.executable, __file__, "--usage", str(usage))  # fmt: skip
            started = time.perf_counter()
            failure = snakemake(place, overlays, targets.split("+"), 0, 2, pinned)
            wall = time.perf_counter() - started
            row = targets.replace("+", " "), f"{wall / 60:.1f}", usage.read_text()
            print(*row, failure, flush=True)
            if options.out and not failure:
                keep(place, options.out, targets)
            free.put(pair)
            return (*row, "failed" if failure else "")

        with ThreadPoolExecutor(options.pairs) as pool:
            rows = list(pool.map(measure, options.targets))
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
