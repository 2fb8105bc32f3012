"""How well the small encoder reads motion on the Kubric clips it has never seen.

    snakemake clips figure2c --cores 2        # renders the clips and extracts the features first
    python benchmarks/evaluate_nano.py [--artifacts artifacts]

Ridge probes with nested selection: the trained encoder, the untrained control of the same
architecture, and a pixel baseline (clips averaged down to 16 x 16 x 16 grey values). Prints R2 per
block, and for every target and grouping the best block and pooling beside its controls.
"""

import argparse
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))

from pez.clips.spec import Motion
from pez.features.spec import Pooling
from pez.features.store import FeatureStore
from pez.probes.run import run_probe
from pez.recipes.spec import Grouping, Normalisation, ProbeSpec, RidgeSolver, TargetName
from pez.runtime.tables import read_table
from pez.runtime.tensor_file import map_tensor

LAYERS = 12
MODELS = ("vjepa2_nano", "vjepa2_nano_untrained")
POOLINGS: tuple[Pooling, ...] = ("mean", "temporal_last")
GROUPINGS: tuple[Grouping, ...] = ("condition", "direction_spatial_sector")
TARGETS: dict[TargetName, Motion] = {
    "direction_sincos": "velocity",
    "speed": "velocity",
    "acceleration": "acceleration",
}
SOLVER = RidgeSolver(method="ridge", alphas=tuple(10.0**power for power in range(-2, 6)))
GRID = 16  # of the pixel baseline: frames, rows and columns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"))
    artifacts = parser.parse_args().artifacts
    rows = []
    for (target, dataset), grouping in product(TARGETS.items(), GROUPINGS):
        clips = artifacts / "clips/kubric" / dataset
        labels = read_table(clips / "labels.parquet")
        shards = sorted(clips.glob("shard_*.safetensors"))
        pixels = np.concatenate([downsample(map_tensor(shard, "frames")) for shard in shards])
        case = {"target": target, "grouping": grouping}
        # Centred only: z-scores would blow up pixels that no training ball ever crossed.
        r2 = nested_r2(target, dataset, grouping, lambda _, p=pixels: p, 1, labels, "center")
        rows.append({**case, "model": "pixels", "pooling": "-", "block": 0, "r2": r2[0]})
        for model, pooling in product(MODELS, POOLINGS):
            store = FeatureStore(artifacts / "features" / model / dataset, LAYERS, len(shards))

            def load(layer: int, store: FeatureStore = store, pooling: Pooling = pooling):
                return store.features(layer, "resid_post", pooling)

            r2 = nested_r2(target, dataset, grouping, load, LAYERS, labels)
            rows += [
                {**case, "model": model, "pooling": pooling, "block": block, "r2": value}
                for block, value in enumerate(r2)
            ]
    report(pd.DataFrame(rows))


def downsample(frames: np.ndarray) -> np.ndarray:
    """Average clips uint8 [n, T, H, W, 3] down to float32 [n, GRID^3] grey values."""
    n, t, h, w, _ = frames.shape
    if t != GRID or h % GRID or w % GRID:
        raise SystemExit(f"clips of {t} x {h} x {w} do not average down to {GRID}^3")
    blocks = frames.reshape(n, t, GRID, h // GRID, GRID, w // GRID * 3)
    return blocks.mean(axis=(3, 5), dtype=np.float32).reshape(n, -1)


def nested_r2(
    target: TargetName,
    dataset: Motion,
    grouping: Grouping,
    load: Callable[[int], np.ndarray],
    layers: int,
    labels: pd.DataFrame,
    normalisation: Normalisation = "zscore",
) -> np.ndarray:
    """Return the fold-mean nested R2 of every layer."""
    spec = ProbeSpec(
        dataset=dataset,
        target=target,
        capture="resid_post",
        pooling="mean",  # not read here: `load` has pooled
        grouping=grouping,
        normalisation=normalisation,
        solver="ridge",
        selections=("nested",),
        fold_seed=42,  # in their order, the conditions of a fold would be those of one magnitude
    )
    results, _ = run_probe(target, spec, SOLVER, load, layers, labels, "cpu")
    r2 = results[results["metric"] == "r2"]
    return r2.groupby("layer")["value"].mean().to_numpy()


def report(table: pd.DataFrame) -> None:
    keys = ["target", "grouping", "model", "pooling"]
    print("Nested R2 by block\n")
    print(table.pivot_table(index=keys, columns="block", values="r2").round(3).to_string())
    print("\nBest block and pooling of the trained encoder, and its controls\n")
    for (target, grouping), case in table.groupby(["target", "grouping"]):
        trained = case[case["model"] == MODELS[0]]
        best = trained.loc[trained["r2"].idxmax()]
        same = (case["model"] == MODELS[1]) & (case["pooling"] == best["pooling"])
        untrained = case[same & (case["block"] == best["block"])]["r2"].item()
        first = trained[(trained["pooling"] == best["pooling"]) & (trained["block"] == 0)]
        pixels = case[case["model"] == "pixels"]["r2"].item()
        print(
            f"{target:18} {grouping:26} {best['r2']:.3f} (block {best['block']}, "
            f"{best['pooling']}); block 0 {first['r2'].item():.3f}; "
            f"untrained {untrained:.3f}; pixels {pixels:.3f}"
        )


if __name__ == "__main__":
    main()
