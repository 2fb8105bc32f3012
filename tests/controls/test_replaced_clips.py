"""Clips in another order of time: what is kept, what is lost, and that readers know."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from encoder_samples import ball_frames, encoder_spec, telling_weights
from pez.clips.dataset import dataset_identity
from pez.clips.store import write_clips
from pez.controls.kinds import frames_shuffled, static, tubelets_shuffled
from pez.features.check import check_features
from pez.features.extract import extract_features
from pez.features.paths import FeatureKey, feature_path
from pez.features.spec import ExtractionSpec
from pez.features.store import read_features
from pez.runtime.errors import ArtifactError
from pez.runtime.identity import Identity
from pez.runtime.tables import write_table
from pez.runtime.tensor_file import known_checksum, read_metadata, write_tensors

KINDS = {"frames_shuffled": frames_shuffled, "tubelets_shuffled": tubelets_shuffled}
SPEC = encoder_spec()
IDS = ["clip_0", "clip_1", "clip_2", "clip_3", "clip_4"]


def numbered(clips: int = 5, frames: int = 16) -> np.ndarray:
    """uint8 [clips, frames, 2, 2, 3] in which every frame of every clip is another number."""
    number = np.arange(clips * frames, dtype=np.uint8).reshape(clips, frames, 1, 1, 1)
    return np.broadcast_to(number, (clips, frames, 2, 2, 3))


def order_of(kind: str, frames: np.ndarray, ids: list[str], seed: int) -> np.ndarray:
    """Numbers of the frames that are read, int [clips, frames]."""
    read = KINDS[kind].reorder(frames, ids, seed)
    assert read.shape == frames.shape and len(read) == len(frames)
    return read[0 : len(frames)][:, :, 0, 0, 0].astype(int)


@pytest.mark.parametrize("kind", KINDS)
def test_every_clip_keeps_its_frames_in_an_order_of_its_own(kind: str) -> None:
    frames = numbered()
    found = order_of(kind, frames, IDS, 1)
    own = frames[:, :, 0, 0, 0].astype(int)
    assert np.array_equal(np.sort(found, axis=1), own)  # nothing lost, nothing from elsewhere
    places = found - own[:, :1]
    assert len({tuple(order) for order in places}) == len(IDS)  # each clip another order
    assert all(tuple(order) != tuple(range(16)) for order in places)
    assert np.array_equal(found, order_of(kind, frames, IDS, 1))
    assert not np.array_equal(found, order_of(kind, frames, IDS, 2))


@pytest.mark.parametrize("kind", KINDS)
def test_a_clip_has_the_same_order_in_every_shard_and_batch(kind: str) -> None:
    frames = numbered()
    whole = order_of(kind, frames, IDS, 1)
    assert np.array_equal(order_of(kind, frames[2:4], IDS[2:4], 1), whole[2:4])
    read = KINDS[kind].reorder(frames, IDS, 1)
    assert np.array_equal(read[3:5][:, :, 0, 0, 0], whole[3:5])


def test_tubelets_stay_together_and_frames_do_not() -> None:
    tubelets = order_of("tubelets_shuffled", numbered(), IDS, 1).reshape(5, 8, 2)
    assert (tubelets[..., 0] % 2 == 0).all() and (np.diff(tubelets, axis=-1) == 1).all()
    frames = order_of("frames_shuffled", numbered(), IDS, 1).reshape(5, 8, 2)
    assert (np.diff(frames, axis=-1) != 1).any()


def test_static_clips_repeat_their_first_frame() -> None:
    frames = numbered()
    read = static.reorder(frames, IDS, None)
    assert read.shape == frames.shape and len(read) == len(IDS)
    assert np.array_equal(read[1:4], frames[1:4, :1].repeat(16, axis=1))


def test_every_order_is_equally_likely() -> None:
    """Of three tubelets in 6,000 clips each of six orders 1,000 times, up to five deviations."""
    ids = [f"clip_{number}" for number in range(6000)]
    frames = np.broadcast_to(np.arange(6, dtype=np.uint8)[:, None, None, None], (6000, 6, 1, 1, 3))
    orders, counts = np.unique(
        order_of("tubelets_shuffled", frames, ids, 0), axis=0, return_counts=True
    )
    assert len(orders) == 6
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(6000 / 6 * 5 / 6)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of one shard, the same dataset with its frames reordered by hand, and weights."""
    folder = tmp_path_factory.mktemp("inputs")
    frames = ball_frames(clips=len(IDS))
    identity = {"dataset": "velocity", "source": "made up", "frame_shape": [8, 64, 64]}
    for name, stored in (
        ("as_is", frames),
        ("by_hand", frames_shuffled.reorder(frames, IDS, 7)[0 : len(IDS)]),
    ):
        write_clips(
            folder / name / "shard_000.safetensors", stored, IDS, 0, identity | {"shard": 0}
        )
        table = pd.DataFrame({"clip_id": IDS})
        write_table(folder / name / "labels.parquet", table, identity | {"clip_ids": IDS})
    weights = {name: tensor.numpy() for name, tensor in telling_weights(SPEC).items()}
    origin = {"weights": {"source": "random", "seed": 0}}
    write_tensors(folder / "tiny.safetensors", weights, origin)
    return folder


def extract(inputs: Path, dataset: str, root: Path, **replacement: object) -> list[Path]:
    keys = [FeatureKey("tubelet_mean", stream, 0) for stream in range(SPEC.layers + 1)]
    outputs = [feature_path(root, key) for key in keys]
    extract_features(
        clips=[inputs / dataset / "shard_000.safetensors"],
        checkpoint=inputs / "tiny.safetensors",
        model="tiny",
        encoder_spec=SPEC,
        extraction=ExtractionSpec(batch_size=2, precision="fp32"),
        outputs=outputs,
        device="cpu",
        dataset=dataset_identity(inputs / dataset / "labels.parquet", "velocity"),
        **replacement,
    )
    return outputs


def test_the_encoder_sees_the_reordered_clips_and_features_say_so(
    inputs: Path, tmp_path: Path
) -> None:
    def reorder(frames: np.ndarray, ids: list[str]) -> object:
        return frames_shuffled.reorder(frames, ids, seed=7)

    said = "clips: frames_shuffled, seed 7"
    shuffled = extract(inputs, "as_is", tmp_path / "a", replaced=said, replace_clips=reorder)
    by_hand = extract(inputs, "by_hand", tmp_path / "b")
    plain = extract(inputs, "as_is", tmp_path / "c")
    for one, two, other in zip(shuffled, by_hand, plain, strict=True):
        assert torch.equal(read_features(one), read_features(two))
        assert not torch.equal(read_features(one), read_features(other))
    assert read_metadata(shuffled[0])["replaced"] == said
    assert "replaced" not in read_metadata(plain[0])

    labels = dataset_identity(inputs / "as_is/labels.parquet", "velocity").metadata()
    weights = known_checksum(inputs / "tiny.safetensors")
    asked = labels | {"model": "tiny", "weights_checksum": weights}
    check_features(shuffled, Identity(**asked, replaced=said))
    check_features(plain, Identity(**asked, replaced=None))
    for files, wanted in ((shuffled, None), (plain, said), (shuffled, said[:-1] + "8")):
        with pytest.raises(ArtifactError, match=r"replaced|does not state its control"):
            check_features(files, Identity(**asked, replaced=wanted))
