"""A whole linear plausibility probe, on features whose right answer is known."""

import sys
import threading
import types

import numpy as np
import pandas as pd
import pytest
import torch
from movie_data import BLOCKS, SOLVER, movies, plausibility_spec
from scipy.stats import binom

from pez.probes.run import run_probe
from pez.recipes.groupings import group_ids
from pez.recipes.spec import AttentiveSolver, GradientSolver
from pez.runtime.errors import ArtifactError
from pez.scores.plausibility import METRICS, movie_metrics
from pez.solvers.task import Choice

LABELS = movies(8)
ACCURACIES = [name for name in METRICS if not name.endswith("_ties")]


def run(features, labels=LABELS, solver=SOLVER, layers=1, threads=1, width=None, **changes):
    values = features if callable(features) else lambda layer: features
    return run_probe(
        "p", plausibility_spec(**changes), solver, values, layers, labels, "cpu", threads, width
    )


def separable(labels: pd.DataFrame, width: int = 16, seed: int = 0) -> np.ndarray:
    """Features in which every scene has a place of its own and one direction is plausibility."""
    rng = np.random.default_rng(seed)
    places = rng.normal(size=(len(labels), width))[group_ids(labels, "scene", 0)]
    direction = rng.normal(size=width) * np.sqrt(width)
    sign = 2 * labels["possible"].to_numpy()[:, None] - 1
    noise = 0.1 * rng.normal(size=(len(labels), width))
    return (places + sign * direction + noise + 5).astype(np.float32)


def mean(results: pd.DataFrame, selection: str, subset: str = "all") -> pd.Series:
    part = results[(results.selection == selection) & (results.subset == subset)]
    return part.groupby("metric").value.mean()


@pytest.mark.parametrize("selected_by", ["relative_accuracy", "clip_accuracy"])
@pytest.mark.parametrize("normalisation", ["zscore", "center", "none"])
def test_a_plausibility_direction_is_read_perfectly(selected_by, normalisation):
    results, _ = run(separable(LABELS), selected_by=selected_by, normalisation=normalisation)
    for selection in ("validation", "nested"):
        for subset in ("all", *BLOCKS):
            found = mean(results, selection, subset)
            assert (found[ACCURACIES] == 1).all(), found
            assert (found[found.index.str.endswith("_ties")] == 0).all()


def test_tables_are_tidy_and_agree():
    results, predictions = run(lambda layer: separable(LABELS, seed=layer), layers=2)
    keys = ["layer", "selection", "fold"]
    assert list(results.columns) == [
        *keys, "subset", "metric", "value", "n_train", "n_test", "learning_rate", "weight_decay",
        "steps", "alpha",
    ]  # fmt: skip
    assert list(predictions.columns) == [
        *keys, "clip_id", "output", "target", "prediction", "logit", "block", "scene",
    ]  # fmt: skip
    assert len(results) == 2 * 2 * 5 * 4 * len(METRICS)
    assert len(predictions) == 2 * 2 * len(LABELS)
    assert set(predictions.output) == {"possible"}
    assert predictions.prediction.dtype == np.float64
    assert predictions.prediction.between(0, 1).all()
    whole = results[results.subset == "all"]
    assert (whole.n_train + whole.n_test == len(LABELS)).all()
    sizes = results[results.metric == "auc"].pivot(index=keys, columns="subset", values="n_test")
    assert (sizes[list(BLOCKS)].sum(axis=1) == sizes["all"]).all()
    # every number can be recomputed from the predictions
    known = predictions.merge(LABELS[["clip_id", "pair"]], on="clip_id")
    for (*key, subset), part in results.groupby([*keys, "subset"]):
        rows = known[(known[keys] == key).all(axis=1)]
        rows = rows[rows.block == subset] if subset != "all" else rows
        again = movie_metrics(
            rows.logit.to_numpy(), rows.target.to_numpy(), group_ids(rows, "scene", 0),
            rows.pair.to_numpy(),
        )  # fmt: skip
        assert part.set_index("metric").value.to_dict() == again


def test_a_block_without_scenes_in_a_fold_has_no_numbers():
    labels = pd.concat([movies(9, ("O1",)), movies(1, ("O3",))], ignore_index=True)
    results, _ = run(separable(labels), labels)
    missing = results[(results.subset == "O2") | ((results.subset == "O3") & (results.n_test == 0))]
    assert missing.value.isna().all() and (missing.n_test == 0).all()
    assert set(missing.subset) == {"O2", "O3"}
    assert results.drop(missing.index).value.notna().all()


def test_shuffled_labels_leave_chance_and_are_what_is_trained_and_judged():
    """Nested selection, so that nothing lifts the score but luck.

    Scenes are won or lost like coins, so that at 120 scenes 99.9 % of scores lie in the binomial
    interval; of movies the shares lie closer, two of every four being possible.
    """
    labels = movies(40)
    features = separable(labels)
    solver = GradientSolver(
        method="adamw", steps=60, patience=10, learning_rates=(3e-3, 3e-2), weight_decays=(0.01,)
    )
    results, predictions = run(features, labels, solver, labels_seed=42)
    low, high = binom.interval(0.999, 120, 0.5)
    found = mean(results, "nested")
    for metric in ("relative_accuracy_ties_half", "clip_accuracy", "auc", "all_pair_accuracy"):
        assert low / 120 <= found[metric] <= high / 120, found
    assert mean(run(features, labels, solver)[0], "nested")["relative_accuracy"] == 1
    target = predictions[predictions.selection == "nested"].set_index("clip_id").target
    assert (target.groupby(target.index.str[:5]).sum() == 2).all()
    assert 0.3 < (target[labels.clip_id].to_numpy() == labels.possible).mean() < 0.7


@pytest.mark.parametrize("width", [1, 7, 192])
def test_features_of_one_part_of_a_movie_tie_exactly_in_every_scene(width):
    """What comes before the splice is the same in a possible and in an impossible movie."""
    rng = np.random.default_rng(3)
    runs = rng.normal(size=(24, 2, width)).astype(np.float32)
    scenes = group_ids(LABELS, "scene", 0)
    results, predictions = run(runs[scenes, LABELS["first"]])
    for selection in ("validation", "nested"):
        found = mean(results, selection)
        assert found["relative_accuracy"] == 0 and found["relative_ties"] == 1
        assert found["relative_accuracy_ties_half"] == 0.5
        assert found["matched_pair_ties"] == 1
        assert found["clip_accuracy"] == 0.5
    assert predictions.prediction.nunique() > len(LABELS) / 4  # not for want of differences


def test_features_that_add_up_over_time_get_at_most_three_of_four_movies_right():
    """Of an XOR no linear probe gets more: the two sums of logits are equal."""
    rng = np.random.default_rng(4)
    scenes = group_ids(LABELS, "scene", 0)
    first, second = rng.normal(size=(2, 24, 2, 16))
    additive = first[scenes, LABELS["first"]] + second[scenes, LABELS["second"]]
    results, predictions = run(additive.astype(np.float32), selected_by="clip_accuracy")
    right = (predictions.prediction > 0.5) == (predictions.target == 1)
    of_scene = right.groupby([predictions.selection, predictions.block, predictions.scene]).sum()
    assert of_scene.max() <= 3
    assert mean(results, "validation")["clip_accuracy"] <= 0.75


def test_the_amount_visible_reaches_three_quarters_and_shows_in_the_recalls():
    """Objects seen: 2 or 0 in possible movies, 1 in impossible ones."""
    scenes = group_ids(LABELS, "scene", 0)
    possible, pairs = LABELS["possible"].to_numpy(), LABELS["pair"].to_numpy()
    visible = np.where(possible == 1, 2.0 * LABELS["first"], 1.0)

    def metrics(slope: float, threshold: float) -> dict[str, float]:
        return movie_metrics(slope * (visible - threshold), possible, scenes, pairs)

    every = [metrics(slope, at) for slope in (-3, -1, 1, 3) for at in np.arange(-0.75, 3, 0.25)]
    assert max(found["clip_accuracy"] for found in every) == 0.75
    names = "clip_accuracy", "possible_recall", "impossible_recall"
    assert [metrics(1, 1.5)[name] for name in names] == [0.75, 0.5, 1.0]
    # The scene-relative score depends on nothing but the bias: sums of logits are equal, and which
    # sum of their sigmoids is larger follows from the curvature there.
    assert [metrics(1, at)["relative_accuracy"] for at in (0.5, 1, 1.5)] == [0, 0, 1]
    assert [metrics(1, at)["relative_ties"] for at in (0.5, 1, 1.5)] == [0, 1, 0]
    assert metrics(1, 1)["relative_accuracy_ties_half"] == 0.5
    assert {found["logit_sum"] for found in every} == {0.5}  # the same wherever the bias stands
    assert {found["matched_pair"] for found in every} == {0.5}
    results, _ = run(visible[:, None].astype(np.float32), selected_by="clip_accuracy")
    assert mean(results, "validation")["clip_accuracy"] <= 0.75


def test_recalls_are_those_of_the_block():
    """In O1 the features call everything possible, in O2 nothing, in O3 they are right."""
    sign = LABELS["block"].map({"O1": 1, "O2": -1, "O3": 0}).to_numpy()
    sign = np.where(sign == 0, 2 * LABELS["possible"] - 1, sign)
    results, _ = run(np.stack([sign, sign], axis=1).astype(np.float32))
    for block, expected in {"O1": (1, 0), "O2": (0, 1), "O3": (1, 1)}.items():
        found = mean(results, "nested", block)
        assert (found["possible_recall"], found["impossible_recall"]) == expected


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_run_gives_the_same_tables_with_any_number_of_threads(threads):
    load = lambda layer: separable(LABELS, seed=layer)  # noqa: E731
    alone, together = run(load, layers=3), run(load, layers=3, threads=threads)
    for first, second in zip(alone, together, strict=True):
        pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_labels_that_are_no_whole_scenes_are_refused():
    with pytest.raises(ArtifactError, match="scene O1/1"):
        run(separable(LABELS)[1:], LABELS[1:])


@pytest.fixture
def attentive(monkeypatch):
    """An attentive solver that reads the first feature of the first token, and its calls."""
    calls = []

    def fit_attentive(task, solver, tokens, device):
        calls.append((tokens.shape, device, torch.get_num_threads(), threading.get_ident()))
        logits = tokens[:, 0, 0].double().numpy()[:, None]
        folds = len(task.outer)
        zeros = np.zeros((1, folds), np.int64)
        choice = Choice(zeros, zeros + 3, np.broadcast_to(logits, (1, folds, *logits.shape)))
        return dict.fromkeys(task.selections, choice)

    module = types.ModuleType("pez.solvers.attentive")
    module.fit_attentive = fit_attentive
    monkeypatch.setitem(sys.modules, "pez.solvers.attentive", module)
    return AttentiveSolver(method="attentive", depth=1, heads=1), calls


def test_attentive_probes_get_the_tokens_of_one_layer_after_the_other(attentive):
    solver, calls = attentive

    def load(layer):
        tokens = np.zeros((len(LABELS), 6 * 4), np.float32)
        tokens[:, 0] = (1 - 2 * layer) * (2 * LABELS["possible"] - 1)
        return tokens

    results, _ = run(load, solver=solver, layers=2, threads=2, width=4)
    assert [call[:3] for call in calls] == [((len(LABELS), 6, 4), "cpu", 2)] * 2
    assert len({call[3] for call in calls}) == 1
    scores = results[(results.metric == "clip_accuracy") & (results.subset == "all")]
    assert scores.groupby("layer").value.mean().tolist() == [1, 0]
    assert (results.learning_rate == solver.learning_rate).all()
    assert (results.steps == 3).all() and results.alpha.isna().all()


def test_tokens_need_a_width_that_fits(attentive):
    solver, _ = attentive
    with pytest.raises(ArtifactError, match=r"24 features .* width 5"):
        run(np.zeros((len(LABELS), 24), np.float32), solver=solver, width=5)
