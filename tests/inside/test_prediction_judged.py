"""From planted surprise to accuracies, verdict and picture; what the section refuses."""

import numpy as np
import pandas as pd
import pytest
import yaml

from conftest import CHECKOUT
from inside.drawn_files import not_as_declared
from inside.prediction_samples import section
from pez.config.load import load_config
from pez.emergence.facts import ModelFacts
from pez.figures.inside.draw import build_inside
from pez.figures.inside.shown import shown
from pez.figures.spec import FigureStyle
from pez.figures.style import styled
from pez.inside.judged import Facts, Judged, to_markdown
from pez.inside.prediction.accuracy import PAIRWISE, RELATIVE, SURPRISE, Cell, scores_of
from pez.inside.prediction.names import ALL, DIFFERING, LAST, MEAN, NO_CHANGE, SAME, TRAINED
from pez.inside.registry import judge
from pez.runtime.errors import ArtifactError, ConfigError
from pez.runtime.tables import write_table

STATES, CONTEXTS, SCENES = (0, 4, 8, 12), (4, 8), 12
KINDS = ((TRAINED, SAME), (TRAINED, LAST), (NO_CHANGE, SAME), (MEAN, SAME))


def planted(shares: dict[int, float], others: float = 0.2) -> pd.DataFrame:
    """Surprise by which trained predictors of some states tell a share of all pairs apart; in every
    other pair, and by all other predictors, movies tie; these err by so much more."""
    scene, movie = (index.ravel() for index in np.indices((SCENES, 4)))
    movies = pd.DataFrame(
        {
            "clip_id": [f"O1_{one:02d}_{two}" for one, two in zip(scene, movie, strict=True)],
            "condition": scene, "block": "O1", "pair": movie // 2, "possible": 1 - movie % 2,
        }
    )  # fmt: skip
    random = np.random.default_rng(0)
    level = random.random(2 * SCENES)[movies["pair"] + 2 * scene]
    parts = []
    for predictor, reading in KINDS:
        for state in STATES:
            for context in CONTEXTS:
                share = shares.get(state, 0) if predictor == TRAINED else 0
                told = random.random(2 * SCENES)[movies["pair"] + 2 * scene] < share
                surprise = level + 0.1 * told * (1 - movies["possible"])
                if predictor != TRAINED:
                    surprise = surprise + others
                for tokens in (ALL, DIFFERING):
                    parts.append(
                        movies.assign(
                            predictor=predictor, reading=reading, state=state, context=context,
                            tokens=tokens, surprise=surprise,
                        )
                    )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def write(path, model: str, table: pd.DataFrame) -> None:
    write_table(path, table, {
        "model": model, "dataset": "mini", "kind": "layer_prediction", "windows": 3,
        "clip_ids": table["clip_id"].drop_duplicates().tolist(), "labels": "1", "source": "2",
        "precision": "fp32", "preprocessing": "resize", "input_size": 256,
        "weights_checksum": model,
    })  # fmt: skip


def judged(tmp_path, own: dict[int, float], untrained: dict[int, float] | None = None) -> Judged:
    paths = [tmp_path / "tiny.parquet"]
    write(paths[0], "tiny", planted(own))
    if untrained is not None:
        paths.append(tmp_path / "tiny_untrained.parquet")
        write(paths[1], "tiny_untrained", planted(untrained))
    facts = ModelFacts(layers=12, source="embedded", weights="weights of a test")
    spec = section(controls={} if untrained is None else {"untrained": [1]})
    return judge(spec, paths, Facts("figure11", "layer_prediction", {"tiny": facts}, "made up"))


MIDDLE = {4: 0.9, 8: 0.9}


def test_accuracies_are_those_of_the_hand() -> None:
    table = planted({4: 1.0, 8: 0.5})
    scores = scores_of(table, 200, seed=0)
    perfect, half, tied = (
        Cell(predictor, SAME, state, ALL)
        for predictor, state in ((TRAINED, 4), (TRAINED, 8), (NO_CHANGE, 4))
    )
    for metric in (PAIRWISE, RELATIVE):
        assert (scores.values[perfect, metric] == 1).all()
        assert (scores.values[tied, metric] == 0.5).all()
    rows = table[(table["predictor"] == TRAINED) & (table["reading"] == SAME)]
    rows = rows[(rows["state"] == 8) & (rows["tokens"] == ALL)]
    for place, context in enumerate(CONTEXTS):
        one = rows[rows["context"] == context].pivot(
            index=["condition", "pair"], columns="possible", values="surprise"
        )
        expected = (one[0] > one[1]).mean() + (one[0] == one[1]).mean() / 2
        assert scores.values[half, PAIRWISE][0, place] == pytest.approx(expected)
        sums = one.groupby("condition").sum()
        relative = (sums[0] > sums[1] + 1e-9).mean() + np.isclose(sums[0], sums[1]).mean() / 2
        assert scores.values[half, RELATIVE][0, place] == pytest.approx(relative)
        level = rows.loc[rows["context"] == context, "surprise"].mean()
        assert scores.values[half, SURPRISE][0, place] == pytest.approx(level)
    assert scores.mean(half, PAIRWISE)[0] == pytest.approx(scores.values[half, PAIRWISE][0].mean())


def test_scores_do_not_depend_on_the_unit_of_surprise() -> None:
    table = planted({4: 0.7, 8: 0.5})
    small = scores_of(table.assign(surprise=1e-6 * table["surprise"]), 100, seed=0)
    for key, values in scores_of(table, 100, seed=0).values.items():
        if key[1] != SURPRISE:
            np.testing.assert_array_equal(values, small.values[key])


def test_a_movie_without_a_row_is_an_error() -> None:
    with pytest.raises(ArtifactError, match="lacks movies of Cell"):
        scores_of(planted(MIDDLE).drop(index=5), 100, seed=0)


def test_a_middle_that_alone_tells_pairs_apart_is_yes(tmp_path) -> None:
    found = judged(tmp_path, MIDDLE, {}).verdict
    (said,) = found.models
    assert said.answer == "yes"
    numbers = {number.name: number for number in said.numbers}
    first = numbers["matched pairs, middle third: above state 0"]
    assert first.value == pytest.approx(0.45, abs=0.08) and 0.2 < first.low < first.value
    page = to_markdown(found)
    assert "48 movies of mini, 3 windows each (made up)" in page
    assert "Matched pairs by the last tubelet repeated, same state, %: state 0 50" in page
    assert "Not a reproduction" in page


@pytest.mark.parametrize(
    ("own", "untrained", "words"),
    [
        ({}, {}, "not above chance"),
        ({**MIDDLE, 12: 1.0}, {}, "not above state 12"),
        (MIDDLE, {4: 1.0, 8: 1.0}, "not above an untrained network"),
    ],
)
def test_what_is_told_elsewhere_as_well_is_no(tmp_path, own, untrained, words) -> None:
    (said,) = judged(tmp_path, own, untrained).verdict.models
    assert said.answer == "no" and words in said.reason


def test_predictors_worse_than_nothing_changing_are_no_ground_for_a_no(tmp_path) -> None:
    write(tmp_path / "tiny.parquet", "tiny", planted({}, others=-0.2))
    facts = ModelFacts(layers=12, source="embedded", weights="weights of a test")
    about = Facts("figure11", "layer_prediction", {"tiny": facts}, "made up")
    (said,) = judge(section(), [tmp_path / "tiny.parquet"], about).verdict.models
    assert said.answer == "undecided"
    assert "at state 4, 8 predictors err more than if nothing changed" in said.reason


def test_a_small_gain_decides_nothing(tmp_path) -> None:
    (said,) = judged(tmp_path, {4: 0.5, 8: 0.5, 0: 0.4}, {}).verdict.models
    assert said.answer == "undecided"


def test_without_an_untrained_network_there_is_no_yes(tmp_path) -> None:
    (said,) = judged(tmp_path, MIDDLE).verdict.models
    assert said.answer == "undecided" and "no untrained network" in said.reason


def test_every_context_is_drawn_with_what_the_table_says(tmp_path) -> None:
    series, style = judged(tmp_path, MIDDLE, {}).series, FigureStyle(dpi=100)
    with styled(style):
        picture = build_inside("layer_prediction", series, shown({"tiny": "test"}, "120"), style)
    assert len(picture.figure.axes) == 3 * len(KINDS)
    assert not_as_declared("layer_prediction", series, tmp_path) == []
    own = series[(series["predictor"] == TRAINED) & (series["reading"] == SAME)]
    own = own[(own["metric"] == PAIRWISE) & (own["tokens"] == ALL)]
    lines = {line.get_gid(): line for line in picture.figure.axes[0].get_lines()}
    for gid, control, context in (
        ("context/4", "none", 4), ("context/8", "none", 8), ("mean", "none", None),
        ("untrained/1", "untrained", None),
    ):  # fmt: skip
        rows = own[own["control"] == control]
        rows = rows[rows["context"].isna() if context is None else rows["context"] == context]
        np.testing.assert_allclose(lines[gid].get_ydata(), 100 * rows["value"].to_numpy(float))
        assert lines[gid].get_xdata().tolist() == list(STATES)
    assert picture.table is series


def test_the_section_refuses_what_it_cannot_do() -> None:
    with pytest.raises(ValueError, match="name 0, 1, and a depth within"):
        section(predictors={"depths": (0, 0.2, 1)})
    with pytest.raises(ValueError, match="multiple of 2"):
        section(predictors={"contexts": (3,)})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dataset": "velocity"}, r"prediction\.dataset = 'velocity', .* scores possible and"),
        ({"controls": {"static": []}}, r"prediction\.controls = 'static': predictors are trained"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(changes, words) -> None:
    raw = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    raw["inside"]["prediction"] |= changes
    with pytest.raises(ConfigError, match=words):
        load_config(raw, CHECKOUT)
