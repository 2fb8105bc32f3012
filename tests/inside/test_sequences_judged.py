"""From planted features of two networks to the figures of probe sequences and their verdicts."""

import numpy as np
import pandas as pd
import pytest
import torch

from inside.drawn_files import not_as_declared
from pez.emergence.facts import ModelFacts
from pez.figures.inside.draw import build_inside
from pez.figures.inside.shown import shown
from pez.figures.spec import FigureStyle
from pez.figures.style import styled
from pez.inside.judged import Facts, to_markdown
from pez.inside.kinds.probe_sequences import Section
from pez.inside.registry import find_inside_section, judge
from pez.inside.sequences.arms import fit_of
from pez.inside.sequences.overlap_verdict import _answer
from pez.inside.sequences.splits import group_splits
from pez.inside.stored import Clips, Stored, measure_stored
from pez.runtime.tables import open_table

WIDTH, STATES, STARTS = 16, 3, 4
FIGURES = {
    "figure22": "probe_counts",
    "figure23": "probe_scores",
    "table3": "subspace_overlap",
    "figure24": "probe_steering",
}


def sequence_spec(**changes: object) -> Section:
    fields = {
        "kind": "probe_sequences",
        "dataset": "velocity",
        "movies": "movies",
        "clips_per_condition": STARTS,
        "models": ["tiny"],
        "controls": {"untrained": [1]},
        "most": 6,
        "splits": 2,
        "many_splits": 3,
        "depth": 0.5,
        "haar": 200,
        "adam": {"epochs": 3, "epochs_direction": 3},
        "alphas": [1e-2, 1.0],
        "steering": {"splits": 2, "numbers": [1, 2, 4]},
        "figures": FIGURES,
    }
    section = find_inside_section("probe_sequences").model_validate(fields | changes)
    assert isinstance(section, Section)
    return section


def stored(seed: int, trained: bool) -> Stored:
    """Balls that write direction and speed into dimensions of their own, or noise; and movies."""
    random = np.random.default_rng(seed)
    direction, magnitude, _ = (index.ravel() for index in np.indices((8, 3, STARTS)))
    angle = direction * np.pi / 4
    balls = random.normal(size=(STATES, len(angle), WIDTH))
    movies = random.normal(size=(STATES, 48, WIDTH))
    possible = np.tile([1, 1, 0, 0], 12)
    if trained:
        balls *= 0.1
        balls[:, :, 0] += np.sin(angle)
        balls[:, :, 1] += np.cos(angle)
        balls[:, :, 2] += magnitude - 1.0
        movies[:, :, 3] += 3 * possible
    labels = pd.DataFrame(
        {
            "clip_id": [f"velocity_{clip:04d}" for clip in range(len(angle))],
            "direction_index": direction,
            "direction_rad": angle,
            "speed_m_s": magnitude + 1.0,
            "condition": 3 * direction + magnitude,
        }
    )
    scenes = pd.DataFrame(
        {"block": "O1", "scene": np.repeat(np.arange(12), 4), "possible": possible}
    )
    identity = {
        "dataset": "velocity", "clip_ids": list(labels["clip_id"]), "source": "1", "labels": "2",
        "precision": "fp32", "preprocessing": "resize", "input_size": 256,
        "weights_checksum": str(trained), "model": "tiny" if trained else "tiny_untrained",
    }  # fmt: skip
    clips = {
        "velocity": Clips(labels, torch.from_numpy(balls).float()),
        "movies": Clips(scenes, torch.from_numpy(movies).float()),
    }
    return Stored(clips, identity)


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    paths = [folder / "tiny.parquet", folder / "tiny_untrained.parquet"]
    for path, trained in zip(paths, (True, False), strict=True):
        measure_stored(sequence_spec(), stored(0, trained), path)
    return paths


def judged(tables, figure: str, **changes: object):
    facts = ModelFacts(layers=2, source="embedded", weights="weights of a test")
    given = Facts(figure, FIGURES[figure], {"tiny": facts}, "made up")
    return judge(sequence_spec(**changes), tables, given)


def test_the_table_has_every_sequence_pair_and_edit(tables) -> None:
    opened = open_table(tables[0])
    rows, known = opened.table, opened.metadata
    assert (known["near"], known["states"], known["width"], known["span"]) == (1, 3, 16, 16)
    scores = rows[(rows["what"] == "score") & (rows["variable"] == "direction")]
    probes = scores[(scores["arm"] == "probes") & (scores["solver"] == "ridge")]
    assert set(probes.loc[probes["state"] == 1, "split"]) == {0, 1, 2}
    assert set(probes.loc[probes["state"] == 2, "split"]) == {0, 1}
    assert set(scores["arm"]) == {"probes", "shuffled", "whitened", "random"}
    assert sorted(set(scores["number"])) == list(range(6))
    overlap = rows[rows["what"] == "overlap"]
    pairs = set(zip(overlap["variable"], overlap["against"], overlap["arm"], strict=True))
    assert ("direction", "direction", "other clips") in pairs
    assert ("direction", "direction", "same clips") not in pairs
    metrics = set(overlap["metric"])
    assert {"mean_angle_within", "smallest_angle_within", "z_overlap_within", "p_within"} <= metrics
    assert {("direction", "speed", arm) for arm in ("same clips", "other clips")} <= pairs
    steering = rows[rows["what"] == "steering"]
    by_probes = steering[steering["arm"] == "probes"].groupby("solver", observed=True)["number"]
    assert set(by_probes.unique()["adam"]) == {1}  # after three epochs it reads nothing
    assert by_probes.max()["ridge"] <= 4 and by_probes.min()["ridge"] == 1


def test_counts_are_of_what_is_planted(tables) -> None:
    found = judged(tables, "figure22")
    rows = found.series[(found.series["solver"] == "ridge") & (found.series["state"] == 1)]
    rows = rows[rows["rule"] == "caption"].set_index(["control", "variable", "arm"])["value"]
    assert rows["none", "direction", "whitened"] == rows["none", "speed", "whitened"] == 1
    assert rows["none", "plausibility", "probes"] >= 1
    assert rows["untrained", "direction", "probes"] == 0
    (said,) = found.verdict.models
    assert said.answer in ("yes", "no", "undecided") and "whitened 1" in said.reason
    page = to_markdown(found.verdict)
    assert "the least and the largest over draws of clips" in page
    assert "Not a reproduction" in page and "the movies of movies" in page


def test_two_dimensions_steer_what_lies_in_two(tables) -> None:
    (said,) = judged(tables, "figure24").verdict.models
    assert said.answer == "no" and said.reason.startswith("2 dimensions do")
    numbers = {number.name: number.value for number in said.numbers}
    assert numbers["to the target: nothing, 0"] == pytest.approx(90, abs=5)
    assert numbers["to the target: plane, 1 ridge"] < 10
    assert numbers["to the target: random, as long, 1 ridge"] > 60


def test_overlap_asks_for_draws_that_can_tell(tables) -> None:
    (said,) = judged(tables, "table3", haar=100).verdict.models
    assert said.answer == "undecided" and "raise inside.*.haar" in said.reason
    (said,) = judged(tables, "table3").verdict.models
    assert any(line.startswith("Direction from two halves") for line in said.statements)
    assert any("whitened within conditions" in line for line in said.statements)


def test_probes_of_two_variables_do_not_start_alike() -> None:
    """Adam's start stays in the weights: one start for both would look like a shared subspace."""
    splits = group_splits(np.arange(40), 0.2, 3, seed=0)
    features, targets = torch.zeros(3, 32, 500), torch.zeros(3, 32, 1)
    one, again, other = (
        fit_of(sequence_spec(), variable, False, "adam", splits, "probes")(features, targets)
        for variable in ("speed", "speed", "plausibility")
    )
    assert torch.equal(one.weights, again.weights)
    cosines = torch.cosine_similarity(one.weights, other.weights, dim=1)
    assert cosines.abs().max() < 0.2


def test_a_course_is_named_by_its_steps(tables) -> None:
    (said,) = judged(tables, "figure23").verdict.models
    assert "first 6 probes" in said.question and said.answer == "undecided"
    assert "nothing is read" in said.reason  # after three epochs
    assert any(line.startswith("In untrained networks") for line in said.statements)
    assert sum("after its linear erasure" in line for line in said.statements) == 2


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_is_drawn_of_one_model_and_of_two(tables, tmp_path, figure: str) -> None:
    style = FigureStyle(dpi=60)
    series = judged(tables, figure).series
    two = pd.concat([series, series.assign(model="other")], ignore_index=True)
    with styled(style):
        made = shown({"tiny": "of a test"}, "96 made up")
        one = build_inside(FIGURES[figure], series, made, style)
        both = build_inside(FIGURES[figure], two, made, style)
    assert len(both.figure.axes) == 2 * len(one.figure.axes)
    assert one.table.equals(series) and "96 made up" in one.caption
    assert not_as_declared(FIGURES[figure], series, tmp_path) == []


def test_a_drawn_course_is_that_of_the_table(tables) -> None:
    series = judged(tables, "figure22").series
    style = FigureStyle(dpi=60)
    with styled(style):
        built = build_inside("probe_counts", series, shown({"tiny": "a test"}, "96"), style)
    axes = built.figure.axes[0]
    (line,) = [one for one in axes.get_lines() if one.get_gid() == "probes/ridge"]
    rows = series[(series["control"] == "none") & (series["variable"] == "direction")]
    rows = rows[(rows["solver"] == "ridge") & (rows["arm"] == "probes")]
    expected = rows[rows["rule"] == "appendix"].sort_values("state")["value"]
    assert np.array_equal(line.get_ydata(), expected)


@pytest.mark.parametrize(
    ("trained", "untrained", "itself", "answer"),
    [(0.001, 0.5, 0.001, "yes"), (0.001, 0.001, 0.001, "undecided"),
     (0.5, 0.5, 0.001, "no"), (0.5, 0.5, 0.5, "undecided")],
)  # fmt: skip
def test_sharing_is_held_against_random_subspaces_untrained_networks_and_a_ceiling(
    trained: float, untrained: float, itself: float, answer: str
) -> None:
    rows = pd.DataFrame(
        [
            (control, seed, one, other, p)
            for control, seed, of_pair in (("none", None, trained), ("untrained", 1, untrained))
            for one, other, p in (
                ("direction", "speed", of_pair),
                ("direction", "direction", itself),
                ("speed", "speed", itself),
            )
        ],
        columns=["control", "seed", "variable", "against", "value"],
    ).assign(state=1, solver="ridge", arm="other clips", metric="p")
    assert _answer(rows, 1000)[0] == answer
