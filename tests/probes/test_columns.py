"""Targets and groupings that name columns, and probes that tell classes apart."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from probe_data import design
from scipy.special import log_softmax

from pez.probes.run import run_probe
from pez.recipes.groupings import group_ids
from pez.recipes.kinds import metric_of
from pez.recipes.spec import AnySolver, ProbeSpec, read_probe, read_solver
from pez.recipes.targets import probe_outputs, probe_targets, target_values
from pez.runtime.errors import ArtifactError
from pez.scores.classification import chance, class_metrics
from pez.solvers.losses import SoftmaxCrossEntropy

LABELS = design(8, 7, 7)
RIDGE = read_solver({"method": "ridge", "alphas": [0.1, 10.0]})
ADAM = read_solver({"method": "adamw", "steps": 200, "patience": 30, "learning_rates": [0.01, 0.1],
                    "weight_decays": [0.0]})  # fmt: skip


def spec(target: object, grouping: object = "condition", **changes: Any) -> ProbeSpec:
    return read_probe(
        {"dataset": "velocity", "target": target, "capture": "resid_post", "pooling": "mean",
         "grouping": grouping, "normalisation": "zscore", "solver": "some", "folds": 3, **changes}
    )  # fmt: skip


def number(*columns: str) -> dict[str, Any]:
    return {"column": list(columns), "kind": "number"}


def category(column: str) -> dict[str, Any]:
    return {"column": column, "kind": "category"}


@pytest.mark.parametrize(
    ("name", "columns"),
    [("speed", ["speed_m_s"]), ("velocity_xy", ["vx_px", "vy_px"]), ("velocity_y", ["vy_px"])],
)
def test_a_column_is_the_target_that_has_a_name(name: str, columns: list[str]) -> None:
    probe = spec(number(*columns))
    np.testing.assert_array_equal(probe_targets(LABELS, probe), target_values(LABELS, name))
    assert probe_outputs(LABELS, probe) == tuple(columns) and metric_of(probe) == "r2"


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("condition", ["direction_index", "magnitude_index"]),
        ("start_index", ["start_index"]),
        ("magnitude", ["magnitude_index"]),
    ],
)
def test_columns_make_the_groups_that_have_a_name(name: str, columns: list[str]) -> None:
    found = spec("speed", {"column": columns}).grouping
    np.testing.assert_array_equal(group_ids(LABELS, found, 0), group_ids(LABELS, name, 0))


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(ArtifactError, match="lack column\\(s\\) mass, which the target"):
        probe_targets(LABELS, spec(number("mass")))
    with pytest.raises(ArtifactError, match="lack column\\(s\\) mass, which the grouping"):
        group_ids(LABELS, spec("speed", {"column": "mass"}).grouping, 0)


def test_classes_are_the_values_of_a_column() -> None:
    probe = spec(category("direction_index"))
    targets = probe_targets(LABELS, probe)
    assert targets.shape == (392, 8) and (targets.sum(axis=1) == 1).all()
    assert probe_outputs(LABELS, probe) == tuple("01234567") and metric_of(probe) == "accuracy"
    np.testing.assert_array_equal(targets.argmax(axis=1), LABELS["direction_index"])
    assert chance(targets) == pytest.approx(1 / 8)


def test_metrics_of_classes_by_hand() -> None:
    target = np.eye(3)[[0, 0, 0, 1]]
    scores = np.array([[2.0, 1, 0], [3, 1, 0], [0, 1, 0], [0, 5, 1]])
    found = class_metrics(target, scores)
    assert found == {"accuracy": 0.75, "balanced_accuracy": pytest.approx((2 / 3 + 1) / 2)}
    scores[3, 0] = np.nan
    assert class_metrics(target, scores)["accuracy"] == 0.5
    assert chance(target) == 0.75


def test_the_softmax_loss_and_its_derivative_are_those_of_autograd() -> None:
    random = np.random.default_rng(0)
    fits, outputs, rows = 3, 4, 10
    target = np.eye(outputs)[random.integers(0, outputs, rows)].T
    targets = torch.tensor(np.stack([[target] * fits]), dtype=torch.float32)
    rate = torch.tensor([[0.1, 0.5, 2.0]])
    weight = torch.full((1, fits, rows), 1 / rows / outputs)  # as the optimiser has them
    loss = SoftmaxCrossEntropy(targets, rate, weight, weight)
    logits = torch.tensor(random.normal(size=(1, fits, outputs, rows)), dtype=torch.float32)
    logits.requires_grad_(True)
    expected = torch.nn.functional.cross_entropy(
        logits[0], targets[0].argmax(dim=1), reduction="none"
    ).mean(dim=1)
    scaled = (logits.detach() / rate[..., None, None]).flatten(1, 2)
    torch.testing.assert_close(loss.held_out(scaled)[0], expected.detach())
    out = torch.empty_like(scaled)
    loss.residuals(scaled, out)
    (gradient,) = torch.autograd.grad(expected.sum(), logits)
    torch.testing.assert_close(out, gradient.flatten(1, 2))


def fitted(
    probe: ProbeSpec, solver: AnySolver, features: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame]:
    return run_probe(
        "p", probe, solver, lambda layer: features[layer], len(features), LABELS, "cpu"
    )


@pytest.mark.parametrize("solver", [RIDGE, ADAM], ids=["ridge", "adam"])
def test_a_probe_reads_classes_where_they_are_and_none_where_they_are_not(
    solver: AnySolver,
) -> None:
    random = np.random.default_rng(1)
    noise = random.normal(size=(392, 8))
    seen = np.eye(8)[LABELS["direction_index"]] + 0.2 * random.normal(size=(392, 8))
    features = np.stack([seen, noise]).astype(np.float32)
    grouping = {"column": ["start_index", "magnitude_index"]}
    results, predictions = fitted(spec(category("direction_index"), grouping), solver, features)
    score = results.groupby(["layer", "selection", "metric"])["value"].mean()
    for selection in ("validation", "nested"):
        assert score[0, selection, "accuracy"] > 0.95
        assert score[0, selection, "balanced_accuracy"] > 0.95
        assert score[1, selection, "accuracy"] < 0.3
        assert score[0, selection, "chance"] == pytest.approx(1 / 8)
    rows = predictions[(predictions.layer == 0) & (predictions.selection == "nested")]
    assert len(rows) == 392 * 8 and set(rows["output"]) == set("01234567")
    wide = rows.pivot(index="clip_id", columns="output", values=["target", "prediction"])
    told = wide["prediction"].to_numpy().argmax(axis=1) == wide["target"].to_numpy().argmax(axis=1)
    assert told.mean() == pytest.approx(score[0, "nested", "accuracy"], abs=0.02)


def test_logits_are_picked_by_their_cross_entropy() -> None:
    """Of two learning rates the one is taken whose held-out cross-entropy is lower."""
    random = np.random.default_rng(2)
    own = LABELS["direction_index"].to_numpy()
    features = np.eye(8)[own] + 0.8 * random.normal(size=(392, 8))
    probe = spec(category("direction_index"), "start_index", selections=["validation"])
    losses = []
    for rate in (0.001, 0.1):
        solver = ADAM.model_copy(update={"learning_rates": (rate,), "steps": 20})
        _, rows = fitted(probe, solver, features[None].astype(np.float32))
        wide = rows.pivot(index="clip_id", columns="output", values="prediction")
        wide = wide.loc[LABELS["clip_id"]].to_numpy()
        losses.append(-log_softmax(wide, axis=1)[np.arange(392), own].mean())
    both = ADAM.model_copy(update={"learning_rates": (0.001, 0.1), "steps": 20})
    results, _ = fitted(probe, both, features[None].astype(np.float32))
    assert losses[1] < losses[0] and set(results["learning_rate"]) == {0.1}


def test_classes_cannot_share_a_map_of_patches() -> None:
    changes = {"pooling": "temporal_last_patch", "patch_map": "shared"}
    with pytest.raises(ValueError, match="classes have a cross-entropy"):
        spec(category("direction_index"), **changes)
