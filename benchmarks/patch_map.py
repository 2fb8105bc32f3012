"""Time a probe whose linear map all patches share, reading the features from the store included.

    python benchmarks/patch_map.py --size large --device cuda

Synthetic patches in the shape of the real ones, float16, one file a layer, written to --folder
before anything is timed: 4.9 GB for Large, which the file cache then holds. Fold 0 of layer 0 is
checked against the same fit in float64 from moments of its own making. With --no-stopping every fit
runs all its steps, so that the work is known; without it early stopping does what it does on these
features.
"""

import argparse
import io
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "workflow_scripts"), str(CHECKOUT / "tests" / "probes")]

from probe_data import design  # noqa: E402

from pez.features.paths import FeatureKey, feature_path  # noqa: E402
from pez.features.store import FeatureStore  # noqa: E402
from pez.probes.run import run_probe  # noqa: E402
from pez.recipes.groupings import probe_groups  # noqa: E402
from pez.recipes.spec import AnySolver, GradientSolver, ProbeSpec, RidgeSolver  # noqa: E402
from pez.recipes.splits import Split, outer_splits  # noqa: E402
from pez.recipes.targets import probe_targets  # noqa: E402
from pez.runtime.progress import set_terminal  # noqa: E402
from pez.runtime.tensor_file import write_tensors  # noqa: E402

LABELS = design(8, 7, 7)
PATCHES = 256
VIEW = "last_tubelet_patches"


@dataclass(frozen=True)
class Size:
    layers: int
    width: int


SIZES = {"nano": Size(12, 192), "large": Size(24, 1024)}
SPEC = ProbeSpec(
    dataset="velocity",
    target="velocity_xy",
    capture="resid_post",
    pooling="temporal_last_patch",
    grouping="magnitude_spatial_sector",
    normalisation="center",
    solver="benchmark",
    patch_map="shared",
)


def gradient(method: str, start: str, patience: int) -> GradientSolver:
    return GradientSolver.model_validate(
        {
            "method": method,
            "steps": 400,
            "patience": patience,
            "learning_rates": (1e-4, 3e-4, 1e-3, 3e-3, 5e-3),
            "weight_decays": (0.01, 0.1, 0.4, 0.8),
            "start": start,
        }
    )


def write_layer(folder: Path, layer: int, width: int) -> None:
    """The ball's patch knows the motion, the others a little of it, under noise and offsets."""
    rng = np.random.default_rng(layer)
    known = LABELS[["vx_px", "vy_px", "speed_m_s"]].to_numpy(np.float32)
    known = (known - known.mean(axis=0)) / known.std(axis=0)
    strength = 0.3 * rng.random((len(LABELS), PATCHES, 1), dtype=np.float32)
    strength[np.arange(len(LABELS)), rng.integers(PATCHES, size=len(LABELS))] = 3.0
    patches = rng.standard_normal((len(LABELS), PATCHES, width), dtype=np.float32)
    patches += strength * (known @ rng.standard_normal((3, width), dtype=np.float32))[:, None]
    patches *= rng.lognormal(sigma=0.5, size=width).astype(np.float32)
    patches += 3 * rng.standard_normal(width, dtype=np.float32)
    path = feature_path(folder, FeatureKey(VIEW, layer + 1, 0))
    metadata = {"view": VIEW, "stream": layer + 1}
    write_tensors(path, {"features": patches.astype(np.float16)}, metadata)


def probe(
    store: FeatureStore, solver: AnySolver, layers: int, device: str, threads: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    return run_probe(
        "velocity_xy",
        SPEC,
        solver,
        lambda layer: store.features(layer, SPEC.capture, SPEC.pooling),
        layers,
        LABELS,
        device,
        threads,
        load_patches=lambda layer: store.patch_shards(layer, SPEC.capture, SPEC.pooling),
    )


def in_float64(
    patches: np.ndarray, split: Split, solver: GradientSolver, rate: float, decay: float, steps: int
) -> np.ndarray:
    """Predictions [n, 2] of one fit from zero, from moments of the training rows in float64."""
    targets = probe_targets(LABELS, SPEC)
    rows = patches[split.train].astype(np.float64)
    mean, offset = rows.mean(axis=(0, 1)), targets[split.train].mean(axis=0)
    rows = (rows - mean).reshape(-1, rows.shape[2])
    known = np.repeat(targets[split.train] - offset, PATCHES, axis=0)
    second, cross = (
        torch.tensor(rows.T @ rows / len(rows)),
        torch.tensor(known.T @ rows / len(rows)),
    )
    weights = torch.zeros_like(cross, requires_grad=True)
    make = {"adamw": torch.optim.AdamW, "adam_l2": torch.optim.Adam}[solver.method]
    optimiser = make([weights], lr=rate, weight_decay=decay)
    for _ in range(steps):
        weights.grad = (weights.detach() @ second - cross) * (2 / targets.shape[1])
        optimiser.step()
    average = patches.mean(axis=1, dtype=np.float64) - mean
    return average @ weights.detach().numpy().T + offset


def check(store: FeatureStore, solver: GradientSolver, device: str, threads: int) -> float:
    """Largest difference on fold 0 of layer 0, in standard deviations of the target."""
    results, predictions = probe(store, solver, 1, device, threads)
    patches = next(iter(store.patch_shards(0, SPEC.capture, SPEC.pooling))).patches.numpy()
    split = outer_splits(probe_groups(LABELS, SPEC), "p", SPEC)[0]
    worst = 0.0
    for selection in SPEC.selections:
        chosen = results[(results.selection == selection) & (results.fold == 0)].iloc[0]
        fit = in_float64(
            patches, split, solver, chosen.learning_rate, chosen.weight_decay, int(chosen.steps)
        )
        rows = predictions[(predictions.selection == selection) & (predictions.fold == 0)]
        found = rows.prediction.to_numpy().reshape(-1, 2)
        worst = max(worst, np.abs(found - fit[split.held_out]).max())
    worst /= probe_targets(LABELS, SPEC).std()
    assert worst < 1e-4, worst
    return float(worst)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=SIZES, default="nano")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--layers", type=int, help="time fewer layers")
    parser.add_argument("--solver", choices=["adamw", "adam_l2", "ridge"], default="adamw")
    parser.add_argument("--start", choices=["zero", "pytorch"], default="zero")
    parser.add_argument("--no-stopping", action="store_true")
    parser.add_argument("--folder", type=Path, help="where to write the features")
    arguments = parser.parse_args()
    set_terminal(io.StringIO())
    torch.set_num_threads(arguments.threads)
    size = SIZES[arguments.size]
    layers = arguments.layers or size.layers
    device, threads = arguments.device, arguments.threads
    solver: AnySolver = RidgeSolver(method="ridge", alphas=(1e-2, 1.0, 1e2, 1e4, 1e6))
    if arguments.solver != "ridge":
        patience = 400 if arguments.no_stopping else 40
        solver = gradient(arguments.solver, arguments.start, patience)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for layer in range(layers):
            write_layer(Path(folder), layer, size.width)
        store = FeatureStore(Path(folder), layers, 1)
        if isinstance(solver, GradientSolver) and solver.start == "zero":
            worst = check(store, solver, device, threads)
            print(f"equal to float64 within {worst:.1e} standard deviations")
        name = f"{threads} threads, load {Path('/proc/loadavg').read_text().split()[0]}"
        if device == "cuda":
            name = f"{torch.cuda.get_device_name()}, {name}"
        print(f"torch {torch.__version__}, {device}: {name}")
        print(
            f"{arguments.size}: {layers} layers x {PATCHES} patches x {size.width}, {solver.method}"
        )
        for _ in range(arguments.repeats):
            wall, processor = time.perf_counter(), time.process_time()
            results, _ = probe(store, solver, layers, device, threads)
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            scores = results[results.metric == "r2"].groupby("selection").value.mean()
            steps = results[results.metric == "r2"].groupby("selection").steps.mean()
            print(f"  {wall:7.2f} s   processor {processor:7.2f} s   R2 {dict(scores.round(3))}")
            print(f"  steps of the picked fits: {dict(steps.round())}")
    if device == "cuda":
        print(f"  peak GPU memory {torch.cuda.max_memory_allocated() / 2**30:.2f} GiB")


if __name__ == "__main__":
    main()
