"""Features that no encoder makes, by hand: pixels, differences of frames, trajectories."""

from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from scipy.fft import idctn

from pez.clips.dataset import dataset_identity
from pez.clips.simulate import simulate_dataset
from pez.clips.spec import BallDatasetSpec, SceneSpec
from pez.clips.store import write_clips
from pez.config.load import load_config
from pez.controls.grid import PATCH_WIDTH, square_means
from pez.controls.kinds import frame_differences, pixels, trajectory
from pez.controls.registry import control_names, find_control
from pez.features.paths import FeatureKey, feature_path
from pez.features.replace import replace_by_frames, replace_by_trajectory
from pez.features.spec import VIEWS
from pez.features.store import FeatureStore
from pez.probes.run import run_probe
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import read_table, write_table
from pez.runtime.tensor_file import read_metadata

CHECKOUT = Path(__file__).parents[2]
OF_FRAMES = [
    name
    for name in control_names()
    if find_control(name).replaces == "features" and find_control(name).reads == "frames"
]


def clip(frames: int = 4, side: int = 64, seed: int = 0) -> np.ndarray:
    shape = (frames, side, side, 3)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_pixels_of_a_tubelet_are_the_means_of_its_squares() -> None:
    frames = clip()
    found = pixels.features(frames, "tubelet_mean")
    assert found.shape == (2, 2 * 16 * 16 * 3) and found.dtype == np.float32
    of_tubelet = squares_of(found)
    for tubelet, frame, row, column in [(0, 0, 0, 0), (0, 1, 3, 15), (1, 0, 15, 2), (1, 1, 7, 8)]:
        square = frames[2 * tubelet + frame, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
        expected = square.reshape(-1, 3).mean(axis=0) / 255
        np.testing.assert_allclose(of_tubelet[tubelet, frame, row, column], expected, rtol=1e-5)


def squares_of(features: np.ndarray) -> np.ndarray:
    """Means of squares [tubelets, 2, 16, 16, 3] behind the cosine transform that is stored."""
    return idctn(features.reshape(-1, 2, 16, 16, 3), axes=(2, 3), norm="ortho")


def test_what_is_stored_is_a_rotation_of_the_squares() -> None:
    """So that a square in which nothing happens in some clips is no constant feature there."""
    frames = np.zeros((2, 64, 64, 3), dtype=np.uint8)
    frames[0, 8:12, 20:24] = 255  # square (2, 5) of the first frame alone
    found = pixels.features(frames, "tubelet_mean").reshape(2, 16, 16, 3)
    assert (found[0] != 0).all() and not found[1].any()
    np.testing.assert_allclose((found[0] ** 2).sum(axis=(0, 1)), 1, rtol=1e-5)
    wave = np.cos(np.pi * (2 + 0.5) * 3 / 16) * np.cos(np.pi * (5 + 0.5) * 7 / 16) * 2 / 16
    np.testing.assert_allclose(found[0, 3, 7], wave, rtol=1e-4)


def test_pixels_of_a_patch_are_its_own() -> None:
    frames = clip(side=128)
    every = pixels.features(frames, "all_patches").reshape(2, 16, 16, PATCH_WIDTH)
    row, column = 5, 11  # a patch of 8 x 8 pixels: 4 x 4 squares of 2 x 2
    patch = frames[2:4, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8] / 255
    squares = patch.reshape(2, 4, 2, 4, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(every[1, row, column], squares.ravel(), rtol=1e-5)
    flat = every.reshape(2, 256, PATCH_WIDTH)
    np.testing.assert_array_equal(pixels.features(frames, "first_tubelet_patches"), flat[0])
    np.testing.assert_array_equal(pixels.features(frames, "last_tubelet_patches"), flat[1])


@pytest.mark.parametrize("side", [5, 16, 50, 288])
def test_squares_share_the_pixels_between_them(side: int) -> None:
    """Whatever the size of the frames, the mean of all squares is that of all pixels."""
    frames = np.random.default_rng(0).random((2, side, side + 3, 3), dtype=np.float32)
    found = square_means(frames, 16)
    np.testing.assert_allclose(found.mean(axis=(1, 2)), frames.mean(axis=(1, 2)), rtol=1e-4)
    assert found.min() >= frames.min() - 1e-6 and found.max() <= frames.max() + 1e-6


def test_a_still_background_leaves_no_difference() -> None:
    frames = np.broadcast_to(clip(frames=1), (6, 64, 64, 3)).copy()
    frames[3:, 20:24, 40:44] = 255  # appears in the fourth frame, in square (5, 10)
    stored = frame_differences.features(frames, "tubelet_mean")
    assert not stored[[0, 2]].any()  # nothing moves there
    found = squares_of(stored).reshape(6, 16, 16, 3)
    expected = (1 - frames[0, 20:24, 40:44] / 255).reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose(found[3, 5, 10], expected, rtol=1e-5)
    found[3, 5, 10] = 0
    assert np.abs(found).max() < 1e-6


def write_dataset(folder: Path, shards: list[np.ndarray]) -> list[Path]:
    """Clip shards, and labels that name their clips."""
    ids = [f"clip_{number}" for number in range(sum(map(len, shards)))]
    identity = {"dataset": "velocity", "source": "s", "frame_shape": list(shards[0].shape[1:4])}
    paths, first = [], 0
    for number, frames in enumerate(shards):
        paths.append(folder / f"shard_{number:03d}.safetensors")
        named = ids[first : first + len(frames)]
        write_clips(paths[-1], frames, named, first, identity | {"shard": number})
        first += len(frames)
    write_table(
        folder / "labels.parquet", pd.DataFrame({"clip_id": ids}), identity | {"clip_ids": ids}
    )
    return paths


@pytest.mark.parametrize("name", OF_FRAMES)
def test_files_are_read_as_those_of_a_network_of_a_single_state(name: str, tmp_path: Path) -> None:
    frames = np.stack([clip(seed=seed) for seed in range(5)])
    shards = write_dataset(tmp_path, [frames[:3], frames[3:]])
    labels = dataset_identity(tmp_path / "labels.parquet", "velocity")
    features = import_module(f"pez.controls.kinds.{name}").features
    root = tmp_path / name / "velocity"
    for view in VIEWS:
        metadata = {"model": name, "replaced": f"features: {name}"}
        output = feature_path(root, FeatureKey(view, 0, 0))
        replace_by_frames(features, shards, labels, metadata, output)
    store = FeatureStore(root, layers=0, shards=1)
    assert store.depth == 1
    with pytest.raises(ValueError, match="layer 1"):
        store.features(1, "resid_pre", "mean")
    whole = np.stack([features(one, "tubelet_mean") for one in frames])
    for capture in ("resid_pre", "resid_post"):
        np.testing.assert_array_equal(store.features(0, capture, "temporal_last"), whole[:, -1])
        found = store.features(0, capture, "temporal_diff")
        np.testing.assert_allclose(found, whole[:, -1] - whole[:, 0], atol=1e-6)
        tokens = store.features(0, capture, "all_patch").reshape(5, -1, PATCH_WIDTH)
        assert tokens.shape[1] == 2 * 256
    (shard,) = store.patch_shards(0, "resid_post", "temporal_last_patch")
    assert shard.patches.shape == (5, 256, PATCH_WIDTH) and shard.patches.dtype == torch.float16
    said = read_metadata(output)
    assert said["clip_ids"] == labels.clip_ids and said["replaced"] == f"features: {name}"


def test_a_step_has_length_and_direction() -> None:
    positions = np.array([[0.0, 0.0], [3.0, -4.0], [3.0, -4.0], [3.0, -4.0]])
    found = trajectory.features(positions, "tubelet_mean")
    np.testing.assert_allclose(found[0], [0, 0, 3, -4, 3, -4, 5, -0.8, 0.6], rtol=1e-6)
    np.testing.assert_allclose(found[1], [3, -4, 3, -4, 0, 0, 0, 0, 0])


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labels and trajectories of both kinds of motion, as the engine has them."""
    folder = tmp_path_factory.mktemp("simulated")
    for motion, magnitudes in (("velocity", [1, 3, 5]), ("acceleration", [2, 6, 10])):
        dataset = BallDatasetSpec(
            motion=motion, directions=8, magnitudes=magnitudes, starts=3, seed=1,
            allow_out_of_view=True,
        )  # fmt: skip
        files = [folder / f"{motion}.{name}.parquet" for name in ("labels", "trajectories")]
        simulate_dataset(motion, SceneSpec(), dataset, *files)
    return folder


def held_out_r2(features: np.ndarray, targets: np.ndarray) -> float:
    """R2 of ridge regression on every third clip, fitted to the others, all outputs together."""
    scaled = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-9)
    held_out = np.arange(len(features)) % 3 == 0
    design = np.column_stack([scaled, np.ones(len(scaled))]).astype(np.float64)
    train, penalty = design[~held_out], 1e-3 * np.eye(design.shape[1])
    weights = np.linalg.solve(train.T @ train + penalty, train.T @ targets[~held_out])
    residual = targets[held_out] - design[held_out] @ weights
    spread = targets[held_out] - targets[held_out].mean(axis=0)
    return float(1 - (residual**2).sum() / (spread**2).sum())


@pytest.mark.parametrize("pooling", ["mean", "temporal_last"])
@pytest.mark.parametrize(
    ("dataset", "columns"),
    [
        ("velocity", ["speed_m_s"]),
        ("velocity", ["sin", "cos"]),
        ("velocity", ["vx_px", "vy_px"]),
        ("acceleration", ["acceleration_m_s2"]),
        ("acceleration", ["ax_px", "ay_px"]),
    ],
)
def test_a_trajectory_is_the_ceiling(
    simulated: Path, tmp_path: Path, dataset: str, columns: list[str], pooling: str
) -> None:
    root = tmp_path / "trajectory" / dataset
    labels = simulated / f"{dataset}.labels.parquet"
    replace_by_trajectory(
        trajectory.features,
        simulated / f"{dataset}.trajectories.parquet",
        dataset_identity(labels, dataset),
        {"model": "trajectory", "replaced": "features: trajectory"},
        feature_path(root, FeatureKey("tubelet_mean", 0, 0)),
    )
    features = FeatureStore(root, layers=0, shards=1).features(0, "resid_post", pooling)
    known = read_table(labels)
    known["sin"], known["cos"] = np.sin(known["direction_rad"]), np.cos(known["direction_rad"])
    assert held_out_r2(features, known[columns].to_numpy(np.float64)) > 0.99


def test_by_the_strict_recipe_the_ceiling_of_speed_is_one(tmp_path: Path) -> None:
    """The default design, through the probe's own folds, ridge and nested selection."""
    loaded = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    config = load_config(loaded, CHECKOUT)
    recipe, files = config.recipes["speed.strict"], [tmp_path / "l.parquet", tmp_path / "t.parquet"]
    simulate_dataset("velocity", config.clips.scene, config.sets["velocity"].design, *files)
    replace_by_trajectory(
        trajectory.features,
        files[1],
        dataset_identity(files[0], "velocity"),
        {"model": "trajectory", "replaced": "features: trajectory"},
        feature_path(tmp_path / "velocity", FeatureKey("tubelet_mean", 0, 0)),
    )
    store = FeatureStore(tmp_path / "velocity", layers=0, shards=1)
    results, _ = run_probe(
        name=recipe.name,
        spec=recipe.spec,
        solver=recipe.solver,
        load_layer=lambda layer: store.features(layer, recipe.spec.capture, recipe.spec.pooling),
        layers=store.depth,
        labels=read_table(files[0]),
        device="cpu",
    )
    r2 = results[results["metric"] == "r2"]
    assert set(r2["layer"]) == {0} and len(r2) == recipe.spec.folds
    assert r2["value"].min() > 0.99


def test_positions_alone_would_not_tell_the_speed(simulated: Path) -> None:
    """Why steps have a length of their own."""
    rows = read_table(simulated / "velocity.trajectories.parquet")
    speed = read_table(simulated / "velocity.labels.parquet")["speed_m_s"].to_numpy()
    positions = rows[["x_m", "y_m"]].to_numpy().reshape(len(speed), -1)
    assert held_out_r2(positions, speed[:, None]) < 0.5


def test_trajectories_of_other_labels_are_refused(simulated: Path, tmp_path: Path) -> None:
    labels = dataset_identity(simulated / "velocity.labels.parquet", "velocity")
    output = feature_path(tmp_path, FeatureKey("tubelet_mean", 0, 0))
    table = read_table(simulated / "velocity.trajectories.parquet")
    moved = tmp_path / "trajectories.parquet"
    identity = labels.part({"dataset", "clip_ids", "frame_shape"})
    write_table(moved, table.assign(x_m=table["x_m"] + 1e-9), identity)
    for wrong in (moved, simulated / "acceleration.trajectories.parquet"):
        with pytest.raises(ArtifactError, match=r"trajectories\.parquet says (source|dataset) = "):
            replace_by_trajectory(trajectory.features, wrong, labels, {"model": "t"}, output)
