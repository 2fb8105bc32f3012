"""A probe that leaves out clips without the ball, on features in which absence tells the speed."""

import logging

import numpy as np
import pandas as pd
import pytest
import torch
from probe_data import design
from probe_data import features as motion_features
from pydantic import ValidationError

from pez.features.store import PatchShard, Shard
from pez.probes.run import run_probe
from pez.recipes.spec import GradientSolver, ProbeSpec, RidgeSolver, read_probe
from pez.runtime.errors import ArtifactError, ConfigError

ADAMW = GradientSolver(
    method="adamw", steps=60, patience=10, learning_rates=(0.01, 0.1), weight_decays=(0.01, 0.8)
)
RIDGE = RidgeSolver(method="ridge", alphas=(0.1, 10.0))
SOLVERS = pytest.mark.parametrize("solver", [ADAMW, RIDGE], ids=["adamw", "ridge"])


def spec(clips: str, **changes) -> ProbeSpec:
    known = {
        "dataset": "velocity", "target": "speed", "capture": "resid_post",
        "pooling": "temporal_last", "grouping": "direction", "normalisation": "zscore",
        "solver": "here", "folds": 4, "clips": clips,
    }  # fmt: skip
    return ProbeSpec.model_validate(known | changes)


def labels() -> pd.DataFrame:
    """8 directions x 4 speeds x 5 starts; at the two higher speeds two and four of five leave."""
    table = design(8, 4, 5)
    leavers = np.array([0, 0, 2, 4])[table["magnitude_index"]]
    return table.assign(frames_out_of_view=np.where(table["start_index"] < leavers, 3, 0))


LABELS = labels()
KEPT = LABELS["frames_out_of_view"].to_numpy() == 0


def absence(layer: int) -> np.ndarray:
    """Noise, and one feature that shows nothing but whether the ball is there at the end."""
    values = np.random.default_rng(layer).normal(size=(len(LABELS), 6)).astype(np.float32)
    values[:, 2] = 5 * KEPT
    return values


def run(clips: str, solver=RIDGE, load=absence, table=LABELS, load_shards=None, **changes):
    probe = spec(clips, **changes)
    return run_probe("p", probe, solver, load, 2, table, "cpu", 1, load_shards=load_shards)


def scores(results: pd.DataFrame) -> pd.Series:
    return results[results["metric"] == "r2"].groupby("selection")["value"].mean()


@SOLVERS
def test_absence_tells_the_speed_unless_clips_without_the_ball_are_left_out(solver):
    assert (scores(run("all", solver)[0]) > 0.25).all()
    assert (scores(run("in_view", solver)[0]) < 0.1).all()  # what choosing makes of noise


@SOLVERS
def test_clips_left_out_are_in_no_fold_and_in_no_metric(solver):
    results, predictions = run("in_view", solver)
    assert KEPT.sum() == 112
    assert (results["n_train"] + results["n_test"] == 112).all()
    kept = set(LABELS["clip_id"][KEPT])
    for _, rows in predictions.groupby(["layer", "selection"]):
        assert sorted(rows["clip_id"]) == sorted(kept)
    known = predictions.merge(LABELS, on="clip_id")
    assert (known["target"] == known["speed_m_s"]).all()


@SOLVERS
def test_it_is_the_probe_of_a_dataset_that_never_had_these_clips(solver):
    load = lambda layer: motion_features(LABELS, 12, layer)  # noqa: E731
    only = LABELS[KEPT].reset_index(drop=True)
    expected = run("all", solver, lambda layer: load(layer)[KEPT], only)
    for found, table in zip(run("in_view", solver, load), expected, strict=True):
        pd.testing.assert_frame_equal(found, table, check_exact=True)


def in_shards(values: np.ndarray, size: int) -> list[Shard]:
    starts = range(0, len(values), size)
    return [Shard(k, start, values[start : start + size]) for k, start in enumerate(starts)]


def never(layer: int) -> np.ndarray:
    raise AssertionError(f"layer {layer} was loaded whole")


def test_shard_by_shard_the_tables_are_those_from_memory():
    streamed = run("in_view", load=never, load_shards=lambda layer: in_shards(absence(layer), 30))
    for found, expected in zip(streamed, run("in_view"), strict=True):
        rough = [column for column in ("value", "prediction") if column in found.columns]
        exact = found.columns.difference(rough)
        pd.testing.assert_frame_equal(found[exact], expected[exact], check_exact=True)
        np.testing.assert_allclose(found[rough], expected[rough], rtol=1e-6, atol=1e-7)


def test_a_shard_without_a_clip_in_view_is_passed_over():
    gone = LABELS.assign(frames_out_of_view=np.arange(len(LABELS)) // 40 == 1)  # the second shard
    shards = lambda layer: in_shards(absence(layer), 40)  # noqa: E731
    streamed, _ = run("in_view", load=never, table=gone, load_shards=shards)
    whole, _ = run("in_view", table=gone)
    assert (streamed["n_train"] + streamed["n_test"] == 120).all()
    np.testing.assert_allclose(streamed["value"], whole["value"], rtol=1e-6)


@pytest.mark.parametrize("clips", [159, 161])
def test_features_of_another_number_of_clips_are_refused(clips):
    padded = lambda layer: np.resize(absence(layer), (clips, 6))  # noqa: E731
    with pytest.raises(ArtifactError, match=rf"layer 0 are of {clips} clips.*labels name 160"):
        run("in_view", load=padded)
    shards = lambda layer: in_shards(padded(layer), 40)  # noqa: E731
    with pytest.raises(ArtifactError, match=rf"layer 0 are of {clips} clips.*labels name 160"):
        run("in_view", load=never, load_shards=shards)


def test_the_log_says_how_many_are_left_out_by_magnitude(caplog):
    with caplog.at_level(logging.INFO):
        run("in_view")
    assert (
        "probe p leaves out 48 of 160 clips, in which the ball is wholly out of the picture in "
        "some frame: 16 of 40 at 3 m/s, 32 of 40 at 4 m/s, none at 1, 2 m/s"
    ) in caplog.messages
    caplog.clear()
    run("all")
    assert "leaves out" not in caplog.text


def test_labels_without_visibility_and_sets_without_a_clip_in_view_are_refused():
    with pytest.raises(ArtifactError, match="frames_out_of_view, which the labels lack"):
        run("in_view", table=LABELS.drop(columns="frames_out_of_view"))
    with pytest.raises(ConfigError, match=r"all 160: set probes\.p\.clips: all"):
        run("in_view", table=LABELS.assign(frames_out_of_view=1))


def test_movies_have_no_ball_to_lose():
    movies = {
        "dataset": "intphys_mini", "target": "plausibility", "capture": "resid_pre",
        "pooling": "mean", "normalisation": "zscore", "solver": "trainable",
    }  # fmt: skip
    assert read_probe(movies).clips == "all"
    with pytest.raises(ValidationError, match="clips"):
        read_probe(movies | {"clips": "in_view"})


@SOLVERS
def test_a_map_that_patches_share_leaves_the_same_clips_out(solver):
    """As the probe of a dataset that never had them; a patch shard of none is passed over."""
    rng = np.random.default_rng(0)
    patches = torch.from_numpy(rng.normal(size=(2, len(LABELS), 4, 6)).astype(np.float32))
    less = torch.zeros_like(patches)

    def shards(layer: int, rows: np.ndarray) -> list[PatchShard]:
        own, taken = patches[layer][rows], less[layer][rows]
        starts = range(0, len(own), 40)
        return [
            PatchShard(number, start, own[start : start + 40], taken[start : start + 40])
            for number, start in enumerate(starts)
        ]

    def tables(clips: str, table: pd.DataFrame, rows: np.ndarray):
        probe = spec(clips, pooling="temporal_last_patch", patch_map="shared")
        return run_probe(
            "p", probe, solver, absence, 2, table, "cpu", 1,
            load_patches=lambda layer: shards(layer, rows),
        )  # fmt: skip

    everything = np.ones(len(LABELS), dtype=bool)
    found = tables("in_view", LABELS, everything)
    expected = tables("all", LABELS[KEPT].reset_index(drop=True), KEPT)
    for one, other in zip(found, expected, strict=True):
        numbers = one.select_dtypes("number").columns
        pd.testing.assert_frame_equal(one[numbers], other[numbers], rtol=1e-4, atol=1e-5)
