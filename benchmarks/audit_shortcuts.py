"""What the audit's shortcuts leave out: refits in the bootstrap, and scaling anew in every fold.

    snakemake audit --cores 2 --until extract_features       # makes the features first
    OMP_NUM_THREADS=1 python benchmarks/audit_shortcuts.py [--artifacts artifacts] [--draws 100]

Intervals of the audit come from draws of conditions in which out-of-fold predictions stay as they
are; its closed form scales features once, on all clips. Here conditions are drawn and probes fitted
to what was drawn; and probes are fitted with the features scaled on the training clips of every
fold. Both in the primary cell of config.yaml, on its velocity clips. One thread, some minutes.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "workflow_scripts"))

import torch  # noqa: E402

from pez.audit.folds import Fold, make_plan  # noqa: E402
from pez.audit.network import read_stack  # noqa: E402
from pez.audit.readings import read_states  # noqa: E402
from pez.audit.scoring import Clips  # noqa: E402
from pez.audit.spec import AuditSpec  # noqa: E402
from pez.audit.targets import AuditTarget  # noqa: E402
from pez.audit.variables import as_scored, fitted, scored  # noqa: E402
from pez.config.load import load_config  # noqa: E402
from pez.estimands.registry import estimate  # noqa: E402
from pez.features.store import FeatureStore  # noqa: E402
from pez.recipes.groupings import group_ids  # noqa: E402
from pez.recipes.splits import Split  # noqa: E402
from pez.runtime.progress import set_terminal  # noqa: E402
from pez.runtime.tables import read_table  # noqa: E402
from pez.solvers.leave_out import spectrum  # noqa: E402
from pez.solvers.ridge_dual import gram_matrices, ridge_predictions  # noqa: E402

MODEL = "vjepa2_nano"
TARGETS: tuple[AuditTarget, ...] = ("direction_sincos", "speed", "velocity_xy")
SHOWN = ("first", "peak", "rise", "half_rise", "threshold", "step", "sharpness")
GROUPINGS = ("condition", "direction_spatial_sector", "video")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"))
    parser.add_argument("--draws", type=int, default=100)
    options = parser.parse_args()
    set_terminal(False)
    config = load_config(yaml.safe_load((CHECKOUT / "config.yaml").read_text()), CHECKOUT)
    audit = config.audit
    assert audit is not None and audit.velocity is not None
    dataset = config.sets[audit.velocity]
    labels = read_table(dataset_labels(options.artifacts, audit.velocity))
    root = options.artifacts / "features" / MODEL / audit.velocity
    shards = len(list((root / "tubelet_mean").glob("stream_00.shard_*.safetensors")))
    store = FeatureStore(root, config.layers(MODEL), shards)
    stack = read_stack(store, audit.primary.pooling, "cpu")
    print(f"{MODEL}, {len(labels)} clips of {dataset.name}, {len(stack)} states\n")
    for target in TARGETS:
        print(f"## {target}: standard deviation over draws of the conditions")
        print(spread_table(stack, labels, target, audit, options.draws).to_string() + "\n")
    print("## R2 with features scaled in every fold, less R2 with features scaled once")
    print(scaling_table(stack, labels, audit).to_string())


def dataset_labels(artifacts: Path, name: str) -> Path:
    """Labels of a dataset of balls."""
    (found,) = artifacts.glob(f"clips/*/{name}/labels.parquet")
    return found


def spread_table(
    stack: list[torch.Tensor],
    labels: pd.DataFrame,
    target: AuditTarget,
    audit: AuditSpec,
    draws: int,
) -> pd.DataFrame:
    """Spread of every estimand with predictions as they are, and with probes fitted again."""
    scoring = Clips.of(labels, scored(labels, target), 2000, audit.seed)
    predictions = out_of_fold(stack, labels, target, audit)
    scores = scoring.scores(predictions)
    kept = estimate(scores, scoring.draws(predictions))
    groups = group_ids(labels, "condition", seed=0)
    random = np.random.default_rng(audit.seed)
    refitted = []
    for _ in range(draws):
        # one condition fewer than there are, as in `pez.estimands.bootstrap`
        drawn = random.choice(np.unique(groups), len(np.unique(groups)) - 1)
        rows = np.concatenate([np.flatnonzero(groups == group) for group in drawn])
        chosen = labels.iloc[rows].reset_index(drop=True)
        again = out_of_fold([features[rows] for features in stack], chosen, target, audit)
        refitted.append(Clips.of(chosen, scored(chosen, target), 1, 0).scores(again))
    anew = estimate(scores, np.stack(refitted))
    columns = [kept.names.index(name) for name in SHOWN]
    one, other = (found.values[1:, columns] for found in (kept, anew))
    return pd.DataFrame(
        {
            "value": kept.values[0, columns],
            "predictions kept": np.nanstd(one, axis=0),
            "probes fitted again": np.nanstd(other, axis=0),
            "no onset, kept": np.isnan(one).mean(axis=0),
            "no onset, again": np.isnan(other).mean(axis=0),
        },
        index=list(SHOWN),
    ).round(3)


def out_of_fold(
    stack: list[torch.Tensor], labels: pd.DataFrame, target: AuditTarget, audit: AuditSpec
) -> np.ndarray:
    """Out-of-fold predictions of the primary cell, [S, n, outputs]."""
    primary = audit.primary
    plan = make_plan(labels, primary.grouping, primary.fold_seed, audit.folds)
    spectra = [spectrum(features, primary.normalisation) for features in stack]
    (found,) = read_states(spectra, fitted(labels, target), [plan.folds], audit.alphas)
    return as_scored(target, found.select(primary.selection, slice(None)))


def scaling_table(
    stack: list[torch.Tensor], labels: pd.DataFrame, audit: AuditSpec
) -> pd.DataFrame:
    """Differences over states, by target and grouping."""
    rows = []
    for grouping in GROUPINGS:
        folds = make_plan(labels, grouping, audit.primary.fold_seed, audit.folds).folds
        for target in TARGETS:
            goal = fitted(labels, target)
            spectra = [spectrum(features, "zscore") for features in stack]
            (found,) = read_states(spectra, goal, [folds], audit.alphas)
            judge = Clips.of(labels, scored(labels, target), 1, 0)
            once = judge.scores(as_scored(target, found.select("nested", slice(None))))
            anew = np.stack([in_folds(features, goal, folds, audit.alphas) for features in stack])
            difference = judge.scores(as_scored(target, anew)) - once
            rows.append(
                {
                    "grouping": grouping,
                    "target": target,
                    "mean": difference.mean(),
                    "largest": difference[np.abs(difference).argmax()],
                    "at state": int(np.abs(difference).argmax()),
                }
            )
    return pd.DataFrame(rows).round(4)


def in_folds(
    features: torch.Tensor, goal: np.ndarray, folds: list[Fold], alphas: tuple[float, ...]
) -> np.ndarray:
    """Out-of-fold predictions [n, outputs] with features scaled on each fold's training clips."""
    found = np.empty(goal.shape)
    for fold in folds:
        train, inner = np.ones((2, len(goal)), dtype=bool)
        train[fold.held_out] = inner[fold.held_out] = False
        inner[fold.seen] = False
        splits = [Split(train, ~train), Split(inner, ~inner)]
        grams = gram_matrices(features, splits, "zscore")
        tried = ridge_predictions(grams[1], goal, inner, alphas)
        errors = np.square(tried[:, fold.seen] - goal[fold.seen]).sum(axis=(1, 2))
        fits = ridge_predictions(grams[0], goal, train, alphas)
        found[fold.held_out] = fits[errors.argmin(), fold.held_out]
    return found


if __name__ == "__main__":
    main()
