"""Planted networks hold what they say, and pass through the read-outs of a model."""

from pkgutil import iter_modules

import numpy as np
import pandas as pd
import pytest

from pez.audit.claims.registry import judge_all
from pez.audit.measure_planted import measure_planted
from pez.audit.measure_primary import PrimarySettings
from pez.audit.planted import kinds
from pez.audit.planted.build import WIDTH, position, ring, standardised, untrained
from pez.audit.planted.courses import declining, rising, state_at, stepping
from pez.audit.planted.design import ball_labels, movie_labels
from pez.audit.planted.kinds.patch_then_spread import PATCHES, patches_reached
from pez.audit.planted.planted import PlantedKind, noisier
from pez.audit.planted.registry import PLANTED_KINDS
from pez.audit.primary import PARTIAL, TRANSFER, PrimaryEvidence
from pez.clips.labels import LABEL_COLUMNS
from pez.recipes.groupings import group_ids, image_centre
from pez.scores.plausibility import check_movies

KINDS = {kind.name: kind for kind in PLANTED_KINDS}
BLOCKS = 12
SETTINGS = PrimarySettings(
    direction="direction_sincos",
    grouping="condition",
    normalisation="zscore",
    selection="nested",
    fold_seed=42,
    folds=5,
    alphas=(1.0, 10.0, 100.0),
    draws=300,
    permutations=5,
    seed=0,
)


def read(values: np.ndarray, features: np.ndarray) -> np.ndarray:
    """R2 of least squares with every fifth clip held out, at every state."""
    held = np.arange(len(values)) % 5 == 0
    scores = []
    for state in features:
        system = np.column_stack([np.ones(len(state)), state])
        weights = np.linalg.lstsq(system[~held], values[~held])[0]
        error = ((values[held] - system[held] @ weights) ** 2).sum()
        scores.append(1 - error / ((values[held] - values[held].mean(axis=0)) ** 2).sum())
    return np.array(scores)


def test_no_kind_is_left_out() -> None:
    assert {module.name for module in iter_modules(kinds.__path__)} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_says_what_is_true_of_every_claim(kind: PlantedKind) -> None:
    assert kind.words and list(kind.truth) == [f"C{number}" for number in range(1, 10)]
    network = kind.plant(np.random.default_rng(0), BLOCKS)
    again = kind.plant(np.random.default_rng(0), BLOCKS)
    assert {"velocity", "acceleration"} <= set(network) <= {
        "velocity", "acceleration", "plausibility",
    }  # fmt: skip
    assert (kind.truth["C5"] is None) == ("plausibility" not in network)
    for name, stack in network.items():
        assert stack.features.shape == (BLOCKS + 1, len(stack.labels), WIDTH)
        assert stack.features.dtype == np.float32
        assert np.array_equal(stack.features, again[name].features)


def test_labels_are_those_of_a_ball_design() -> None:
    labels = ball_labels(np.random.default_rng(0), "velocity")
    assert list(labels.columns) == list(LABEL_COLUMNS)
    assert labels.groupby(["direction_index", "magnitude_index"]).size().eq(4).all()
    assert image_centre(labels) == pytest.approx(128)
    angle = np.arctan2(-labels["vy_px"], labels["vx_px"]) % (2 * np.pi)
    assert np.allclose(np.cos(angle), np.cos(labels["direction_rad"]))
    assert (labels["acceleration_m_s2"] == 0).all() and labels["speed_m_s"].round(9).nunique() == 4
    for grouping in ("condition", "spatial_sector", "spatial_cluster", "video"):
        assert len(np.unique(group_ids(labels, grouping, 0))) >= 5
    accelerated = ball_labels(np.random.default_rng(0), "acceleration")
    assert (accelerated["vx_px"] == 0).all() and accelerated["ax_px"].std() > 0
    check_movies(movie_labels(), "planted")


def test_courses() -> None:
    assert stepping(2, 4, 0.0, 1.0).tolist() == [0, 0, 1, 1, 1]
    assert rising(1, 3, 4, 0.0, 1.0).tolist() == [0, 0, 0.5, 1, 1]
    assert declining(stepping(2, 4, 0.0, 1.0), 0.5, 0.5).tolist() == [0, 0, 1, 0.75, 0.5]
    assert [state_at(depth, 24) for depth in (1 / 8, 1 / 3, 2 / 3)] == [3, 8, 16]
    reached = patches_reached(24)
    assert reached[7] == 0 and 0 < reached[8] < PATCHES / 2 and reached[24] == PATCHES
    assert (np.diff(reached) >= 0).all()


@pytest.mark.parametrize(("name", "at"), [("abrupt_3", 2), ("abrupt_8", 4), ("abrupt_16", 8)])
def test_direction_steps_where_it_was_planted(name: str, at: int) -> None:
    stack = KINDS[name].plant(np.random.default_rng(1), BLOCKS)["velocity"]
    found = read(ring(stack.labels), stack.features)
    assert (found[:at] < 0.3).all() and found[at] > 0.7
    assert (read(position(stack.labels), stack.features) > 0.7).all()


def test_untrained_networks_hold_position_and_speed_but_no_step() -> None:
    stack = untrained(np.random.default_rng(2), BLOCKS)["velocity"]
    assert (read(ring(stack.labels), stack.features) < 0.3).all()
    speed = standardised(stack.labels[["speed_m_s"]].to_numpy())
    assert (read(speed, stack.features) > 0.6).all()
    assert (read(position(stack.labels), stack.features) > 0.7).all()


def test_the_shortcut_is_position() -> None:
    stack = KINDS["position_shortcut"].plant(np.random.default_rng(3), BLOCKS)["velocity"]
    direction = ring(stack.labels)
    assert read(direction, stack.features)[-1] > 0.5
    start = position(stack.labels)
    weights = np.linalg.lstsq(start, direction)[0]
    left = direction - start @ weights
    assert read(left, stack.features)[-1] < 0.1


def test_the_plane_tells_plausibility_where_the_label_is_reused() -> None:
    network = KINDS["label_reuse"].plant(np.random.default_rng(4), BLOCKS)
    movies = network["plausibility"]
    sign = 2.0 * movies.labels[["possible"]].to_numpy() - 1
    found = read(sign, movies.features)
    assert found[3] < 0.1 and found[4] > 0.5


def test_noise_lowers_what_is_readable_and_keeps_labels() -> None:
    network = KINDS["abrupt_8"].plant(np.random.default_rng(5), BLOCKS)
    loud = noisier(network, np.random.default_rng(6), 3.0)
    goal = ring(network["velocity"].labels)
    assert loud["velocity"].labels is network["velocity"].labels
    quiet = read(goal, network["velocity"].features)[6]
    assert read(goal, loud["velocity"].features)[6] < quiet - 0.1


def test_a_planted_network_is_measured_and_judged_like_a_model() -> None:
    kind = KINDS["abrupt_8"]
    trained = measure_planted(kind.plant(np.random.default_rng(7), BLOCKS), SETTINGS)
    assert {"direction", "speed", "acceleration", "plausibility", PARTIAL, TRANSFER} <= set(trained)
    seeds = [
        measure_planted(untrained(np.random.default_rng(seed), BLOCKS), SETTINGS, permuted=False)
        for seed in range(3)
    ]
    found = judge_all(PrimaryEvidence(kind.name, trained, {"untrained": seeds}))
    verdicts = pd.Series({name: one.verdict for name, one in found.items()})
    assert not (verdicts == "no").any()
    assert (verdicts[["C1", "C2", "C3", "C5", "C8", "C9"]] == "yes").all()
