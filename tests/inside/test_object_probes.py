"""Probes of single objects: planted features with known answers, and what is said of them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from inside.drawn_files import not_as_declared
from inside.inside_samples import IDS as CLIPS
from inside.inside_samples import SHARDS, SPEC, opened, write_dataset
from pez.emergence.facts import ModelFacts
from pez.encoders.family import Grid
from pez.figures.inside.draw import build_inside
from pez.figures.inside.shown import shown
from pez.figures.spec import FigureStyle
from pez.figures.style import styled
from pez.inside.judged import Facts, write_verdict
from pez.inside.judges.object_probes import COLUMNS
from pez.inside.measure import measure_network
from pez.inside.objects.reading import (
    pooled_states,
    read_questions,
    states_of_clips,
    states_of_objects,
)
from pez.inside.objects.scores import BEYOND, BEYOND_PLACE, DIFFERENCE, PLACE, scores_of
from pez.inside.objects.targets import (
    ALL,
    DIRECTION,
    OTHER,
    OWN,
    UNDER,
    VELOCITY,
    object_velocities,
    questions,
    scene_motion,
)
from pez.inside.objects.under import time_under, tokens_under
from pez.inside.registry import find_inside_section, judge
from pez.objects.columns import OBJECT_COLUMNS
from pez.objects.tracks import read_objects
from pez.recipes.splits import group_k_fold
from pez.runtime.errors import ArtifactError, PezError
from pez.runtime.tables import open_table, write_table

KINDS = [f"matte_{colour}_{shape}" for colour in ("red", "blue", "grey") for shape in ("cube",
         "sphere")]  # fmt: skip
CLIP_COUNT, WIDTH, REST = 240, 40, 0.25
SPEC_OF_PROBES = find_inside_section("object_probes").model_validate(
    {
        "kind": "object_probes", "dataset": "velocity", "models": ["tiny"], "draws": 200,
        "controls": {"untrained": [1]}, "figures": {"figure13": "object_probes"}, "fewest": 6,
        "folds": 3,
    }
)  # fmt: skip


def planted_velocities(seed: int = 0) -> pd.DataFrame:
    """Three to five objects a clip in random order, a third of them at rest."""
    random = np.random.default_rng(seed)
    rows = []
    for clip in range(CLIP_COUNT):
        held = random.permutation(len(KINDS))[: random.integers(3, 6)]
        for place, kind in enumerate(held):
            velocity = random.normal(size=2) * 2 * (random.uniform() < 2 / 3)
            rows.append((clip, place, KINDS[kind], *velocity))
    return pd.DataFrame(rows, columns=["clip", "object", "kind", "vx", "vy"])


def planted(velocities: pd.DataFrame, code: str, noise: float = 0.3) -> torch.Tensor:
    """One state of features: noise, the scene's mean motion, or every kind's velocity apart."""
    random = np.random.default_rng(1)
    clip = velocities["clip"].to_numpy()
    both = velocities[["vx", "vy"]].to_numpy()
    count = 2 if code == "scene" else 2 * len(KINDS)
    told = np.zeros((CLIP_COUNT, count))
    kind = velocities["kind"].map(KINDS.index).to_numpy()
    for axis in range(2):
        place = axis if code == "scene" else 2 * kind + axis
        np.add.at(told, (clip, place), both[:, axis])
    if code == "scene":
        told /= np.bincount(clip, minlength=CLIP_COUNT)[:, None]
    told *= code != "nothing"
    mixed = told @ random.normal(size=(count, WIDTH))
    return torch.from_numpy(mixed + noise * random.normal(size=mixed.shape)).float()


def planted_under(velocities: pd.DataFrame, code: str, noise: float = 0.3) -> torch.Tensor:
    """One state of the tokens under each object: noise; the mean; its velocity, or its place."""
    random = np.random.default_rng(2)
    told = velocities[["vx", "vy"]].to_numpy()
    if code == "scene":
        told = velocities.groupby("clip")[["vx", "vy"]].transform("mean").to_numpy()
    elif code == "place":
        told = places(velocities).numpy()
    mixed = told * (code != "nothing") @ random.normal(size=(told.shape[1], WIDTH))
    return torch.from_numpy(mixed + noise * random.normal(size=mixed.shape)).float()


def places(velocities: pd.DataFrame) -> torch.Tensor:
    """Where each object was, of 4 x 4 patches: a blob where its velocity points, more or less."""
    random = np.random.default_rng(5)
    noise = random.normal(size=(len(velocities), 2))
    centre = 1.5 + 0.5 * (velocities[["vx", "vy"]].to_numpy() + noise)
    patches = np.stack(np.meshgrid(range(4), range(4)), axis=-1).reshape(-1, 2)
    apart = np.square(centre[:, None] - patches).sum(axis=2)
    return torch.from_numpy(np.exp(-apart / 2)).float()


def read(velocities: pd.DataFrame, *codes: str) -> pd.DataFrame:
    """What `measure` would return of states with these codes."""
    features = torch.stack([planted(velocities, code) for code in codes])
    under = torch.stack([planted_under(velocities, code) for code in codes])
    asked = list(questions(velocities, REST, 20))
    scene = scene_motion(velocities, CLIP_COUNT, REST)
    by_tokens = {ALL: features, UNDER: under}
    place = places(velocities)
    table = read_questions(by_tokens, asked, scene, place, 5, 42, (1e-2, 1.0, 1e2, 1e4))
    return table.rename(columns={"clip": "condition"}).assign(
        clip_id=[f"clip_{number:04d}" for number in table["clip"]]
    )


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return read(planted_velocities(), "nothing", "scene", "kinds")


def test_the_mean_motion_alone_is_no_object(table: pd.DataFrame) -> None:
    """Both are read alike from it, and it adds nothing to what the scene's motion tells."""
    scores = scores_of(table[table["tokens"] == ALL], VELOCITY, 300, 0)
    own, other = (scores.mean(whose)[0] for whose in (OWN, OTHER))
    assert own[1] > 0.15 and other[1] > 0.15
    difference, beyond = scores.mean(DIFFERENCE), scores.mean(BEYOND)
    low, high = np.quantile(difference[1:, 1], (0.05, 0.95))
    assert low < 0 < high and abs(difference[0, 1]) < 0.06
    assert abs(beyond[0, 1]) < 0.03
    assert np.abs(own[0]) < 0.06 and np.abs(other[0]) < 0.06  # and noise tells nothing


@pytest.mark.parametrize("target", [VELOCITY, DIRECTION])
def test_every_kind_apart_is_read(table: pd.DataFrame, target: str) -> None:
    scores = scores_of(table[table["tokens"] == ALL], target, 300, 0)
    own, other = (scores.mean(whose)[0, 2] for whose in (OWN, OTHER))
    assert own > (0.9 if target == VELOCITY else 0.5) and other < 0.4
    assert np.quantile(scores.mean(DIFFERENCE)[1:, 2], 0.05) > 0.3
    assert np.quantile(scores.mean(BEYOND)[1:, 2], 0.05) > 0.1
    assert scores.kinds == sorted(KINDS)
    assert scores.mean("scene")[0] == pytest.approx(scores.mean("scene")[0, 0])


def test_tokens_under_an_object_tell_its_velocity_and_no_other(table: pd.DataFrame) -> None:
    """Another object's is not read there; a mean motion, spread to all tokens, is no object."""
    scores = scores_of(table[table["tokens"] == UNDER], VELOCITY, 300, 0)
    own, other = (scores.mean(whose)[0] for whose in (OWN, OTHER))
    assert own[2] > 0.9 and other[2] < 0.1
    assert own[1] > 0.15 and abs(scores.mean(DIFFERENCE)[0, 1]) < 0.06
    assert abs(scores.mean(BEYOND)[0, 1]) < 0.03 and np.abs(own[0]) < 0.06


def test_where_an_object_was_is_no_velocity() -> None:
    """It tells of velocity, alone and from tokens; only tokens that tell velocity add to it."""
    rows = read(planted_velocities(), "place", "kinds")
    scores = scores_of(rows[rows["tokens"] == UNDER], VELOCITY, 300, 0)
    own, alone, beyond = (scores.mean(one)[0] for one in (OWN, PLACE, BEYOND_PLACE))
    assert own[0] > 0.4 and alone[0] > 0.4 and alone[0] == pytest.approx(alone[1])
    assert abs(beyond[0]) < 0.03
    assert np.quantile(scores.mean(BEYOND_PLACE)[1:, 1], 0.05) > 0.2


def test_places_that_tell_nothing_do_not_drown_features() -> None:
    """Of hundreds of patches at random: features keep what they read without them."""
    velocities = planted_velocities()
    asked = [one for one in questions(velocities, REST, 20) if one.whose == OWN][:1]
    noise = torch.rand(len(velocities), 400, generator=torch.Generator().manual_seed(0))
    features = {UNDER: planted_under(velocities, "scene")[None]}
    scene = scene_motion(velocities, CLIP_COUNT, REST)
    found = read_questions(features, asked, scene, noise, 5, 42, (1e-2, 1.0, 1e2, 1e4))
    lost = found[["loss", "beside_place", "place", "total"]].sum()
    assert lost["loss"] < 0.9 * lost["total"] and lost["place"] > 0.95 * lost["total"]
    assert lost["beside_place"] == pytest.approx(lost["loss"], rel=0.05)


def test_time_under_an_object_is_the_share_of_tubelets() -> None:
    under = torch.zeros(2, 8, dtype=torch.bool)  # two tubelets of 2 x 2 patches
    under[0, [0, 4, 5]] = True
    found = time_under(under, Grid(2, 2, 2))
    assert found.tolist() == [[1, 0.5, 0, 0], [0, 0, 0, 0]]


def test_the_next_object_of_the_clip_is_asked_about_in_turn() -> None:
    velocities = pd.DataFrame(
        [
            (0, 0, "a", 1.0, 0.0), (0, 1, "b", 0.0, 0.0), (0, 2, "c", 0.0, -2.0),
            (1, 0, "b", 3.0, 3.0), (1, 1, "a", 0.0, 0.0),
        ],
        columns=["clip", "object", "kind", "vx", "vy"],
    )  # fmt: skip
    asked = {(one.kind, one.target, one.whose): one for one in questions(velocities, 0.25, 1)}
    assert asked["a", VELOCITY, OWN].values.tolist() == [[1, 0], [0, 0]]
    assert asked["a", VELOCITY, OTHER].values.tolist() == [[0, 0], [3, 3]]
    assert asked["a", VELOCITY, OTHER].objects.tolist() == [0, 4]  # under a, asked about another
    # b of clip 0 rests: its direction is not asked, and a is asked about c, the next that moves
    assert asked["a", DIRECTION, OTHER].rows.tolist() == [0, 1]
    assert asked["a", DIRECTION, OTHER].values[0] == pytest.approx([-1, 0])  # sine, cosine
    assert asked["b", DIRECTION, OWN].rows.tolist() == [1]
    assert asked["c", VELOCITY, OTHER].values.tolist() == [[1, 0]]
    scene = scene_motion(velocities, 2, 0.25)
    assert scene[0] == pytest.approx([1, -2, 1 / 3, -2 / 3, 0.5, -1])
    assert scene[1] == pytest.approx([3, 3, 1.5, 1.5, 3, 3])


def test_an_exact_fit_is_that_of_refitting() -> None:
    """Losses are those of ridge probes fitted without the fold, of features scaled once."""
    velocities = planted_velocities()
    (asked,) = [
        one
        for one in questions(velocities, REST, 20)
        if (one.kind, one.target, one.whose) == (KINDS[0], VELOCITY, OWN)
    ]
    features = planted(velocities, "kinds")[None]
    scene = scene_motion(velocities, CLIP_COUNT, REST)
    place = places(velocities)
    found = read_questions({ALL: features}, [asked], scene, place, 4, 7, (3.0, 3.0))
    x = features[0, asked.rows].double().numpy()
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    rows = np.arange(len(x))
    for fold in group_k_fold(rows, rows, 4, 7):
        centre, level = x[fold.train].mean(axis=0), asked.values[fold.train].mean(axis=0)
        known = x[fold.train] - centre
        gram = known.T @ known + 3.0 * np.eye(WIDTH)
        weights = np.linalg.solve(gram, known.T @ (asked.values[fold.train] - level))
        predicted = (x[fold.held_out] - centre) @ weights + level
        loss = ((predicted - asked.values[fold.held_out]) ** 2).sum(axis=1)
        assert found["loss"].to_numpy()[fold.held_out] == pytest.approx(loss)


def judged(tmp_path: Path, tables: dict[str, pd.DataFrame]):
    """Judge planted networks, written as the measurement writes them."""
    paths = []
    for name, rows in tables.items():
        of_weights = {"weights_checksum": name, "model": name, "kind": "object_probes"}
        known = {
            "dataset": "velocity", "clip_ids": sorted(rows["clip_id"].unique()), "source": "s",
            "labels": "l", "precision": "fp32", "preprocessing": "resize", "input_size": 64,
        }  # fmt: skip
        paths.append(tmp_path / f"{name}.parquet")
        write_table(paths[-1], rows, known | of_weights)
    facts = ModelFacts.model_validate(
        {"layers": 2, "source": "embedded", "weights": "weights of a test"}
    )
    made = Facts("figure13", "object_probes", {"tiny": facts}, "made up")
    return judge(SPEC_OF_PROBES, paths, made)


@pytest.mark.parametrize(
    ("trained", "untrained", "answer"),
    [
        (("nothing", "kinds"), ("nothing", "nothing"), "yes"),
        (("nothing", "kinds"), ("nothing", "kinds"), "undecided"),
        (("nothing", "scene"), ("nothing", "nothing"), ("no", "undecided")),
    ],
)
def test_the_verdict_follows_its_rule(
    tmp_path: Path, trained: tuple[str, ...], untrained: tuple[str, ...], answer: str
) -> None:
    velocities = planted_velocities()
    tables = {"tiny": read(velocities, *trained), "tiny_untrained": read(velocities, *untrained)}
    found = judged(tmp_path, tables)
    (said,) = found.verdict.models
    assert said.answer in answer
    assert not said.reproduction and len(said.numbers) == 28
    assert sum("tokens under the object" in line for line in said.statements) >= 4
    write_verdict(found.verdict, tmp_path / "v.md", tmp_path / "v.json")
    assert "interval over clips" in (tmp_path / "v.md").read_text()
    assert json.loads((tmp_path / "v.json").read_text())["brackets"] == "90 % interval over clips"
    style = FigureStyle(dpi=100)
    with styled(style):
        made = shown({"tiny": "weights of a test"}, found.verdict.clips)
        picture = build_inside("object_probes", found.series, made, style)
    drawn = {one.get_gid(): one for one in picture.figure.axes[0].get_lines() if one.get_gid()}
    rows = found.series
    own = rows[(rows["control"] == "none") & (rows["target"] == "velocity")
               & (rows["estimand"] == "own") & (rows["kind"] == "mean")]  # fmt: skip
    for panel, tokens in ((0, ALL), (3, UNDER)):
        lines = {one.get_gid(): one for one in picture.figure.axes[panel].get_lines()}
        mean = own.loc[own["tokens"] == tokens, "value"]
        assert np.array_equal(lines["none/own"].get_ydata(), mean)
    assert {f"kind/{kind}" for kind in KINDS} <= set(drawn) and "untrained/own" in drawn
    by_shape = {one.get_gid(): one for one in picture.figure.axes[6].get_lines()}
    cubes = rows[(rows["kind"] == "cube") & (rows["tokens"] == ALL) & (rows["control"] == "none")]
    cubes = cubes[(cubes["target"] == VELOCITY) & (cubes["estimand"] == OWN)]
    assert np.array_equal(by_shape["shape/cube"].get_ydata(), cubes["value"])
    assert "weights of a test" in "".join(text.get_text() for text in picture.figure.texts)
    assert not_as_declared("object_probes", found.series, tmp_path) == []


def objects_of(clips: list[str]) -> pd.DataFrame:
    """A table of two objects a clip."""
    random = np.random.default_rng(3)
    rows = [
        {
            **dict.fromkeys(OBJECT_COLUMNS, 0.0), "clip_id": clip, "object": one, "frame": frame,
            "kind": KINDS[one], "shape": "cube", "material": "matte", "colour": "red",
            "vx_px": random.normal(), "vy_px": random.normal(),
            "x_px": 8.0 + 38 * one, "y_px": 24.0,
        }
        for clip in clips for one in range(2) for frame in range(8)
    ]  # fmt: skip
    return pd.DataFrame(rows)[list(OBJECT_COLUMNS)]


def test_a_network_is_measured_on_every_clip(tmp_path: Path) -> None:
    write_dataset(tmp_path)
    network = opened(tmp_path, SPEC_OF_PROBES, objects=tmp_path / "objects.parquet")
    assert len(network.labels) == sum(SHARDS)  # every clip, and not the first of conditions
    objects = objects_of(CLIPS)
    checksum = write_table(tmp_path / "objects.parquet", objects, {"dataset": "velocity"})
    with pytest.raises(ArtifactError, match="not what the clips were made from"):
        measure_network(SPEC_OF_PROBES, network, tmp_path / "tiny.parquet")
    network.identity["source"] = checksum  # type: ignore[index]
    measure_network(SPEC_OF_PROBES, network, tmp_path / "tiny.parquet")
    found = open_table(tmp_path / "tiny.parquet")
    states = SPEC.layers + 1
    velocity = found.table[found.table["target"] == VELOCITY]
    assert len(velocity) == states * 2 * 2 * len(CLIPS) * 2
    assert set(velocity["tokens"]) == {ALL, UNDER}
    assert found.metadata["kind"] == "object_probes"
    assert np.isfinite(found.table[list(COLUMNS[5:])]).all(axis=None)
    few = SPEC_OF_PROBES.model_copy(update={"fewest": 50})
    with pytest.raises(ArtifactError, match="no kind of object is in 50 clips of velocity"):
        measure_network(few, network, tmp_path / "none.parquet")


def test_states_are_means_over_tokens_of_the_residual_stream(tmp_path: Path) -> None:
    write_dataset(tmp_path)
    network = opened(tmp_path, SPEC_OF_PROBES)
    encoder = network.ready.encoder
    _, found = next(network.batches(lambda pixels: (pixels, pooled_states(encoder, pixels))))
    pixels, states = found
    tokens = encoder.embed(pixels)
    assert states.shape[0] == network.blocks + 1
    assert torch.allclose(states[0], tokens.mean(dim=1), atol=1e-6)
    tokens = encoder.blocks()[0](tokens)
    assert torch.allclose(states[1], tokens.mean(dim=1), atol=1e-5)


def test_tokens_under_an_object_are_those_about_its_centre(tmp_path: Path) -> None:
    """Of a grid of 4 x 4 patches of 16 pixels; one object leaves the frame after a tubelet."""
    write_dataset(tmp_path)
    network = opened(tmp_path, SPEC_OF_PROBES)
    objects = objects_of(CLIPS[:1])
    objects.loc[(objects["object"] == 1) & (objects["frame"] >= 2), "x_px"] = 70.0
    first, second = tokens_under(network, objects).unflatten(1, (4, 4, 4))
    # 8 +- 24 across, 24 +- 24 down
    assert all(tubelet[:3, :2].all() and tubelet.sum() == 6 for tubelet in first)
    assert second[0, :3, 1:].all() and second[0].sum() == 9  # 46 +- 24 across
    assert not second[1:].any()
    objects.loc[objects["object"] == 1, "x_px"] = 70.0
    with pytest.raises(PezError, match=f"object 1 of clip {CLIPS[0]} is never in view"):
        tokens_under(network, objects)


def test_states_of_objects_are_means_over_their_tokens(tmp_path: Path) -> None:
    """In batches of two clips, with none, one or several objects in a clip."""
    write_dataset(tmp_path)
    network = opened(tmp_path, SPEC_OF_PROBES)
    clip = torch.tensor([0, 0, 0, 3, 4, 4, len(CLIPS) - 1])
    under = torch.rand(len(clip), 64, generator=torch.Generator().manual_seed(0)) < 0.3
    whole, found = states_of_objects(network, clip, under)
    assert torch.equal(whole, states_of_clips(network))
    encoder = network.ready.encoder
    tokens = torch.cat(
        [
            one
            for _, one in network.batches(lambda pixels: encoder.blocks()[0](encoder.embed(pixels)))
        ]
    )
    expected = torch.stack(
        [tokens[one, there].mean(dim=0) for one, there in zip(clip, under, strict=True)]
    )
    torch.testing.assert_close(found[1], expected)


def test_where_a_control_changes_the_clips_objects_are_lost(tmp_path: Path) -> None:
    write_dataset(tmp_path)
    objects = objects_of(CLIPS)
    checksum = write_table(tmp_path / "objects.parquet", objects, {"dataset": "velocity"})
    network = opened(
        tmp_path, SPEC_OF_PROBES, objects=tmp_path / "objects.parquet", replaced="frames"
    )
    network.identity["source"] = checksum  # type: ignore[index]
    measure_network(SPEC_OF_PROBES, network, tmp_path / "tiny.parquet")
    assert set(open_table(tmp_path / "tiny.parquet").table["tokens"]) == {ALL}


def test_velocities_are_means_or_those_of_the_last_frame(tmp_path: Path) -> None:
    objects = objects_of(["b", "a"])
    checksum = write_table(tmp_path / "o.parquet", objects, {"dataset": "velocity"})
    identity = {"dataset": "velocity", "clip_ids": ["a"], "source": checksum}
    rows = read_objects(tmp_path / "o.parquet", identity)
    assert set(rows["clip_id"]) == {"a"}
    mean = object_velocities(objects, ["a", "b"], "mean")
    last = object_velocities(objects, ["a", "b"], "last")
    own = objects[(objects["clip_id"] == "a") & (objects["object"] == 1)]
    assert mean["vx"].iloc[1] == pytest.approx(own["vx_px"].mean())
    assert last["vy"].iloc[1] == own["vy_px"].iloc[-1]
    assert list(mean["clip"]) == [0, 0, 1, 1]
