"""Planted units on clips of a full design of directions, speeds and starts."""

import numpy as np
import pandas as pd
import torch

from pez.inside.kinds.unit_tuning import Section
from pez.inside.tuning.design import Design, design_of
from pez.inside.tuning.models import Ridge
from pez.inside.tuning.sums import Adder, Beside, Sums, add_beside

DIRECTIONS, SPEEDS, STARTS = 8, (1, 2, 3, 4, 5, 6, 7), 7
RIDGE = Ridge(1e-3, 0.1)


def labels(starts: int = STARTS) -> pd.DataFrame:
    """One row a clip, with its condition."""
    direction, magnitude, start = (
        index.ravel() for index in np.indices((DIRECTIONS, len(SPEEDS), starts))
    )
    return pd.DataFrame(
        {
            "clip_id": [f"velocity_{number:04d}" for number in range(len(direction))],
            "direction_index": direction,
            "magnitude_index": magnitude,
            "start_index": start,
            "direction_rad": 2 * np.pi * direction / DIRECTIONS,
            "speed_m_s": np.asarray(SPEEDS, float)[magnitude],
            "condition": direction * len(SPEEDS) + magnitude,
        }
    )


def section(**changes: object) -> Section:
    fields = {
        "kind": "unit_tuning",
        "dataset": "velocity",
        "models": ["tiny"],
        "figures": {"figure4": "unit_tuning"},
        "permutations": 20,
    }
    return Section.model_validate(fields | changes)


def design(**changes: object) -> Design:
    return design_of(section(**changes), labels())


def add(
    known: Design,
    values: np.ndarray,
    local: np.ndarray | None = None,
    common: np.ndarray | None = None,
    there: np.ndarray | None = None,
    batch: int = 50,
) -> Sums:
    """Sums of activations [n, P, U], taken in batches; regressors as in `Beside`."""
    clips, positions = values.shape[:2]
    local = np.zeros((clips, positions, 0)) if local is None else local
    common = np.zeros((clips, 1, 0)) if common is None else common
    there = np.ones((clips, positions), bool) if there is None else there
    beside = Beside(
        torch.from_numpy(local).float(), torch.from_numpy(common).float(), torch.from_numpy(there)
    )
    adder = Adder(known, beside, add_beside(known, beside))
    for first in range(0, clips, batch):
        adder.take(torch.from_numpy(values[first : first + batch]).float(), first)
    return adder.sums()


def tracks(clips: pd.DataFrame, seed: int = 0) -> np.ndarray:
    """Places of balls that move as the ``clips`` say from uniform starts, [n, 16, 2] metres."""
    start = np.random.default_rng(seed).uniform(-2, 2, (len(clips), 1, 2))
    angle, speed = clips["direction_rad"].to_numpy(), clips["speed_m_s"].to_numpy()
    velocity = speed[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return start + velocity[:, None] * np.arange(16)[None, :, None] / 24


def disc_shares(places: np.ndarray, side: int = 16, view: float = 8.0, fine: int = 4) -> np.ndarray:
    """Shares of patches that a disc of .3 m covers, [n, tubelets, 2, side, side]."""
    middle = ((np.arange(side * fine) + 0.5) / (side * fine) - 0.5) * view
    x, y = middle[None, :], -middle[:, None]
    frames = np.stack(
        [
            np.hypot(x - place[0], y - place[1]) <= 0.3
            for place in places.reshape(-1, places.shape[-1])
        ]
    )
    shares = frames.reshape(-1, side, fine, side, fine).mean(axis=(2, 4))
    return shares.reshape(len(places), -1, 2, side, side).astype(np.float32)
