"""Tables of an audit with planted effects: a full factorial on trained and untrained networks.

Curves are logistic in depth. What moves the onset is known: the grouping, the pooling and their
combination; sharpness, ceiling and noise differ between the trained network and untrained ones.
"""

from itertools import product

import numpy as np
import pandas as pd
from scipy.stats import beta

MODEL, BLOCKS = "vjepa2_nano", 12
LEVELS = {
    "pooling": ("mean", "temporal_first", "temporal_last", "temporal_diff"),
    "grouping": ("condition", "direction", "magnitude", "spatial_sector", "video"),
    "normalisation": ("center", "zscore", "whiten"),
    "selection": ("validation", "nested", "nested_shared"),
    "fold_seed": (0, 1),
}
TARGETS = {
    "direction": ("direction_angle", "direction_sincos"),
    "speed": ("speed",),
    "acceleration": ("acceleration",),
    "velocity_xy": ("velocity_xy",),
    "acceleration_xy": ("acceleration_xy",),
}
DATASETS = {"acceleration": "acceleration", "acceleration_xy": "acceleration"}
CENTRES = {
    "direction": 4.3, "speed": 1.2, "acceleration": 1.6, "velocity_xy": 3.0, "acceleration_xy": 3.4,
}  # fmt: skip
GROUPING_SHIFT = dict(zip(LEVELS["grouping"], (0.0, 2.2, -0.4, 0.3, -1.2), strict=True))
POOLING_SHIFT = dict(zip(LEVELS["pooling"], (0.0, -0.8, 0.5, 0.9), strict=True))


def synthetic_scores(
    seeds: int = 3,
    clips: tuple[int | None, ...] = (None,),
    variables: tuple[str, ...] = tuple(TARGETS),
    levels: dict[str, tuple] = LEVELS,
    noise: float = 0.015,
) -> pd.DataFrame:
    """Table ``scores``: one row a curve and state."""
    generator = np.random.default_rng(0)
    tables = []
    for variable in variables:
        cells = pd.DataFrame(
            list(product(TARGETS[variable], clips, *levels.values())),
            columns=["target", "clips", *levels],
        )
        cells["clips"] = cells["clips"].astype("Int64")
        cells["variable"], cells["solver"], cells["metric"] = variable, "ridge", "r2"
        cells["dataset"] = DATASETS.get(variable, "velocity")
        cells["cell"] = [
            "/".join(map(str, row))
            for row in cells[["variable", "target", "clips", *levels]].values
        ]
        for seed in (None, *range(1, seeds + 1)):
            tables.append(_curves(cells, variable, seed, generator, noise))
    scores = pd.concat(tables, ignore_index=True)
    scores["seed"] = scores["seed"].astype("Int64")
    return scores


def _curves(
    cells: pd.DataFrame,
    variable: str,
    seed: int | None,
    generator: np.random.Generator,
    noise: float,
) -> pd.DataFrame:
    trained = seed is None
    state = np.arange(BLOCKS + 1)
    shift = cells["grouping"].map(GROUPING_SHIFT).to_numpy() + (
        cells["pooling"].map(POOLING_SHIFT).to_numpy()
    )
    both = (cells["pooling"] == "temporal_diff") & (cells["grouping"] == "direction")
    if trained:
        centre = CENTRES[variable] + shift + 1.5 * both.to_numpy()
    else:
        centre = np.full(len(cells), CENTRES[variable] + 2.5)
    number = cells["clips"].astype("Float64").fillna(314).to_numpy(float)
    top = (0.93 if trained else 0.28) - 12 / number - 0.1 * (cells["grouping"] == "direction")
    width = 0.7 if trained else 4.0
    optimism = (6 / number if trained else 9 / number) * (cells["selection"] == "validation")
    curve = 1 / (1 + np.exp(-(state - centre[:, None]) / width))
    low = 0.12 if trained else -0.05
    score = low + (np.asarray(top)[:, None] - low) * curve + np.asarray(optimism)[:, None]
    score -= 0.012 * np.maximum(state - 8, 0) * trained
    score += noise * generator.normal(size=score.shape)
    rows = cells.loc[cells.index.repeat(BLOCKS + 1)].reset_index(drop=True)
    return rows.assign(
        network=MODEL if trained else f"{MODEL}_untrained_{seed}",
        model=MODEL,
        control="none" if trained else "untrained",
        seed=seed,
        state=np.tile(state, len(cells)),
        score=score.ravel(),
    )


def with_categories(table: pd.DataFrame) -> pd.DataFrame:
    """``table`` as it is kept: texts as categories."""
    texts = [name for name in table.columns if not pd.api.types.is_numeric_dtype(table[name])]
    return table.astype(dict.fromkeys(texts, "category"))


def synthetic_estimands(scores: pd.DataFrame) -> pd.DataFrame:
    """Table ``estimands`` of ``scores``, read off without ceremony; intervals are made up."""
    about = [name for name in scores.columns if name not in ("state", "score")]
    wide = scores["score"].to_numpy().reshape(-1, BLOCKS + 1)
    first = scores[about].iloc[:: BLOCKS + 1].reset_index(drop=True)
    peak, start = wide.max(axis=1), wide[:, 0]
    rises = peak - start > 0.2
    middle = (peak + start) / 2

    def onset(level: np.ndarray) -> np.ndarray:
        below = wide < level[:, None]
        last = np.where(below.any(1), BLOCKS - below[:, ::-1].argmax(1), -1)
        return np.where(rises & (last < BLOCKS), last + 1.0, np.nan)

    steps = np.diff(wide, axis=1)
    found = {
        "first": start,
        "peak": peak,
        "peak_state": wide.argmax(axis=1).astype(float),
        "half_rise": onset(middle),
        "threshold": onset(start + 0.8 * (peak - start)),
        "step": np.where(rises, steps.argmax(axis=1) + 1.0, np.nan),
        "sharpness": np.where(rises, steps.max(axis=1) / np.maximum(peak - start, 1e-9), np.nan),
        "late_decline": peak - wide[:, -1],
        "rise": peak - start,
    }
    tables = []
    for name, value in found.items():
        width = {"half_rise": 1.0, "threshold": 1.0, "step": 1.0, "peak_state": 2.0}.get(name, 0.05)
        tables.append(
            first.assign(
                estimand=name,
                value=value,
                low=np.maximum(value - width, 0) if width >= 1 else value - width,
                high=np.minimum(value + width, BLOCKS) if width >= 1 else value + width,
                none_share=np.where(np.isnan(value), 0.9, 0.05),
                level=0.9,
            )
        )
    return pd.concat(tables, ignore_index=True)


def synthetic_calibration() -> pd.DataFrame:
    """Table ``calibration``: kinds of planted network by criterion."""
    kinds = {
        "abrupt_3": "yes", "abrupt_8": "yes", "abrupt_16": "yes", "ramp": "no", "none": "no",
        "patch_then_spread": "no", "label_reuse": "no", "ring_plus_shear": "yes",
    }  # fmt: skip
    rules = ("step", "half_rise", "logistic_inflection")
    generator = np.random.default_rng(1)
    rows = []
    for noise in ("", ", noise 2"):
        for kind, truth in kinds.items():
            for criterion in (*(f"C{number}" for number in range(1, 11)), *rules):
                said = "none" if criterion in ("C5", "C9") and kind == "none" else truth
                said = "none" if criterion == "C10" else said
                chance = (0.85, 0.05, 0.1) if said == "yes" else (0.03, 0.77, 0.2)
                counts = generator.multinomial(40, chance)
                rows.append((kind + noise, criterion, said, *counts, 40))
    columns = ["planted", "criterion", "truth", "yes", "no", "undecided", "runs"]
    table = pd.DataFrame(rows, columns=columns)
    for answer in ("yes", "no", "undecided"):
        hits = table[answer].to_numpy(float)
        table[f"{answer}_rate"] = hits / 40
        table[f"{answer}_low"] = np.nan_to_num(beta.ppf(0.05, hits, 41 - hits), nan=0.0)
        table[f"{answer}_high"] = np.nan_to_num(beta.ppf(0.95, hits + 1, 40 - hits), nan=1.0)
    return table
