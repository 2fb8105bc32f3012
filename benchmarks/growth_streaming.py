"""Ridge on many synthetic clips read from feature shards: what the processes of growth.py run.

Every function takes a case (a dict that came through JSON) and returns its findings.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from measure import measured

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "workflow_scripts"), str(CHECKOUT / "tests" / "probes")]

from probe_data import design  # noqa: E402

from pez.features.paths import TENSOR, FeatureKey, feature_path  # noqa: E402
from pez.features.store import FeatureStore  # noqa: E402
from pez.probes.run import run_probe  # noqa: E402
from pez.recipes.groupings import group_ids  # noqa: E402
from pez.recipes.spec import ProbeSpec, RidgeSolver  # noqa: E402
from pez.recipes.splits import inner_split, outer_splits  # noqa: E402
from pez.recipes.targets import target_values  # noqa: E402
from pez.runtime.tables import write_table  # noqa: E402
from pez.runtime.tensor_file import write_tensors  # noqa: E402
from pez.solvers.cell_sums import GramStatistics, accumulate  # noqa: E402
from pez.solvers.cells import Cells, cells_of  # noqa: E402
from pez.solvers.ridge_primal import fit_splits  # noqa: E402

TUBELETS = 8
SHARD = 2500  # clips
DIRECTIONS, SPEEDS = 8, 5  # 40 clips a start: 25,000 clips are 625 starts
ALPHAS = (1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3, 1e4)
SPEC = ProbeSpec.model_validate(
    {
        "dataset": "velocity",
        "target": "velocity_xy",
        "capture": "resid_post",
        "pooling": "mean",
        "grouping": "direction_spatial_sector",
        "normalisation": "zscore",
        "solver": "benchmark",
    }
)


def labels_of(clips: int) -> pd.DataFrame:
    """Labels in the order of the starts, so that the first clips are a smaller, full design."""
    labels = design(DIRECTIONS, SPEEDS, clips // (DIRECTIONS * SPEEDS))
    return labels.sort_values("start_index", kind="stable", ignore_index=True)


def write_shards(case: dict) -> dict:
    """Write ``tubelet_mean`` of one layer: motion and start mixed linearly, noise per tubelet."""
    labels, width = labels_of(case["clips"]), case["width"]
    known = labels[["vx_px", "vy_px", "speed_m_s", "start_x_px", "start_y_px"]].to_numpy()
    known = ((known - known.mean(axis=0)) / known.std(axis=0)).astype(np.float32)
    mixing = np.random.default_rng(0).standard_normal((known.shape[1], width), dtype=np.float32)
    start = time.perf_counter()
    for shard in range(len(known) // SHARD):
        rng = np.random.default_rng([1, shard])
        values = 20 * rng.standard_normal((SHARD, TUBELETS, width), dtype=np.float32)
        values += (known[shard * SHARD : (shard + 1) * SHARD] @ mixing)[:, None]
        path = feature_path(case["folder"], FeatureKey("tubelet_mean", 1, shard))
        write_tensors(path, {TENSOR: values}, {"view": "tubelet_mean", "stream": 1})
    return {"seconds": time.perf_counter() - start}


def store_of(case: dict) -> FeatureStore:
    return FeatureStore(Path(case["folder"]), layers=1, shards=case["clips"] // SHARD)


def fit(case: dict) -> dict:
    """From feature files to both tables on disk.

    ``how`` is "by shards", "in memory", or "tables alone": then the features are 4 numbers a clip,
    and what is left is the memory of labels, splits and predictions.
    """
    labels, store = labels_of(case["clips"]), store_of(case)
    narrow = np.random.default_rng(0).standard_normal((len(labels), 4), dtype=np.float32)

    def load(layer: int) -> np.ndarray:
        alone = case["how"] == "tables alone"
        return narrow if alone else store.features(layer, SPEC.capture, SPEC.pooling)

    def once() -> float:
        start = time.perf_counter()
        tables = run_probe(
            name="p",
            spec=SPEC,
            solver=RidgeSolver(method="ridge", alphas=ALPHAS),
            load_layer=load,
            layers=1,
            labels=labels,
            device="cpu",
            load_shards=(
                (lambda layer: store.pooled_shards(layer, SPEC.capture, SPEC.pooling))
                if case["how"] == "by shards"
                else None
            ),
        )
        for name, table in zip(("results", "predictions"), tables, strict=True):
            write_table(Path(case["folder"]) / f"{case['how']}.{name}.parquet", table)
        return time.perf_counter() - start

    return measured(once, case["repeats"])


def compare(case: dict) -> dict:
    """Check that the tables by shards are those from memory, to the last bit."""
    for table in ("results", "predictions"):
        found, expected = (
            pd.read_parquet(f"{case['folder']}/{how}.{table}.parquet")
            for how in ("by shards", "in memory")
        )
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
    results = pd.read_parquet(f"{case['folder']}/by shards.results.parquet")
    return {"r2": float(results[results.metric == "r2"].value.mean()), "predictions": len(found)}


def gather(case: dict) -> dict:
    """Statistics of every ``machines``-th shard, written to a file."""
    targets, cells = _targets_and_cells(case["clips"])
    store = store_of(case)
    mine = range(case["machine"], store.shards, case["machines"])
    start = time.perf_counter()
    shards = store.pooled_shards(0, SPEC.capture, SPEC.pooling, mine)
    accumulate(shards, cells, targets, {"view": SPEC.pooling}).write(case["file"])
    return {"seconds": time.perf_counter() - start}


def merge(case: dict) -> dict:
    """Merge the files, solve, and compare the errors of all penalties with those of one file."""
    targets, cells = _targets_and_cells(case["clips"])
    start = time.perf_counter()
    first, *others = (GramStatistics.read(file) for file in case["files"])
    for other in others:
        first.merge(other)
    merged = fit_splits(first, cells, targets.shape[1], SPEC.normalisation, ALPHAS)
    seconds = time.perf_counter() - start
    one = GramStatistics.read(case["single"])
    alone = fit_splits(one, cells, targets.shape[1], SPEC.normalisation, ALPHAS)
    pairs = zip(merged, alone, strict=True)
    worst = max(float(np.abs(a.errors / b.errors - 1).max()) for a, b in pairs)
    return {"seconds": seconds, "worst": worst, "cells": len(first.count)}


def _targets_and_cells(clips: int) -> tuple[np.ndarray, Cells]:
    labels = labels_of(clips)
    groups = group_ids(labels, SPEC.grouping, SPEC.seed)
    outer = outer_splits(groups, "p", SPEC)
    inner = [inner_split(split, groups, "p", SPEC) for split in outer]
    return target_values(labels, SPEC.target), cells_of([*outer, *inner])
