"""Time the probes of a figure against the arithmetic they need.

    python benchmarks/probes.py --size large --device cpu

Synthetic features in the shape of the real ones; the fits are checked against a plain torch.optim
loop (tests/probes/one_by_one.py) before anything is timed. The floor is the matrix products alone,
4 n D fits outputs operations a step, at the speed of one large float32 product on this machine.
With --no-stopping every fit runs all its steps, so that the work is known and the share of the
floor can be stated; without it early stopping does what it does on these features.
"""

import argparse
import io
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "workflow_scripts"), str(CHECKOUT / "tests" / "probes")]

from one_by_one import train  # noqa: E402
from probe_data import design  # noqa: E402

from pez.probes.run import run_probe  # noqa: E402
from pez.recipes.groupings import group_ids  # noqa: E402
from pez.recipes.spec import GradientSolver, ProbeSpec, RidgeSolver  # noqa: E402
from pez.recipes.splits import outer_splits  # noqa: E402
from pez.recipes.targets import target_values  # noqa: E402
from pez.runtime.progress import set_terminal  # noqa: E402

VELOCITY, ACCELERATION = design(8, 7, 7), design(8, 5, 7)
RATES, DECAYS = (1e-4, 3e-4, 1e-3, 3e-3, 5e-3), (0.01, 0.1, 0.4, 0.8)
STEPS, PATIENCE = 400, 40


@dataclass(frozen=True)
class Size:
    layers: int
    width: int
    probes: tuple[str, ...]


POLAR = ("speed", "direction_angle", "acceleration")
SIZES = {
    "nano": Size(12, 192, POLAR),
    "large": Size(24, 1024, POLAR),
    "patch": Size(12, 256 * 192, ("velocity_xy",)),
    "patch_large": Size(24, 256 * 1024, ("velocity_xy",)),
}


def probe_spec(target: str) -> ProbeSpec:
    patch = target == "velocity_xy"
    return ProbeSpec.model_validate(
        {
            "dataset": "acceleration" if target == "acceleration" else "velocity",
            "target": target,
            "capture": "resid_post",
            "pooling": "temporal_last_patch" if patch else "temporal_last",
            "grouping": f"{'magnitude' if patch else 'direction'}_spatial_sector",
            "normalisation": "center" if patch else "zscore",
            "solver": "benchmark",
        }
    )


def labels_of(target: str) -> pd.DataFrame:
    return ACCELERATION if target == "acceleration" else VELOCITY


def features(labels: pd.DataFrame, width: int, layer: int) -> np.ndarray:
    """Motion, start and 20 nuisances, mixed linearly, under noise that falls with depth."""
    rng = np.random.default_rng(layer)
    known = labels[["vx_px", "vy_px", "speed_m_s", "start_x_px", "start_y_px"]].to_numpy(np.float32)
    causes = np.concatenate(
        [(known - known.mean(axis=0)) / known.std(axis=0), rng.normal(size=(len(labels), 20))],
        axis=1,
    ).astype(np.float32)
    mixed = causes @ rng.standard_normal((25, width), dtype=np.float32)
    mixed += 10 / (1 + layer) * rng.standard_normal(mixed.shape, dtype=np.float32)
    return mixed + rng.standard_normal(width, dtype=np.float32)


class Loader:
    """Makes the features of a layer and keeps the time that takes out of the measurement."""

    def __init__(self, labels: pd.DataFrame, width: int) -> None:
        self.labels, self.width, self.seconds = labels, width, 0.0

    def __call__(self, layer: int) -> np.ndarray:
        start = time.perf_counter()
        made = features(self.labels, self.width, layer)
        self.seconds += time.perf_counter() - start
        return made


def timed(
    target: str, size: Size, solver: GradientSolver | RidgeSolver, device: str, threads: int
) -> tuple[float, pd.DataFrame, pd.DataFrame]:
    load = Loader(labels_of(target), size.width)
    start = time.perf_counter()
    results, predictions = run_probe(
        target, probe_spec(target), solver, load, size.layers, load.labels, device, threads
    )
    return time.perf_counter() - start - load.seconds / threads, results, predictions


def check(target: str, size: Size, solver: GradientSolver, device: str) -> float:
    """Largest difference from torch.optim on fold 0 of layer 0, in standard deviations."""
    _, results, predictions = timed(target, Size(1, size.width, (target,)), solver, device, 1)
    spec, labels = probe_spec(target), labels_of(target)
    targets = target_values(labels, target)
    split = outer_splits(group_ids(labels, spec.grouping, spec.seed), target, spec)[0]
    inputs, worst = features(labels, size.width, 0), 0.0
    for selection in spec.selections:
        fold = (results.selection == selection) & (results.fold == 0)
        chosen = results[fold].iloc[0]
        fixed = int(chosen.steps) if selection == "nested" else None
        fit = train(
            inputs, targets, split, spec.normalisation, solver, chosen.learning_rate,
            chosen.weight_decay, fixed_steps=fixed,
        )  # fmt: skip
        assert fit.step == chosen.steps, (fit.step, chosen.steps)
        rows = predictions[(predictions.selection == selection) & (predictions.fold == 0)]
        found = rows.prediction.to_numpy().reshape(-1, targets.shape[1])
        difference = np.abs(found - fit.prediction[split.held_out]).max()
        worst = max(worst, float(difference / targets.std()))
    assert worst < 1e-4, worst
    return worst


def measure(repeats: int, body: Callable[[], float]) -> tuple[float, float, float]:
    """Median and least wall seconds of ``body``, and processor seconds of the least busy run."""
    seconds, processor = [], []
    for _ in range(repeats):
        start = time.process_time()
        seconds.append(body())
        processor.append(time.process_time() - start)
    return statistics.median(seconds), min(seconds), min(processor)


def product_speed(device: str) -> float:
    """Operations a second of one float32 product [2048, 2048] x [2048, 2048], best of 20."""
    left, right = torch.rand(2, 2048, 2048, device=device).unbind()
    best = float("inf")
    for _ in range(20):
        start = time.perf_counter()
        left @ right
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return 2 * 2048**3 / best


def operations(target: str, size: Size) -> float:
    """Of the matrix products of all fits, both selections, if none stops early."""
    clips = len(labels_of(target))
    outputs = 2 if target == "velocity_xy" else 1
    fits = 2 * 5 * len(RATES) * len(DECAYS)
    return 4.0 * clips * size.width * fits * outputs * STEPS * size.layers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=SIZES, default="large")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--layers", type=int, help="time fewer layers")
    parser.add_argument("--solver", choices=["adamw", "adam_l2", "ridge"], default="adamw")
    parser.add_argument("--no-stopping", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    set_terminal(io.StringIO())
    size = SIZES[arguments.size]
    size = Size(arguments.layers or size.layers, size.width, size.probes)
    solver: GradientSolver | RidgeSolver = RidgeSolver(
        method="ridge", alphas=(1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3, 1e4)
    )
    if arguments.solver != "ridge":
        solver = GradientSolver(
            method=arguments.solver,
            steps=STEPS,
            patience=PATIENCE,
            learning_rates=RATES,
            weight_decays=DECAYS,
        )
        for target in size.probes:
            worst = check(target, size, solver, arguments.device)
            print(f"{target}: equal to torch.optim within {worst:.1e} standard deviations")
        if arguments.no_stopping:
            solver = solver.model_copy(update={"patience": STEPS})
    if arguments.device == "cuda":
        name = torch.cuda.get_device_name()
    else:
        name = f"{arguments.threads} threads, load {Path('/proc/loadavg').read_text().split()[0]}"
    print(f"torch {torch.__version__}, {arguments.device}: {name}")
    print(f"{arguments.size}: {size.layers} layers x {size.width}, {arguments.solver}")
    total = 0.0
    for target in size.probes:
        middle, best, processor = measure(
            arguments.repeats,
            lambda target=target: timed(target, size, solver, arguments.device, arguments.threads)[
                0
            ],
        )
        total += middle
        print(
            f"  {target:16s} median {middle:7.2f} s   best {best:7.2f} s   cpu {processor:7.2f} s"
        )
    print(f"  {'all probes':16s} median {total:7.2f} s")
    if arguments.solver != "ridge":
        needed = sum(operations(target, size) for target in size.probes)
        speed = product_speed(arguments.device)
        print(
            f"  floor without early stopping {needed / speed:.2f} s "
            f"({needed / 1e12:.2f} Tflop at {speed / 1e9:.0f} Gflop/s)"
        )
    if arguments.device == "cuda":
        print(f"  peak GPU memory {torch.cuda.max_memory_allocated() / 2**30:.2f} GiB")


if __name__ == "__main__":
    main()
