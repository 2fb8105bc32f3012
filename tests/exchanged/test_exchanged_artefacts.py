"""Artefacts exchanged or damaged under their right names: each is refused by name, with the cure.

A row of the table: what was done, how, who reads it, and words of the refusal.
"""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from damage import (
    NESTED,
    backwards,
    blank,
    bomb,
    broken_notes,
    device,
    edit_text,
    entry,
    export_table,
    flip,
    flip_in_table,
    folder,
    forge,
    forge_table,
    header,
    notes,
    pipe,
    put,
    rewrite,
    rewrite_table,
    shuffle,
    swap,
    text,
)
from world import DATASETS, MODELS, SCENE, SHARDS, SPECS, World, build, dataset_spec, recipe

from pez.clips.simulate import simulate_dataset
from pez.encoders.initialise import write_initial_weights
from pez.features.store import read_features
from pez.intphys.layout import MovieError, frame_path
from pez.runtime.errors import ArtifactError

Damage = Callable[[World], object]
Row = tuple[Damage, Callable[[World], object], str]


def another_simulation(world: World) -> None:
    """The same clip ids on other ways: labels and trajectories of another seed."""
    simulate_dataset(
        "velocity", SCENE, dataset_spec("velocity", 7), world.labels(), world.trajectories()
    )


def without(count: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda rows: rows[:-count]


def nan_in(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda table: table.assign(**{column: [float("nan"), *table[column][1:]]})


def text_in(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda table: table.assign(**{column: ["fast", *table[column][1:].astype(str)]})


IDS = [f"velocity_{clip:04d}" for clip in range(4)]

CLIPS: dict[str, Row] = {
    "shards swapped": (
        lambda w: swap(w.clips(0), w.clips(1)), World.extract, r"says shard = 1, and 0 is expected"
    ),
    "a shard of another dataset": (
        lambda w: put(w.clips(0, "acceleration"), w.clips(0)),
        World.extract,
        r"says dataset = 'acceleration', and 'velocity' is expected",
    ),
    "clips in another order, ids kept": (
        lambda w: rewrite(w.clips(), backwards), World.extract, r"is damaged: its data have"
    ),
    "clips and ids in another order": (
        lambda w: forge(w.clips(), backwards, clip_ids=IDS[::-1]),
        World.extract,
        r"another order: clip number 0 is velocity_0003, where velocity_0000 is expected",
    ),
    "ids of other clips": (
        lambda w: forge(w.clips(), clip_ids=["a", "b", "c", "d"]),
        World.extract,
        r"is of 4 clips \(a to d\), and 4 clips \(velocity_0000 to velocity_0003\) are expected",
    ),
    "fewer clips, ids kept": (
        lambda w: forge(w.clips(), without(1)), World.extract, r"holds 3 clips and names 4"
    ),
    "fewer frames": (
        lambda w: forge(w.clips(), lambda f: f[:, :4], frame_shape=[4, 64, 64]),
        World.extract,
        r"clips are \(4, 64, 64\) where \(8, 64, 64\)",
    ),
    "another resolution": (
        lambda w: forge(w.clips(), lambda f: f[:, :, ::2, ::2]),
        World.extract,
        r"clips are \(8, 32, 32\) where \(8, 64, 64\)",
    ),
    "frames blanked": (lambda w: rewrite(w.clips(), blank), World.extract, "is damaged"),
    "black frames rendered": (
        lambda w: forge(w.clips(), blank), World.extract, "nothing but black frames"
    ),
    "a flipped bit": (lambda w: flip(w.clips()), World.extract, "is damaged: its data have"),
    "rendered from other trajectories": (another_simulation, World.extract, "says source = 'xxh3"),
    "ids that are no list": (
        lambda w: forge(w.clips(), clip_ids="velocity_0000"), World.extract, "says clip_ids = "
    ),
    "ids that are no texts": (
        lambda w: forge(w.clips(), clip_ids=[0, 1, 2, 3]), World.extract, "says clip_ids = "
    ),
    "a place that is no number": (
        lambda w: forge(w.clips(), first_clip="first"), World.extract, "first_clip is 'first'"
    ),
    "labels of another dataset": (
        lambda w: put(w.labels("acceleration"), w.labels()),
        World.extract,
        r"says dataset = 'acceleration', and 'velocity' is expected",
    ),
    "labels that say nothing": (
        lambda w: export_table(w.labels(), lambda table: table),
        World.extract,
        "states no checksum: it was not written by this version",
    ),
}  # fmt: skip

TRAJECTORIES: dict[str, Row] = {
    "of another dataset": (
        lambda w: put(w.trajectories("acceleration"), w.trajectories()),
        World.render,
        "says dataset = 'acceleration'",
    ),
    "of two clips swapped": (
        lambda w: rewrite_table(w.trajectories(), shuffle("x_m")),
        World.render,
        "does not hold the rows that were written",
    ),
    "not a number": (
        lambda w: forge_table(w.trajectories(), nan_in("x_m")),
        World.render,
        r"trajectories hold positions that are not finite",
    ),
    "text for numbers": (
        lambda w: forge_table(w.trajectories(), text_in("x_m")),
        World.render,
        "in column x_m, which has numbers",
    ),
    "a flipped bit": (lambda w: flip_in_table(w.trajectories()), World.render, "Parquet|rows"),
    "a column missing": (
        lambda w: forge_table(w.trajectories(), lambda t: t.drop(columns="clip_id")),
        World.render,
        r"lacks the column\(s\) clip_id",
    ),
}

WEIGHTS: dict[str, Row] = {
    "of another seed": (
        lambda w: put(w.weights("other"), w.weights()),
        World.extract,
        r"weights are \{'source': 'random', 'seed': 1\}, and \{.*0\} are expected",
    ),
    "of no known origin": (
        lambda w: forge(w.weights(), weights="mine"), World.extract, "weights are mine, and"
    ),
    "a flipped bit": (lambda w: flip(w.weights()), World.extract, "is damaged: its data have"),
    "other than the features'": (
        lambda w: write_initial_weights(SPECS["other"], 1, w.weights()),
        World.read_probe,
        "says weights_checksum = 'xxh3_128:.* is expected",
    ),
}  # fmt: skip

FEATURES: dict[str, Row] = {
    "of another dataset": (
        lambda w: put(w.features(dataset="acceleration"), w.features()),
        World.read_probe,
        r"says dataset = 'acceleration', and 'velocity' is expected",
    ),
    "of another model": (
        lambda w: put(w.features(model="other"), w.features()),
        World.read_probe,
        r"says model = 'other', and 'tiny' is expected",
    ),
    "of another shard": (
        lambda w: swap(w.features(), w.features(shard=1)), World.read_probe, "says shard = 1"
    ),
    "of another stream": (
        lambda w: swap(w.features(0), w.features(1)), World.read_probe, "says stream = 1"
    ),
    "in another precision": (
        lambda w: forge(w.features(shard=1), precision="bf16"),
        World.read_probe,
        r"stream_00.shard_000.\w+ says precision = 'fp32', and \S+stream_01.shard_001.\w+ "
        "precision = 'bf16'",
    ),
    "in another preprocessing": (
        lambda w: forge(w.features(shard=1), preprocessing="eval_preproc"),
        World.read_probe,
        "preprocessing = 'resize', and .* preprocessing = 'eval_preproc'",
    ),
    "of fewer clips": (
        lambda w: [
            forge(w.features(stream), without(1), clip_ids=IDS[:-1]) for stream in (0, 1)
        ],
        World.read_probe,
        r"is of 7 clips \(velocity_0000 to velocity_0007\), and 8 clips",
    ),
    "of fewer clips, ids kept": (
        lambda w: forge(w.features(), without(1)), World.read_probe, "names 4 clips, and holds"
    ),
    "in another order, ids kept": (
        lambda w: rewrite(w.features(), backwards), World.read_probe, "is damaged: its data have"
    ),
    "in another order": (
        lambda w: [forge(w.features(stream), backwards, clip_ids=IDS[::-1]) for stream in (0, 1)],
        World.read_probe,
        "another order: clip number 0 is velocity_0003",
    ),
    "blanked": (lambda w: rewrite(w.features(), blank), World.read_probe, "is damaged"),
    "all zero": (lambda w: forge(w.features(), blank), World.read_probe, "nothing but zeros"),
    "a flipped bit": (lambda w: flip(w.features()), World.read_probe, "is damaged: its data have"),
    "that say nothing": (
        lambda w: notes({})(w.features()), World.read_probe, "does not state its dataset"
    ),
    "without a checksum": (
        lambda w: notes({"pez": '{"view": "tubelet_mean"}'})(w.features()),
        lambda w: read_features(w.features()),
        "states no checksum",
    ),
    "of an older simulation": (another_simulation, World.read_probe, "says source = 'xxh3_128"),
}  # fmt: skip

LABELS: dict[str, Row] = {
    "of another dataset": (
        lambda w: put(w.labels("acceleration"), w.labels()),
        World.read_probe,
        "says dataset = 'acceleration'",
    ),
    "shuffled": (
        lambda w: rewrite_table(w.labels(), shuffle("speed_m_s")),
        World.read_probe,
        "does not hold the rows that were written",
    ),
    "rows sorted anew": (
        lambda w: rewrite_table(w.labels(), backwards),
        World.read_probe,
        "does not hold the rows that were written",
    ),
    "rows sorted anew by pandas": (
        lambda w: export_table(w.labels(), backwards), World.read_probe, "states no checksum"
    ),
    "rows in another order than the clips": (
        lambda w: forge_table(w.labels(), backwards),
        World.read_probe,
        "another order: clip number 0 is velocity_0007, where velocity_0000 is expected",
    ),
    "a gap in a column of groups": (
        lambda w: forge_table(w.labels(), nan_in("direction_index")),
        World.read_probe,
        "no value of direction_index for some clips",
    ),
    "text in a column of numbers": (
        lambda w: forge_table(w.labels(), text_in("speed_m_s")),
        World.read_probe,
        "speed_m_s should hold numbers",
    ),
    "no clip_id": (
        lambda w: forge_table(w.labels(), lambda t: t.drop(columns="clip_id")),
        World.read_probe,
        r"lacks the column\(s\) clip_id",
    ),
    "a flipped bit": (lambda w: flip_in_table(w.labels()), World.read_probe, "Parquet|rows"),
    "metadata that are no JSON": (
        lambda w: broken_notes(w.labels(), b"{nonsense"), World.read_probe, "no JSON object"
    ),
    "metadata that are a list": (
        lambda w: broken_notes(w.labels(), b"[1]"), World.read_probe, "no JSON object"
    ),
    "metadata nested deeply": (
        lambda w: broken_notes(w.labels(), NESTED.encode()), World.read_probe, "no JSON object"
    ),
    "no table": (lambda w: text("<html>")(w.labels()), World.read_probe, "not a whole Parquet"),
    "a pipe": (lambda w: pipe(w.labels()), World.read_probe, "it is a pipe and no file"),
}  # fmt: skip


PROBES: dict[str, Row] = {
    "of another dataset": (
        lambda w: put(w.probe("acceleration"), w.probe()), World.judge, "says dataset = 'accel"
    ),
    "of another model": (
        lambda w: put(w.probe(model="other"), w.probe()), World.judge, "says model = 'other'"
    ),
    "of another recipe": (
        lambda w: forge_table(w.probe(), recipe=recipe("velocity", folds=4).to_params()),
        World.judge,
        r"another recipe than velocity.mine of the configuration: folds = 4 and not 2",
    ),
    "of no recipe": (
        lambda w: forge_table(w.probe(), recipe={"probe": "velocity"}),
        World.judge,
        "another recipe than velocity.mine",
    ),
    "on features in another precision": (
        lambda w: forge_table(w.probe(model="other"), precision="bf16"),
        World.judge,
        "says precision = 'fp32', and .* precision = 'bf16'",
    ),
    "on other weights": (
        lambda w: forge_table(w.probe("acceleration"), weights_checksum="xxh3_128:0"),
        World.judge,
        "weights_checksum = 'xxh3_128:0'",
    ),
    "on other labels": (
        lambda w: forge_table(w.probe(model="other"), labels="xxh3_128:0"),
        World.judge,
        "labels = 'xxh3_128:0'",
    ),
    "values changed": (
        lambda w: rewrite_table(w.probe(), shuffle("value")), World.judge, "rows that were written"
    ),
    "text for values": (
        lambda w: forge_table(w.probe(), text_in("value")),
        World.judge,
        "column value, which is number",
    ),
    "written by pandas": (
        lambda w: export_table(w.probe(), lambda t: t), World.judge, "states no checksum"
    ),
    "a score twice": (
        lambda w: forge_table(w.probe(), lambda t: pd.concat([t, t.iloc[:1]])),
        World.judge,
        "holds one score twice",
    ),
    "a column gone": (
        lambda w: forge_table(w.probe(), lambda t: t.drop(columns="state")),
        World.judge,
        r"lacks the column\(s\) state",
    ),
}  # fmt: skip


JUDGED: dict[str, Row] = {
    "curves of another figure": (
        lambda w: forge_table(w.series, figure="figure2b"), World.draw, "the curves of 'figure2b'"
    ),
    "curves of other recipes": (
        lambda w: forge_table(w.series, recipes={}), World.draw, "other recipes than the config"
    ),
    "curves changed": (
        lambda w: rewrite_table(w.series, shuffle("mean")), World.draw, "rows that were written"
    ),
    "verdict on another figure": (
        lambda w: edit_text(w.verdict, '"figure2c"', '"figure1"'), World.draw, "on 'figure1'"
    ),
    "verdict on other recipes": (
        lambda w: edit_text(w.verdict, '"zscore"', '"center"'), World.draw, "other recipes than"
    ),
    "verdict of text": (lambda w: text("<html>")(w.verdict), World.draw, "no verdict on a figure"),
    "no verdict": (lambda w: w.verdict.unlink(), World.draw, "does not exist"),
}  # fmt: skip


def in_clips(damage: Callable[[Path], object], words: str) -> Row:
    return lambda w: damage(w.clips()), World.extract, words


def in_features(damage: Callable[[Path], object], words: str) -> Row:
    return lambda w: damage(w.features()), World.read_probe, words


BROKEN = "is not a whole safetensors file"
HEADERS: dict[str, Row] = {
    "a list": in_clips(header([]), rf"{BROKEN} .the header is \[\]"),
    "null": in_clips(header(None), f"{BROKEN} .the header is null"),
    "a text": in_features(header("features"), f"{BROKEN} .the header is a text"),
    "a number": in_features(header(7), f"{BROKEN} .the header is 7"),
    "no JSON": in_features(header(b"{nonsense"), BROKEN),
    "no UTF-8": in_features(header(b"\xff\xfe{}"), BROKEN),
    "nested deeply": in_clips(header(NESTED.encode()), "nested too deeply"),
    "a tensor that is a list": in_clips(header({"frames": []}), r"tensor 'frames' is \[\]"),
    "a tensor that is null": in_clips(header({"frames": None}), "tensor 'frames' is null"),
    "no dtype": in_features(entry(dtype=None), "dtype, shape, data_offsets = null"),
    "a dtype that is a list": in_features(entry(dtype=["F32"]), "= a list, "),
    "an unknown dtype": in_features(entry(dtype="F31"), "stores 'features' as F31"),
    "a dtype of another width": in_features(entry(dtype="F64"), "tensor 'features' of F64"),
    "a shape that is a number": in_features(entry(shape=3), r"= a text, 3, \[0"),
    "a negative shape": in_features(entry(shape=[-4, 4, 48]), "a list"),
    "a huge shape": in_features(entry(shape=[2**62, 2**62, 48]), "lies from 0 to"),
    "a shape of fractions": in_features(entry(shape=[4.0, 4, 48]), BROKEN),
    "a shape of texts": in_features(entry(shape=["4", "4", "48"]), BROKEN),
    "a shape of truths": in_features(entry(shape=[True, 4, 48]), BROKEN),
    "another shape": in_features(entry(shape=[4, 4, 47]), "tensor 'features' of F32"),
    "one offset": in_features(entry(data_offsets=[0]), BROKEN),
    "no offsets": in_features(entry(data_offsets=None), BROKEN),
    "offsets that do not match": in_features(entry(data_offsets=[0, 5]), "lies from 0 to 5"),
    "offsets turned round": in_features(entry(data_offsets=[3072, 0]), "lies from 3072 to 0"),
    "a gap before the data": in_features(entry(data_offsets=[8, 3080]), "begins at 8"),
    "huge offsets": in_features(entry(shape=[2**50], data_offsets=[0, 2**52]), "damaged: "),
    "metadata that are a list": in_clips(notes([]), r"__metadata__ is \[\]"),
    "metadata that are no text": in_clips(notes({"pez": 3}), "metadata pez is 3 and no text"),
    "metadata that are no JSON": in_clips(notes({"pez": "{"}), "metadata pez is no JSON"),
    "metadata that are null": in_clips(notes({"pez": "null"}), "metadata pez is null"),
    "metadata nested deeply": in_clips(notes({"pez": NESTED}), "nested too deeply"),
    "longer than the file": in_clips(lambda p: p.write_bytes(b"\xff" * 7 + b"\x7f{}"), BROKEN),
    "no file": in_clips(lambda p: p.write_bytes(b""), BROKEN),
    "a web page": in_clips(text("<!DOCTYPE html><html>sign in</html>"), BROKEN),
    "a pipe": in_clips(pipe, "it is a pipe and no file"),
    "a device": in_features(device, "it is a device and no file"),
    "a folder": in_features(folder, "it is a folder and no file"),
}

SMALL: dict[str, Row] = {
    "movies of another dataset": (
        lambda w: forge_table(w.index, dataset="intphys_dev"),
        World.sample,
        "says dataset = 'intphys_dev', and 'intphys_mini' is expected",
    ),
    "movies numbered in words": (
        lambda w: forge_table(w.index, lambda t: t.assign(frames="two")),
        World.sample,
        "column frames, which has numbers",
    ),
    "a label nested deeply": (
        lambda w: text(NESTED)(w.movie / "status.json"), World.label, "nested too deeply"
    ),
    "a label from a device": (
        lambda w: device(w.movie / "status.json"), World.label, "it is a device and no file"
    ),
    "a label from a pipe": (
        lambda w: pipe(w.movie / "status.json"), World.label, "it is a pipe and no file"
    ),
    "a label without end": (
        lambda w: text(" " * 2_000_000)(w.movie / "status.json"), World.label, "longer than"
    ),
    "a label that is a list": (
        lambda w: text("[]")(w.movie / "status.json"), World.label, "no header.is_possible"
    ),
    "a picture that is a bomb": (
        lambda w: bomb(frame_path(w.movie, 0)), World.frame, "is not a readable picture .*pixels"
    ),
    "a picture from a pipe": (
        lambda w: pipe(frame_path(w.movie, 0)), World.frame, "it is a pipe and no file"
    ),
    "no known precision": (
        lambda w: text('{"precision": "fp8"}')(w.precision), World.decide, "no precision of fp32"
    ),
    "a precision nested deeply": (
        lambda w: text(NESTED)(w.precision), World.decide, "no precision of fp32"
    ),
    "a precision from a pipe": (lambda w: pipe(w.precision), World.decide, "it is a pipe"),
    "a pointer that is a list": (lambda w: text("[]")(w.pointer), World.find, "does not name a"),
    "a pointer nested deeply": (lambda w: text(NESTED)(w.pointer), World.find, "does not name a"),
}  # fmt: skip

TABLES = {
    "clips": CLIPS,
    "trajectories": TRAJECTORIES,
    "weights": WEIGHTS,
    "features": FEATURES,
    "labels": LABELS,
    "probe table": PROBES,
    "judgement": JUDGED,
    "header": HEADERS,
    "small files": SMALL,
}


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> World:
    return build(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def world(whole: World, tmp_path: Path) -> Iterator[World]:
    """A copy that may be damaged, and a clock: a reader that waits for ever fails the test."""

    def stop(*_: object) -> None:
        raise TimeoutError("the reader waits for ever")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    yield whole.copy(tmp_path / "world")
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_whole_artefacts_are_read(world: World) -> None:
    for model in MODELS:
        for dataset in DATASETS:
            for shard in range(SHARDS):
                world.extract(model, dataset, shard)
            identity = world.read_probe(dataset, model)
            assert (identity["model"], identity["dataset"]) == (model, dataset)
            assert identity["precision"] == "fp32" and len(identity["clip_ids"]) == 8
    for read in (World.judge, World.draw, World.label, World.frame, World.decide, World.find):
        read(world)


@pytest.mark.parametrize(
    ("damage", "read", "words"),
    [
        pytest.param(*row, id=f"{kind}: {name}")
        for kind, rows in TABLES.items()
        for name, row in rows.items()
    ],
)
def test_it_is_refused_by_name_and_with_the_cure(
    damage: Damage, read: Callable[[World], object], words: str, world: World
) -> None:
    damage(world)
    with pytest.raises((ArtifactError, MovieError), match=words) as refused:
        read(world)
    message = str(refused.value)
    assert len(message) < 1000
    if refused.type is ArtifactError:
        assert (
            "un again" in message
            or "run its rule again" in message
            or "extraction.precision" in message
        )
