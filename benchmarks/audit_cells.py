"""What the audit costs: the cells of one network and dataset, and one planted network.

    OMP_NUM_THREADS=1 python benchmarks/audit_cells.py              # the size of the embedded model
    python benchmarks/audit_cells.py --states 25 --width 1024 --device cuda

Features are random numbers: closed forms take as long on these as on any. Medians over blocks; a
whole network is their sum, with the numbers of cells that the default configuration asks for.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))

import torch

from pez.audit.cells import Asked, Fitting, measure_block
from pez.audit.grid import Cell, cells_of
from pez.audit.measure_primary import PrimarySettings, measure_primary
from pez.audit.spec import AuditAxes, AuditSpec, PrimaryCell


def ball_labels(directions: int = 8, magnitudes: int = 7, starts: int = 7) -> pd.DataFrame:
    """The design of the velocity clips, with starts at random."""
    shape = (directions, magnitudes, starts)
    direction, magnitude, start = (index.ravel() for index in np.indices(shape))
    angle, speed = 2 * np.pi * direction / directions, magnitude + 1.0
    random = np.random.default_rng(0)
    x, y = random.uniform(-2, 2, (2, len(angle)))
    return pd.DataFrame(
        {
            "direction_index": direction,
            "magnitude_index": magnitude,
            "start_index": start,
            "direction_rad": angle,
            "speed_m_s": speed,
            "start_x_m": x,
            "start_y_m": y,
            "start_x_px": 128 + 33 * x,
            "start_y_px": 128 - 33 * y,
            "vx_px": speed * np.cos(angle),
            "vy_px": -speed * np.sin(angle),
            "frames_out_of_view": random.integers(0, 2, len(angle)),
        }
    )


def timed(
    stack: list[torch.Tensor], labels: pd.DataFrame, cells: list[Cell], spec: AuditSpec
) -> float:
    """Seconds that the cells of one pooling and normalisation take."""
    fitting = Fitting(spec.alphas, spec.folds, spec.cell_draws, spec.seed)
    started = time.perf_counter()
    measure_block([Asked(cell, cell.name) for cell in cells], stack, labels, fitting)
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--states", type=int, default=13)
    parser.add_argument("--width", type=int, default=192)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(1)
    spec, labels = AuditSpec(models=("any",)), ball_labels()
    generator = torch.Generator().manual_seed(0)
    stack = [
        torch.randn(len(labels), given.width, generator=generator).to(given.device)
        for _ in range(given.states)
    ]
    cells = list(cells_of("velocity", "velocity", AuditAxes(), PrimaryCell(), spec.clips))
    blocks: dict[tuple[str, bool], list[Cell]] = {}
    for cell in cells:
        if cell.pooling == "mean":
            blocks.setdefault((cell.normalisation, False), []).append(cell)
    total = 0.0
    print(f"{given.states} states, width {given.width}, {len(labels)} clips, {given.device}")
    for (normalisation, _), members in blocks.items():
        seconds = statistics.median(
            timed(stack, labels, members, spec) for _ in range(given.repeats)
        )
        total += 4 * seconds  # poolings
        print(f"block {normalisation}: {len(members)} cells in {seconds:.1f} s (median)")
    settings = PrimarySettings(
        "direction_sincos", "condition", "zscore", "nested", 42, spec.folds, spec.alphas,
        spec.draws, 0, 0,
    )  # fmt: skip
    started = time.perf_counter()
    measure_primary(stack, labels, "velocity", settings, permuted=False)
    print(f"primary cell without permutations: {time.perf_counter() - started:.1f} s")
    print(f"all {len(cells)} cells of the network: {total:.0f} s")


if __name__ == "__main__":
    main()
