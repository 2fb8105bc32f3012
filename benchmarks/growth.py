"""Time and memory of the probes against clips, layers and hyper-parameters.

    python benchmarks/growth.py

Two parts. *growth*: one quantity at a time is multiplied, the others stay. The exponent is the
slope of a straight line through log time (and log memory) against log quantity: 1 where they grow
linearly, 0 where they are flat. Gradient probes run all their steps here (no early stopping), so
that the work is known. *streaming*: ridge on 100,000 synthetic clips from feature shards on disk
to the table of predictions, beside the same with the layer in memory, and with the shards split
over two processes whose statistics are merged.

Every case is a process of its own with one thread. Memory is its peak resident set less that of a
process that has only imported the probes. Seconds are medians and leave out the making of synthetic
features. Files were just written, so that they are read from the page cache.
"""

import argparse
import io
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import growth_streaming
import numpy as np
import pandas as pd
import torch
from measure import measured, peak_mb
from probe_data import design

from pez.probes.run import run_probe
from pez.recipes.spec import GradientSolver, RidgeSolver
from pez.runtime.progress import set_terminal
from probes import Loader, probe_spec

CHECKOUT = Path(__file__).resolve().parents[1]
STEPS = 100
CLIPS = (392, 1568, 6272)  # 8 directions x 7 speeds x 7, 28, 112 starts
LAYERS = (6, 12, 24)
CONFIGURATIONS = (5, 20, 80)
QUANTITIES = ("clips", "width", "layers", "configurations")


def solver_of(kind: str, configurations: int) -> GradientSolver | RidgeSolver:
    if kind == "ridge":
        return RidgeSolver(method="ridge", alphas=tuple(np.geomspace(1e-2, 1e4, configurations)))
    return GradientSolver(
        method="adamw",
        steps=STEPS,
        patience=STEPS,
        learning_rates=tuple(np.geomspace(1e-4, 5e-3, 5)),
        weight_decays=tuple(np.geomspace(0.01, 0.8, configurations // 5)),
    )


def growth(case: dict) -> dict:
    """Fit the probe ``speed``, both selections."""
    labels = design(8, 7, case["clips"] // 56)
    solver = solver_of(case["solver"], case["configurations"])

    def once() -> float:
        load = Loader(labels, case["width"])
        start = time.perf_counter()
        run_probe("speed", probe_spec("speed"), solver, load, case["layers"], labels, "cpu")
        return time.perf_counter() - start - load.seconds

    return measured(once, case["repeats"])


def growth_cases(full: bool) -> Iterator[tuple[str, str, dict]]:
    """Yield (series, what grows, case)."""
    gradient = {"solver": "gradient", "clips": 392, "width": 1024, "layers": 2}
    primal = {"solver": "ridge", "clips": 392, "width": 256, "layers": 4}
    for series, base in (
        ("gradient", gradient | {"configurations": 20}),
        ("ridge, primal", primal | {"configurations": 7}),
    ):
        for quantity, amounts in zip(
            ("clips", "layers", "configurations"), (CLIPS, LAYERS, CONFIGURATIONS), strict=True
        ):
            for amount in amounts:
                yield series, quantity, base | {quantity: amount}
    dual = {"solver": "ridge", "width": 8192, "layers": 1, "configurations": 7}
    for clips in CLIPS if full else CLIPS[:2]:
        yield "ridge, dual", "clips", dual | {"clips": clips}


PARTS: dict[str, Callable[[dict], dict]] = {
    "import": lambda case: {},
    "growth": growth,
    "write_shards": growth_streaming.write_shards,
    "fit": growth_streaming.fit,
    "compare": growth_streaming.compare,
    "gather": growth_streaming.gather,
    "merge": growth_streaming.merge,
}


def work(part: str, case: dict) -> dict:
    """Run ``part`` in a process of its own and return its findings with ``peak_mb``."""
    command = [sys.executable, __file__, "--part", part, "--case", json.dumps(case)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return json.loads(done.stdout)


class Table:
    """The measurements, printed as they come."""

    def __init__(self) -> None:
        self.rows: list[dict] = []
        self.imports = work("import", {})["peak_mb"]

    def note(self, series: str, quantity: str, case: dict, found: dict) -> None:
        memory = found["peak_mb"] - self.imports
        known = {name: case[name] for name in QUANTITIES}
        measured = {"seconds": found["seconds"], "memory_mb": memory}
        self.rows.append({"series": series, "grows": quantity, **known, **measured})
        print(f"... {series}: {case[quantity]} {quantity}, {found['seconds']:.2f} s", flush=True)

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows)

    def show(self) -> None:
        """Print every series with its exponents."""
        print(f"memory is above the {self.imports:.0f} MB of a process with the probes imported")
        for (series, quantity), part in self.frame().groupby(["series", "grows"], sort=False):
            others = [name for name in QUANTITIES if name != quantity]
            sizes = ", ".join(f"{part[name].iloc[0]} {name}" for name in others)
            print(f"\n{series} ({sizes})")
            for row in part.to_dict("records"):
                amount = f"{row[quantity]:>9} {quantity:15s}"
                print(f"{amount}{row['seconds']:9.2f} s{row['memory_mb']:8.0f} MB")
            if len(part) > 1:
                exponents = (slope(part[quantity], part[x]) for x in ("seconds", "memory_mb"))
                print("{:25s}{:9.2f}  {:8.2f}".format("exponent", *exponents))


def slope(quantity: pd.Series, measured: pd.Series) -> float:
    return float(np.polyfit(np.log(quantity), np.log(measured.clip(lower=1e-3)), 1)[0])


def stream(table: Table, common: dict, most: int) -> None:
    """Measure ridge on up to ``most`` clips in files."""
    common = common | {"layers": 1, "configurations": len(growth_streaming.ALPHAS)}
    work("write_shards", common | {"clips": most})
    for clips in (most // 4, most // 2, most):
        case = common | {"clips": clips}
        for how in ("by shards", "in memory", "tables alone"):
            table.note(f"ridge, {how}", "clips", case, work("fit", case | {"how": how}))
        found = work("compare", case)
        print(
            f"{clips} clips: the tables by shards and from memory have the same bits "
            f"({found['predictions']} predictions, mean R2 {found['r2']:.4f})"
        )
    case = common | {"clips": most}
    files = {
        (machines, machine): f"{common['folder']}/{machine}_of_{machines}.safetensors"
        for machines, machine in ((1, 0), (2, 0), (2, 1))
    }
    for (machines, machine), file in files.items():
        found = work("gather", case | {"machines": machines, "machine": machine, "file": file})
        table.note(f"statistics, machine {machine + 1} of {machines}", "clips", case, found)
    single, *parts = files.values()
    found = work("merge", case | {"files": parts, "single": single})
    table.note("merge and solve", "clips", case, found)
    print(
        f"merged against one machine: held-out errors differ by at most {found['worst']:.1e} of "
        f"their size; {found['cells']} cells, {Path(single).stat().st_size / 2**20:.1f} MB a file"
    )


def machine_facts() -> str:
    model = Path("/proc/cpuinfo").read_text().split("model name")[1].split("\n")[0].strip(" :\t")
    load = Path("/proc/loadavg").read_text().split()[0]
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    return f"{model}, {os.cpu_count()} cores, load {load}, {versions}, one thread a case"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=100_000, help="of the streaming part")
    parser.add_argument("--width", type=int, default=256, help="of the streaming part")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=["growth", "streaming"])
    parser.add_argument("--full", action="store_true", help="the dual on 6272 clips too")
    parser.add_argument("--csv", type=Path, default=CHECKOUT / "artifacts/benchmarks/growth.csv")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--case", type=json.loads, default={}, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        torch.set_num_threads(1)
        set_terminal(io.StringIO())
        found = PARTS[arguments.part](arguments.case)
        print(json.dumps({"peak_mb": peak_mb()} | found))
        return
    print(machine_facts())
    table, repeats = Table(), {"repeats": arguments.repeats}
    if arguments.only != "streaming":
        for series, quantity, case in growth_cases(arguments.full):
            table.note(series, quantity, case, work("growth", case | repeats))
    if arguments.only != "growth":
        with tempfile.TemporaryDirectory() as folder:
            common = {"folder": folder, "width": arguments.width}
            stream(table, common | repeats, arguments.clips)
    arguments.csv.parent.mkdir(parents=True, exist_ok=True)
    table.frame().to_csv(arguments.csv, index=False)
    table.show()


if __name__ == "__main__":
    main()
