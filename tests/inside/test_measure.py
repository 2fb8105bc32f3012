"""From clips and weights on disk to the table of one network, on a real tiny encoder."""

import numpy as np
import pandas as pd
import pytest
import torch

from encoder_samples import ball_frames, ready_encoder, telling_weights
from inside.inside_samples import (
    CHOSEN,
    IDS,
    SHARDS,
    SPEC,
    attention_spec,
    measured,
    opened,
    write_dataset,
)
from inside.test_attention_distance import dense
from pez.controls.kinds import frames_shuffled, static
from pez.encoders.family import Grid
from pez.encoders.hooks import HookPoint, run_with_hooks
from pez.encoders.preprocess import build_transform, preprocess
from pez.features.extract import extract_features
from pez.features.paths import FeatureKey, feature_path
from pez.features.spec import ExtractionSpec
from pez.inside.distances import MEASURES, uniform_values
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import open_table, write_table
from pez.runtime.tensor_file import known_checksum, read_metadata, write_tensors

GRID = Grid(4, 4, 4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dataset")
    write_dataset(folder)
    return folder


@pytest.fixture(scope="module")
def table(folder, tmp_path_factory):
    return open_table(measured(folder, tmp_path_factory.mktemp("inside"), attention_spec()))


def values_of(table):
    """float64 [clips, blocks, heads, measures]."""
    shape = (table["clip_id"].nunique(), SPEC.layers, SPEC.heads, len(MEASURES))
    return table["value"].to_numpy().reshape(shape)


def test_every_head_is_what_the_whole_pattern_says(table):
    """Against the patterns of the library's own hook point, without the code that is tested."""
    frames = torch.from_numpy(ball_frames(clips=len(IDS))[[IDS.index(clip) for clip in CHOSEN]])
    encoder, _ = ready_encoder(SPEC, telling_weights(SPEC))
    patterns = []
    hooks = {HookPoint("pattern", block): patterns.append for block in range(SPEC.layers)}
    with torch.inference_mode():
        pixels = preprocess(frames, build_transform("resize", SPEC.input_size))
        run_with_hooks(encoder, pixels, hooks)
    expected = dense(torch.stack(patterns, dim=1).double().numpy(), GRID)
    np.testing.assert_allclose(values_of(table.table), expected, rtol=0, atol=1e-5)
    assert expected.std(axis=2).max() > 0.1  # heads differ


def test_a_row_for_every_clip_block_head_and_measure(table):
    rows = table.table
    assert list(rows.columns) == ["clip_id", "condition", "block", "head", "measure", "value"]
    assert len(rows) == len(CHOSEN) * SPEC.layers * SPEC.heads * len(MEASURES)
    assert not rows.drop(columns="value").duplicated().any()
    clips = rows.drop_duplicates("clip_id")
    assert list(clips["clip_id"]) == CHOSEN and list(clips["condition"]) == [0, 1, 2, 3]


def test_the_table_says_whose_it_is(folder, table):
    said = table.metadata
    assert said["model"] == "tiny" and said["dataset"] == "velocity"
    assert said["weights_checksum"] == known_checksum(folder / "tiny.safetensors")
    assert said["clip_ids"] == CHOSEN
    assert said["clips"] == [f"shard_00{shard}.safetensors" for shard in (0, 1, 2)]
    assert (said["precision"], said["preprocessing"]) == ("fp32", "resize")
    assert said["grid"] == GRID._asdict() and said["uniform"] == uniform_values(GRID)
    assert said["kind"] == "attention_distance" and "replaced" not in said


def test_the_identity_is_that_of_features(folder, tmp_path):
    """What the extraction says of the same encoder and clips, key by key."""
    keys = [FeatureKey("tubelet_mean", stream, 0) for stream in range(SPEC.layers + 1)]
    outputs = [feature_path(tmp_path, key) for key in keys]
    extract_features(
        clips=[folder / f"shard_{shard:03d}.safetensors" for shard in range(len(SHARDS))],
        checkpoint=folder / "tiny.safetensors",
        model="tiny",
        encoder_spec=SPEC,
        extraction=ExtractionSpec(batch_size=2, precision="fp32"),
        outputs=outputs,
        device="cpu",
    )
    identity = opened(folder, attention_spec()).identity
    of_features = read_metadata(outputs[0])
    for key in ("weights_checksum", "weights", "preprocessing", "input_size", "precision"):
        assert identity[key] == of_features[key]


def test_batches_of_another_size_give_the_same(folder, table, tmp_path):
    single = ExtractionSpec(batch_size=1, precision="fp32")
    path = measured(folder, tmp_path, attention_spec(), extraction=single)
    np.testing.assert_allclose(open_table(path).table["value"], table.table["value"], atol=1e-5)


def test_more_clips_of_a_condition(folder, tmp_path):
    network = opened(folder, attention_spec(clips_per_condition=2))
    assert list(network.labels["clip_id"]) == [IDS[n] for n in (0, 1, 3, 4, 6, 7, 9, 10)]
    seen = [(rows, pixels) for rows, pixels in network.batches(lambda pixels: pixels.clone())]
    places = [place for rows, _ in seen for place in range(rows.start, rows.stop)]
    assert places == list(range(8))
    frames = torch.from_numpy(ball_frames(clips=len(IDS))[[0, 1, 3, 4, 6, 7, 9, 10]])
    expected = preprocess(frames, build_transform("resize", SPEC.input_size))
    assert torch.equal(torch.cat([pixels for _, pixels in seen]), expected)
    assert len(opened(folder, attention_spec(clips_per_condition=9)).labels) == len(IDS)


def test_static_clips_are_their_first_frame(folder, table, tmp_path):
    spec, said = attention_spec(), "clips: static"
    path = measured(
        folder,
        tmp_path / "static",
        spec,
        replaced=said,
        replace_clips=lambda frames, ids: static.reorder(frames, ids, None),
    )
    found = open_table(path)
    assert found.metadata["replaced"] == said
    by_hand = ball_frames(clips=len(IDS))[:, :1].repeat(8, axis=1)
    write_dataset(tmp_path / "by_hand", by_hand)
    expected = open_table(measured(tmp_path / "by_hand", tmp_path / "plain", spec))
    assert found.table.equals(expected.table)
    assert not np.allclose(found.table["value"], table.table["value"], atol=1e-4)


def test_shuffled_frames_are_read_clip_by_clip(folder, tmp_path):
    """A clip that is read alone has the order that it has among all."""

    def shuffle(frames, ids):
        return frames_shuffled.reorder(frames, ids, 7)

    network = opened(folder, attention_spec(), replace_clips=shuffle)
    pixels = torch.cat([pixels for _, pixels in network.batches(lambda pixels: pixels.clone())])
    frames = frames_shuffled.reorder(ball_frames(clips=len(IDS)), IDS, 7)[0 : len(IDS)]
    chosen = torch.from_numpy(frames[[IDS.index(clip) for clip in CHOSEN]])
    expected = preprocess(chosen, build_transform("resize", SPEC.input_size))
    assert torch.equal(pixels, expected)


def test_labels_without_conditions_are_refused(folder, tmp_path):
    labels = open_table(folder / "labels.parquet")
    bare = labels.table.drop(columns="direction_index")
    write_table(tmp_path / "labels.parquet", bare, labels.metadata)
    with pytest.raises(ArtifactError, match="direction_index"):
        opened(folder, attention_spec(), labels=tmp_path / "labels.parquet")


def test_clips_of_another_dataset_are_refused(folder, tmp_path):
    with pytest.raises(ArtifactError, match="dataset = 'velocity', and 'acceleration'"):
        opened(folder, attention_spec(dataset="acceleration"))


def test_other_weights_are_refused(folder, tmp_path):
    weights = {name: tensor.numpy() for name, tensor in telling_weights(SPEC).items()}
    other = {"weights": {"source": "random", "seed": 3}}
    write_tensors(tmp_path / "tiny.safetensors", weights, other)
    with pytest.raises(ArtifactError, match="seed"):
        opened(folder, attention_spec(), checkpoint=tmp_path / "tiny.safetensors")


def test_attention_that_is_not_finite_is_refused(folder, tmp_path):
    weights = {name: tensor.numpy() for name, tensor in telling_weights(SPEC).items()}
    weights["layer.1.attention.query.weight"] *= np.float32(1e38)
    origin = {"weights": {"source": "random", "seed": 0}}
    write_tensors(tmp_path / "tiny.safetensors", weights, origin)
    with pytest.raises(ArtifactError, match=r"attention of block 1 of tiny on clip velocity_0000"):
        measured(folder, tmp_path, attention_spec(), checkpoint=tmp_path / "tiny.safetensors")
    assert not list(tmp_path.glob("*.parquet"))


def test_labels_are_not_changed(folder):
    assert "condition" not in pd.read_parquet(folder / "labels.parquet")
