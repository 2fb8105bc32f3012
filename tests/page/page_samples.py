"""Sample inputs of the page: synthetic tables laid out like the files of a run.

``python tests/page/page_samples.py FOLDER`` writes a page of them to look at; ``--without-audit``
leaves the audit out, ``--large`` gives it the size of the default grid.
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

if __name__ == "__main__":
    sys.path[:0] = [
        str(Path(__file__).parents[2] / "workflow_scripts"),
        str(Path(__file__).parents[1]),
    ]

from figures.synthetic_results import (
    CLIPS,
    FIGURE_2C,
    MODELS,
    RECIPES,
    judge_and_draw,
    realistic_curves,
    spec,
    write_results,
)
from pez.clips.store import write_clips
from pez.evidence.schema import COLUMNS
from pez.figures.spec import FigureStyle
from pez.fingerprint.provenance import digest
from pez.page.audit import AuditFiles
from pez.page.gather import FigureSource, Sources, explorer_data, read_audit, read_figures
from pez.page.provenance import commit_of, networks, versions, wall_times
from pez.page.write import Page, write_page
from pez.recipes.targets import probe_outputs, probe_targets
from pez.runtime.tables import read_table, write_table
from pez.runtime.tensor_file import write_tensors

MODEL = "vjepa2_nano"
DATASETS = {"velocity": (8, 7, 7), "acceleration": (8, 5, 7)}
POOLINGS = ("mean", "temporal_first", "temporal_last", "temporal_diff")
GROUPINGS = ("condition", "direction", "magnitude", "video")
NORMALISATIONS = ("center", "zscore", "whiten")
SELECTIONS = ("validation", "nested")
TARGETS = {
    "direction_sincos": "direction",
    "direction_angle": "direction",
    "speed": "speed",
    "velocity_xy": "velocity_xy",
}
ESTIMANDS = ("threshold", "half_rise", "step", "sharpness", "peak", "late_decline")
STATES = 13


@dataclass(frozen=True)
class Size:
    """How much of everything there is."""

    starts: int = 2
    side_px: int = 32
    groupings: Sequence[str] = GROUPINGS[:2]
    poolings: Sequence[str] = POOLINGS[:2]
    normalisations: Sequence[str] = NORMALISATIONS[:1]
    seeds: Sequence[int] = (1, 2, 3)
    fold_seeds: Sequence[int] = (0,)
    repeats: int = 1  # of every cell, under other names of groupings


SIZES = {
    "tiny": Size(),
    "looks": Size(7, 128, GROUPINGS, POOLINGS, NORMALISATIONS, (1, 2, 3), (0, 1)),
    "large": Size(
        7, 128, (*GROUPINGS, "spatial_sector", "spatial_cluster", "direction_spatial_sector",
        "magnitude_spatial_sector"), POOLINGS, NORMALISATIONS, tuple(range(1, 8)), tuple(range(5)),
        3,
    ),
}  # fmt: skip


def labels(dataset: str, starts: int) -> pd.DataFrame:
    directions, magnitudes, _ = DATASETS[dataset]
    grid = np.indices((directions, magnitudes, starts)).reshape(3, -1)
    angle, size = 2 * np.pi * grid[0] / directions, 1.0 + grid[1]
    moving = dataset == "velocity"
    vector = np.stack([np.cos(angle), -np.sin(angle)]) * size
    still = np.zeros_like(size)
    start = np.random.default_rng(3).uniform(-2, 2, (2, len(angle)))
    return pd.DataFrame(
        {
            "clip_id": [f"{dataset}_{clip:04d}" for clip in range(len(angle))],
            "dataset": dataset,
            "direction_rad": angle,
            "speed_m_s": size if moving else still,
            "acceleration_m_s2": still if moving else size,
            "start_x_px": start[0],
            "start_y_px": start[1],
            "vx_px": vector[0] if moving else still,
            "vy_px": vector[1] if moving else still,
            "ax_px": still if moving else vector[0],
            "ay_px": still if moving else vector[1],
        }
    )


def frames(table: pd.DataFrame, side: int) -> np.ndarray:
    """A blue ball on a grey floor, uint8 [n, 16, side, side, 3]."""
    clips = []
    for clip in table.to_dict("records"):
        speed = clip["speed_m_s"] + clip["acceleration_m_s2"] / 2
        strip = []
        for frame in range(16):
            picture = Image.new("RGB", (side, side), (140, 135, 128))
            way = speed * frame / 24
            x = side * (0.5 + (clip["start_x_px"] + way * np.cos(clip["direction_rad"])) / 8)
            y = side * (0.5 - (clip["start_y_px"] + way * np.sin(clip["direction_rad"])) / 8)
            radius = side * 0.04
            box = (x - radius, y - radius, x + radius, y + radius)
            ImageDraw.Draw(picture).ellipse(box, fill=(38, 102, 217))
            strip.append(np.asarray(picture))
        clips.append(np.stack(strip))
    return np.stack(clips)


def noisy(truth: np.ndarray, scores: np.ndarray, seed: int) -> np.ndarray:
    """Predictions of truth [n, k] whose R2 is about ``scores`` [states]: [states, n, k]."""
    noise = np.random.default_rng(seed).normal(size=(len(scores), *truth.shape))
    return truth + noise * truth.std(axis=0) * np.sqrt(1 - scores)[:, None, None]


def write_predictions(results: Sequence[Path], tables: dict[str, pd.DataFrame]) -> list[Path]:
    """Write predictions beside the probe tables ``results``."""
    paths = []
    for number, path in enumerate(results):
        recipe = RECIPES[path.stem]
        table = tables[recipe.spec.dataset]
        truth = probe_targets(table, recipe.spec)
        outputs = probe_outputs(table, recipe.spec)
        parts = []
        for selection, curve in realistic_curves(path.parent.name, path.stem).items():
            for layer, values in enumerate(noisy(truth, np.clip(curve, -2, 1), number)):
                parts.append(
                    pd.DataFrame(
                        {
                            "layer": layer,
                            "selection": selection,
                            "fold": 0,
                            "clip_id": np.repeat(table["clip_id"].to_numpy(), len(outputs)),
                            "output": np.tile(outputs, len(table)),
                            "target": truth.ravel(),
                            "prediction": values.ravel(),
                        }
                    )
                )
        paths.append(path.with_name(f"{path.stem}.predictions.parquet"))
        write_table(paths[-1], pd.concat(parts, ignore_index=True))
    return paths


def audit_tables(folder: Path, size: Size, table: pd.DataFrame) -> list[str]:
    """Write what the audit leaves, and return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(11)
    who = [
        ("none", None, MODEL),
        *(("untrained", seed, f"{MODEL}_untrained_{seed}") for seed in size.seeds),
    ]
    axes = product(
        who, TARGETS, size.poolings, size.groupings, size.normalisations, SELECTIONS,
        size.fold_seeds, range(size.repeats),
    )  # fmt: skip
    curves, scores, shown = [], [], []
    depth = np.arange(STATES)
    for (control, seed, network), target, pooling, grouping, norm, selection, fold, again in axes:
        onset = rng.normal(4.5 if TARGETS[target] == "direction" else 1.5, 1.0)
        rise = 1 / (1 + np.exp(-(depth - onset) / 0.4))
        score = 0.2 + 0.6 * rise if control == "none" else 0.15 + 0.02 * depth
        score = score + rng.normal(0, 0.015, STATES)
        named = grouping if not again else f"{grouping}_{again}"
        curve = {
            "network": network, "model": MODEL, "control": control, "seed": seed,
            "dataset": "velocity", "target": target, "variable": TARGETS[target],
            "pooling": pooling, "grouping": named, "normalisation": norm, "solver": "ridge",
            "selection": selection, "fold_seed": fold, "clips": None,
            "cell": digest([target, pooling, named, norm, selection, fold]),
            "metric": "r2",
        }  # fmt: skip
        curves.append(curve)
        scores.append(score)
        step = np.diff(score)
        has_onset = control == "none" or rng.random() < 0.6
        at = {
            "threshold": float(np.argmax(score > 0.8 * score.max())) if has_onset else np.nan,
            "half_rise": float(np.argmax(score > 0.5 * (score[0] + score.max()))),
            "step": float(np.argmax(step) + 1),
            "sharpness": float(step.max() / max(score.max() - score[0], 0.05)),
            "peak": float(score.max()),
            "late_decline": float(score.max() - score[-1]),
        }
        shown.append(at)
    whole = typed(pd.DataFrame(curves))
    repeated = whole.loc[whole.index.repeat(STATES)].reset_index(drop=True)
    repeated["state"] = np.tile(depth, len(whole))
    repeated["score"] = np.concatenate(scores)
    write_table(folder / "scores.parquet", repeated)
    tables = []
    for name in ESTIMANDS:
        value = np.array([one[name] for one in shown])
        width = 0.5 if name in ("threshold", "half_rise", "step") else 0.03
        tables.append(
            whole.assign(
                estimand=pd.Categorical([name] * len(whole), ESTIMANDS),
                value=value,
                low=value - width,
                high=value + width,
                none_share=0.1,
            )
        )
    write_table(folder / "estimands.parquet", pd.concat(tables, ignore_index=True))
    write_ledger(folder / "ledger.json")
    calibration = {"planted": ["abrupt at 3", "ramp"], "criterion": ["C1", "C1"],
                   "truth": ["yes", "no"], "yes": [19, 1], "no": [0, 16], "undecided": [1, 3],
                   "runs": [20, 20]}  # fmt: skip
    for name in ("calibration", "predictions", MODEL):
        (folder / name).mkdir(exist_ok=True)
    write_table(folder / "calibration/12_blocks.parquet", pd.DataFrame(calibration))
    Image.new("RGB", (640, 200), "white").save(folder / MODEL / "shares.png")
    own = [
        (curve, score)
        for curve, score in zip(curves, scores, strict=True)
        if curve["control"] == "none"
    ]
    own = [one for one in own if one[0]["target"] == "direction_sincos"][:40]
    truth = np.stack([np.sin(table["direction_rad"]), np.cos(table["direction_rad"])], axis=1)
    predicted = np.stack([noisy(truth, np.clip(score, -2, 1), 5) for _, score in own])
    write_tensors(
        folder / f"predictions/{MODEL}.velocity.safetensors",
        {
            "predictions": predicted.astype(np.float16),
            "targets": np.broadcast_to(truth, (len(own), *truth.shape)).astype(np.float32),
        },
        {
            "dataset": "velocity",
            "clip_ids": list(table["clip_id"]),
            "curves": [one[0] for one in own],
        },
    )
    return [str(path) for path in sorted(folder.rglob("*.*"))]


def typed(table: pd.DataFrame) -> pd.DataFrame:
    """Columns as the audit has them: texts are categories, seeds and clips integers if any."""
    texts = [name for name in table if pd.api.types.is_string_dtype(table[name].dtype)]
    kinds: dict[str, str] = dict.fromkeys(map(str, texts), "category")
    return table.astype({**kinds, "seed": "Int64", "clips": "Int64"})


def write_ledger(path: Path) -> None:
    calibration = {"false_positive_rate": 0.04, "detection_rate": 0.93, "runs": 200}
    claims = [
        {"id": "C1", "statement": "Direction rises abruptly.", "estimand": "sharpness",
         "value": 0.41, "interval": [0.33, 0.52], "null": {}, "verdict": "yes",
         "reason": "sharper than the 95 % quantile of ramps", "p": 0.002, "holm_p": 0.012,
         "calibration": calibration},
        {"id": "C2", "statement": "The step lies at .2 to .45 of depth.", "estimand": "step",
         "value": 0.46, "interval": [0.31, 0.62], "null": {}, "verdict": "undecided",
         "reason": "the interval crosses the edge", "p": None, "holm_p": None,
         "calibration": calibration},
        {"id": "C6", "statement": "Direction declines late.", "estimand": "late_decline",
         "value": -0.01, "interval": [-0.03, 0.01], "null": {}, "verdict": "no",
         "reason": "the last state is the peak", "p": 0.6, "holm_p": 1.0, "calibration": None},
    ]  # fmt: skip
    across = {"claim": "C1", "median": 0.35, "low": 0.2, "high": 0.5, "cells": 190, "without": 2,
              "share": 0.7, "untrained_median": 0.1, "seeds": 3, "p": 0.25, "share_p": 0.25,
              "smallest_p": 0.25}  # fmt: skip
    model = {"weights": "random weights, seed 0", "blocks": 12, "clips": "clips velocity: 392",
             "primary": {"pooling": "mean", "grouping": "condition"}, "cells": 192,
             "untrained_seeds": 3, "claims": claims, "across_cells": [across]}  # fmt: skip
    path.write_text(json.dumps({"models": {MODEL: model}}))


def sources(folder: Path, size: Size, with_audit: bool = True) -> Sources:
    """Write sample inputs under ``folder``."""
    tables = {name: labels(name, size.starts) for name in DATASETS}
    shards = {}
    for name, table in tables.items():
        place = folder / "clips" / name
        place.mkdir(parents=True, exist_ok=True)
        write_table(place / "labels.parquet", table)
        shards[name] = [place / "shard_000.safetensors"]
        ids = list(table["clip_id"])
        write_clips(shards[name][0], frames(table, size.side_px), ids, 0, {"dataset": name})
    shown = spec(FIGURE_2C, MODEL)
    results = write_results(folder, shown)
    for path in results:
        rows = read_table(path)
        known = {"weights_checksum": f"xxh3:{path.parent.name}", "precision": "fp32"}
        write_table(path, rows[list(COLUMNS)], {**known, "preprocessing": "resize"})
    models = {name: facts for name, facts in MODELS.items() if name.startswith(MODEL)}
    style = FigureStyle.model_validate({"dpi": 80})
    drawn = judge_and_draw(folder, "figure2c", shown, results, RECIPES, models, CLIPS, style)
    audit = audit_tables(folder / "audit", size, tables["velocity"]) if with_audit else []
    return Sources(
        figures={
            "figure2c": FigureSource(shown.title, shown.recipes, drawn.png, drawn.verdict_json)
        },
        results=results,
        predictions=write_predictions(results, tables),
        recipes={name: RECIPES[name] for name in shown.recipes},
        facts={name: facts.model_dump() for name, facts in models.items()},
        labels={name: folder / "clips" / name / "labels.parquet" for name in tables},
        shards=shards,
        audit=AuditFiles.of(audit),
    )


def page_of(found: Sources) -> Page:
    return Page(
        title="Physics Emergence Zone",
        figures=read_figures(found),
        data=explorer_data(found),
        inside=[],
        audit=read_audit(found.audit),
        commit=commit_of(),
        versions=versions(),
        networks=networks(found.results, found.facts),
        timings=wall_times([]),
        configuration="output_dir: artifacts\n",
    )


def write_sample(folder: Path, size: Size, with_audit: bool = True) -> Path:
    """Write the page of sample inputs to ``folder/page.html``."""
    write_page(page_of(sources(folder, size, with_audit)), folder / "page.html")
    return folder / "page.html"


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--without-audit", action="store_true")
    parser.add_argument("--large", action="store_true")
    asked = parser.parse_args()
    written = write_sample(
        asked.folder, SIZES["large" if asked.large else "looks"], not asked.without_audit
    )
    print(written, f"{written.stat().st_size / 1e6:.1f} MB")
