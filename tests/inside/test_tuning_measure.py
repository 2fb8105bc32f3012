"""From clips, tracks and weights on disk to the table of one network, on a real tiny encoder."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from encoder_samples import ball_frames, ready_encoder, telling_weights
from inside.inside_samples import IDS, SPEC, measured, opened, write_dataset
from inside.tuning_samples import section
from pez.clips.spec import SceneSpec
from pez.controls.kinds import frames_shuffled, static
from pez.encoders.hooks import HookPoint, run_with_hooks
from pez.encoders.preprocess import build_transform, preprocess
from pez.features.spec import ExtractionSpec
from pez.inside.network import Network
from pez.inside.tuning.readings import READINGS
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import Opened, open_table, write_table
from pez.runtime.tensor_file import write_tensors

SCENE = {"frames": 8, "resolution": 64}
TUNING = section(clips_per_condition=3, folds=2, permutations=20, bins=6)
TRACK = np.random.default_rng(3).uniform(-3, 3, (len(IDS), 8, 2))


def write(folder: Path) -> Path:
    """Write the dataset with its tracks."""
    rows = pd.DataFrame(
        {
            "clip_id": np.repeat(IDS, 8),
            "frame": np.tile(np.arange(8), len(IDS)),
            "x_m": TRACK[..., 0].ravel(),
            "y_m": TRACK[..., 1].ravel(),
            "z_m": 0.3,
        }
    )
    rows[["vx_m_s", "vy_m_s", "vz_m_s", "x_px", "y_px"]] = 0.0
    identity = {"dataset": "velocity", "clip_ids": IDS, "frame_shape": [8, 64, 64]}
    source = write_table(folder / "trajectories.parquet", rows, identity)
    write_dataset(folder, source=source)
    return folder


def balls(folder: Path) -> dict[str, object]:
    return {"trajectories": folder / "trajectories.parquet", "scene": SCENE}


def places(network: Network) -> np.ndarray:
    assert network.trajectories is not None
    return network.trajectories[["x_m", "y_m"]].to_numpy().reshape(len(IDS), 8, 2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("dataset"))


@pytest.fixture(scope="module")
def table(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    output = tmp_path_factory.mktemp("inside")
    return open_table(measured(folder, output, TUNING, **balls(folder)))


def test_every_unit_of_every_point_has_a_row(table: Opened) -> None:
    rows = table.table
    assert set(rows["point"]) == {"mlp_post", "resid_post"}
    blocks = {0, table.metadata["zone"], SPEC.layers - 1}
    assert set(rows["block"]) == blocks
    units = len(blocks) * (SPEC.mlp_size + SPEC.hidden_size)
    assert len(rows) == units * len(READINGS) * 2
    assert not rows[["point", "block", "reading", "variable", "unit"]].duplicated().any()
    assert (rows["p"] > 0).all() and (rows["p"] <= 1).all()
    limits = table.metadata["limits"]
    assert len(limits) == 2 * len(blocks) * len(READINGS) * 2
    assert all(len(edges) == 7 for edges in table.metadata["edges"].values())
    bins = rows[[f"bin_{number:02d}" for number in range(6)]]
    np.testing.assert_allclose(bins.max(axis=1), rows["best"], rtol=1e-6)


def test_the_best_position_of_a_unit_is_that_of_models_fitted_to_its_activations(
    table: Opened,
) -> None:
    """Against activations of the hook point itself, without sums."""
    encoder, _ = ready_encoder(SPEC, telling_weights(SPEC))
    seen: list[torch.Tensor] = []
    with torch.inference_mode():
        frames = torch.from_numpy(ball_frames(clips=len(IDS)))
        pixels = preprocess(frames, build_transform("resize", SPEC.input_size))
        run_with_hooks(encoder, pixels, {HookPoint("mlp_post", 2): seen.append})
    values = seen[0].double().numpy()
    rows = table.table
    own = rows[
        (rows["point"] == "mlp_post")
        & (rows["block"] == 2)
        & (rows["reading"] == "plain")
        & (rows["variable"] == "direction")
    ]
    assert len(own) == SPEC.mlp_size
    condition = np.repeat(np.arange(4), 3)
    angle = np.pi * (condition // 2)
    fold = _folds(condition)
    errors = {}
    for with_d in (False, True):
        x = np.column_stack([np.ones(12), *([np.cos(angle), np.sin(angle)] if with_d else [])])
        penalty = np.diag([0.0, 1e-3, 1e-3][: x.shape[1]])
        total = 0.0
        for number in (0, 1):
            train, test = fold != number, fold == number
            inverse = np.linalg.inv(x[train].T @ x[train] + penalty) @ x[train].T
            fitted = np.einsum("kn,npu->kpu", inverse, values[train])
            total = total + ((values[test] - np.einsum("nk,kpu->npu", x[test], fitted)) ** 2).sum(
                axis=0
            )
        errors[with_d] = total
    gained = 1 - errors[True] / errors[False]
    np.testing.assert_allclose(own["best"], gained.max(axis=0), atol=1e-3)
    assert np.mean(own["position"] == gained.argmax(axis=0)) > 0.95
    unit = own.iloc[0]
    means = [values[angle == level, int(unit["position"]), 0].mean() for level in (0, np.pi)]
    np.testing.assert_allclose([unit["level_0"], unit["level_1"]], means, rtol=1e-4)


def _folds(condition: np.ndarray) -> np.ndarray:
    from inside.tuning_samples import design_of

    labels = pd.DataFrame(
        {
            "condition": condition,
            "direction_index": condition // 2,
            "magnitude_index": condition % 2,
            "direction_rad": np.pi * (condition // 2),
            "speed_m_s": 2.0 + condition % 2,
        }
    )
    known = design_of(TUNING, labels)
    return known.fold[known.condition].numpy()


def test_batches_of_another_size_give_the_same(folder: Path, table: Opened, tmp_path: Path) -> None:
    single = ExtractionSpec(batch_size=1, precision="fp32")
    path = measured(folder, tmp_path, TUNING, extraction=single, **balls(folder))
    # two speeds determine no parabola
    found, other = (
        one[one["variable"] == "direction"] for one in (open_table(path).table, table.table)
    )
    for column in ("best", "position", "preferred", "p", "level_0"):
        np.testing.assert_allclose(found[column], other[column], rtol=1e-3, atol=1e-5)


def test_places_follow_the_frames_that_a_control_replaces(folder: Path) -> None:
    own = places(opened(folder, TUNING, **balls(folder)))
    np.testing.assert_array_equal(own, TRACK)
    still = partial(static.reorder, seed=None)
    found = places(opened(folder, TUNING, replace_clips=still, **balls(folder)))
    np.testing.assert_array_equal(found, own[:, :1].repeat(8, axis=1))
    shuffle = partial(frames_shuffled.reorder, seed=1)
    found = places(opened(folder, TUNING, replace_clips=shuffle, **balls(folder)))
    orders = frames_shuffled.reorder(np.zeros((len(IDS), 8)), IDS, 1)._orders
    np.testing.assert_array_equal(found[5], own[5][orders[5]])


def test_tracks_of_other_clips_are_refused(folder: Path, tmp_path: Path) -> None:
    other = open_table(folder / "trajectories.parquet")
    path = tmp_path / "trajectories.parquet"
    write_table(path, other.table.assign(x_m=0.0), other.metadata)
    with pytest.raises(ArtifactError, match="source"):
        opened(folder, TUNING, trajectories=path, scene=SCENE)


def test_a_missing_frame_is_refused(folder: Path, tmp_path: Path) -> None:
    table = open_table(folder / "trajectories.parquet")
    write_dataset(tmp_path, source=write_table(
        tmp_path / "trajectories.parquet", table.table.iloc[1:], table.metadata
    ))  # fmt: skip
    with pytest.raises(ArtifactError, match="every frame of every clip"):
        opened(tmp_path, TUNING, **balls(tmp_path))


def test_activations_that_are_not_finite_are_refused(folder: Path, tmp_path: Path) -> None:
    weights = {name: tensor.numpy() for name, tensor in telling_weights(SPEC).items()}
    weights["layer.1.mlp.fc1.weight"] *= np.float32(1e38)
    origin = {"weights": {"source": "random", "seed": 0}}
    write_tensors(tmp_path / "tiny.safetensors", weights, origin)
    with pytest.raises(ArtifactError, match=r"mlp_post of block 2 of tiny on clip velocity_0000"):
        measured(
            folder, tmp_path, TUNING, checkpoint=tmp_path / "tiny.safetensors",
            **balls(folder),
        )  # fmt: skip


def test_one_speed_is_refused(folder: Path, tmp_path: Path) -> None:
    labels = open_table(folder / "labels.parquet")
    write_table(tmp_path / "labels.parquet", labels.table.assign(speed_m_s=2.0), labels.metadata)
    with pytest.raises(ArtifactError, match="one speed"):
        measured(folder, tmp_path, TUNING, labels=tmp_path / "labels.parquet", **balls(folder))


def test_the_scene_of_the_configuration_is_read() -> None:
    assert SceneSpec.model_validate(SCENE).frames == 8
