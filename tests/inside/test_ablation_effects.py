"""Drops, and drops beyond matched removals, from rows whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from pez.inside.ablation.effects import BEYOND, DROP, INTERACTION, SCORE, effects

CONDITIONS, CLIPS = 20, 2
# mean loss of a clip by pass and task, of a total of 1
LOSSES = {
    ("none", "whole", "none"): {"direction": 0.1, "place": 0.2},
    ("zone", "s3", "window"): {"direction": 0.6, "place": 0.25},
    ("zone", "s3", "random"): {"direction": 0.2, "place": 0.22},
    ("zone", "t1", "window"): {"direction": 0.3, "place": 0.3},
    ("zone", "t1", "random"): {"direction": 0.3, "place": 0.3},
    ("first", "s3", "window"): {"direction": 0.4, "place": 0.2},
}


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    condition = np.repeat(np.arange(CONDITIONS), CLIPS)
    hard = np.random.default_rng(0).normal(0, 0.1, len(condition))  # the same clips in all passes
    parts = [
        pd.DataFrame(
            {
                "where": where, "window": window, "keys": keys, "removed": 0.1, "empty": 0.0,
                "state": 5, "task": task, "reading": "refit", "condition": condition,
                "clip_id": [f"clip_{number}" for number in range(len(condition))],
                "loss": loss + hard - hard.mean(), "total": 1.0,
            }
        )
        for (where, window, keys), losses in LOSSES.items()
        for task, loss in losses.items()
    ]  # fmt: skip
    shuffled = pd.concat(parts).sample(frac=1, random_state=1).reset_index(drop=True)
    return effects(shuffled, draws=300, seed=0)


def of(found: pd.DataFrame, window: str, estimand: str, task: str = "direction", **more: str):
    rows = found[
        (found["window"] == window) & (found["estimand"] == estimand) & (found["task"] == task)
    ]
    for name, value in {"keys": "window", "where": "zone", **more}.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1
    return rows.iloc[0]


def test_scores_and_drops(found: pd.DataFrame) -> None:
    assert of(found, "whole", SCORE, keys="none", where="none")["value"] == pytest.approx(0.9)
    assert of(found, "s3", SCORE)["value"] == pytest.approx(0.4)
    assert of(found, "s3", DROP)["value"] == pytest.approx(0.5)
    assert of(found, "s3", DROP, keys="random")["value"] == pytest.approx(0.1)
    assert of(found, "s3", DROP, where="first")["value"] == pytest.approx(0.3)
    assert not ((found["window"] == "whole") & (found["estimand"] == DROP)).any()


def test_what_a_window_costs_beyond_as_many_other_keys(found: pd.DataFrame) -> None:
    assert of(found, "s3", BEYOND)["value"] == pytest.approx(0.4)
    assert of(found, "t1", BEYOND)["value"] == pytest.approx(0)
    assert of(found, "s3", BEYOND, "place")["value"] == pytest.approx(0.03)
    assert of(found, "s3", INTERACTION)["value"] == pytest.approx(0.37)
    assert not ((found["where"] == "first") & (found["estimand"] == BEYOND)).any()


def test_differences_are_paired(found: pd.DataFrame) -> None:
    """Clips are hard or easy in all passes alike: scores scatter, differences do not."""
    score, beyond = of(found, "s3", SCORE), of(found, "s3", BEYOND)
    assert score["high"] - score["low"] > 0.02
    assert beyond["high"] - beyond["low"] < 1e-9
