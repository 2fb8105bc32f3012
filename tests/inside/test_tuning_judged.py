"""Verdicts on tuning with planted answers, and pictures of what was judged."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from inside.drawn_files import not_as_declared
from inside.tuning_samples import section
from pez.emergence.facts import ModelFacts
from pez.figures.inside.draw import build_inside
from pez.figures.inside.shown import shown
from pez.figures.inside.tuning_maps import ordered
from pez.figures.spec import FigureStyle
from pez.figures.style import styled
from pez.inside.judged import Facts, Judged, ModelVerdict, to_markdown, write_verdict
from pez.inside.registry import judge
from pez.inside.tuning.readings import READINGS
from pez.inside.tuning.ring import Units, rayleigh, ring_of
from pez.inside.tuning.verdict import more_than_untrained
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import open_table, write_table

UNITS, BINS, LIMIT = 160, 24, 0.1
PICTURES = {"figure4": "unit_tuning", "figure20": "tuning_vectors", "figure21": "speed_tuning"}
SPEC = section(models=["nano"], controls={"untrained": [1, 2]}, figures=PICTURES)
STYLE = FigureStyle(dpi=80)


def planted(
    share: float = 0.5, arc: float = 2 * np.pi, seed: int = 0, speed: float = 0.5
) -> pd.DataFrame:
    """Units of which a share is tuned, with directions all over an arc; and all readings alike.

    In block 0 none is tuned.
    """
    draws = np.random.default_rng(seed)
    parts = []
    for point in ("mlp_post", "resid_post"):
        for block in (0, 4, 11):
            for reading in READINGS:
                for variable in ("direction", "speed"):
                    tuned = np.arange(UNITS) < UNITS * (share if variable == "direction" else speed)
                    if block == 0:
                        tuned[:] = False
                    best = np.where(tuned, 0.3, 0.02) + 0.01 * draws.random(UNITS)
                    angle = -np.pi + arc * (np.arange(UNITS) * 0.618034 % 1)
                    value = angle if variable == "direction" else np.linspace(1, 7, UNITS)
                    bins = np.full((UNITS, BINS), np.nan)
                    low, high = (-np.pi, np.pi) if variable == "direction" else (1, 7)
                    place = np.clip((value - low) / (high - low) * BINS, 0, BINS - 1).astype(int)
                    bins[np.arange(UNITS), place] = best
                    rows = {
                        "point": point,
                        "block": block,
                        "reading": reading,
                        "variable": variable,
                        "unit": np.arange(UNITS),
                        "best": best,
                        "position": 0,
                        "preferred": value,
                        "gain": 2.0,
                        "weight_1": 2 * np.cos(angle),
                        "weight_2": 2 * np.sin(angle),
                        "p": np.where(tuned, 0.01, 0.5),
                    }
                    rows |= {f"bin_{number:02d}": bins[:, number] for number in range(BINS)}
                    rows |= {
                        f"level_{number}": 5 + 2 * np.cos(np.pi * number / 4 - angle)
                        for number in range(8)
                    }
                    rows |= {f"harmonic_{number}": 4.0 / number for number in (1, 2, 3, 4)}
                    parts.append(pd.DataFrame(rows))
    return pd.concat(parts, ignore_index=True)


def write(path: Path, rows: pd.DataFrame, **said: object) -> Path:
    names = [
        f"{point}/{block}/{reading}/{variable}"
        for point in ("mlp_post", "resid_post")
        for block in (0, 4, 11)
        for reading in READINGS
        for variable in ("direction", "speed")
    ]
    known = {
        "kind": "unit_tuning", "model": path.stem, "dataset": "velocity", "clip_ids": ["a", "b"],
        "source": "made up", "precision": "fp32", "zone": 4, "speeds": [1.0, 7.0],
        "limits": dict.fromkeys(names, LIMIT),
        "edges": {
            name: list(np.linspace(*((1, 7) if "speed" in name else (-np.pi, np.pi)), BINS + 1))
            for name in names
        },
    }  # fmt: skip
    write_table(path, rows, known | said)
    return path


def judged(tmp_path: Path, figure: str = "figure4", **rows: pd.DataFrame) -> Judged:
    blank = {"nano": planted(), "nano_untrained": planted(0.1), "nano_untrained_2": planted(0.15)}
    paths = [write(tmp_path / f"{name}.parquet", own) for name, own in (blank | rows).items()]
    facts = ModelFacts(layers=12, source="embedded", weights="weights of a test")
    return judge(SPEC, paths, Facts(figure, PICTURES[figure], {"nano": facts}, "made up"))


def verdict(tmp_path: Path, figure: str = "figure4", **rows: pd.DataFrame) -> ModelVerdict:
    return judged(tmp_path, figure, **rows).verdict.models[0]


@pytest.mark.parametrize(
    ("own", "untrained", "answer"),
    [
        (planted(0.5), planted(0.1), "yes"),
        (planted(0.12), planted(0.1), "undecided"),  # hardly more
        (planted(0.5), planted(0.6), "no"),
        (planted(0.03), planted(0.0), "no"),  # a handful
        (planted(0.5, arc=np.pi), planted(0.0), "no"),  # half of the circle
    ],
)
def test_a_ring_is_one_beyond_untrained_networks_and_all_around(
    tmp_path: Path, own: pd.DataFrame, untrained: pd.DataFrame, answer: str
) -> None:
    found = verdict(tmp_path, nano=own, nano_untrained=untrained, nano_untrained_2=planted(0.0))
    assert found.answer == answer
    assert "permuted 0.10" in found.statements[0]


def test_only_what_is_left_given_the_place_counts(tmp_path: Path) -> None:
    """The paper's models alone make no ring."""
    own = planted(0.5)
    given = own["reading"].isin(["given_place"]) & (own["variable"] == "direction")
    own.loc[given, "best"] = 0.01
    found = verdict(tmp_path, nano=own)
    assert found.answer == "no" and "0 % of units do, fewer than 5 %" in found.reason
    assert (
        "Tuned to direction, as in the paper: 50 %, untrained network 10 to 15 %"
        in (found.statements[0])
    )


def test_without_an_untrained_network_nothing_is_decided() -> None:
    answer, reason = more_than_untrained(0.5, [])
    assert answer == "undecided" and "no untrained network" in reason


def test_vectors_fan_out_between_blocks(tmp_path: Path) -> None:
    assert verdict(tmp_path, "figure20").answer == "yes"
    same = planted(0.5, seed=1)
    found = verdict(tmp_path, "figure20", nano_untrained=same)
    assert found.answer == "undecided" and "in untrained networks by" in found.reason
    early = planted()
    early.loc[early["block"] == 0, "best"] = 0.3
    found = verdict(tmp_path, "figure20", nano=early)
    assert found.answer == "no" and "units of block 0 cover the circle too" in found.reason
    assert verdict(tmp_path, "figure20", nano=planted(0.5, arc=1.0)).answer == "no"


def test_speeds_at_the_ends_of_the_range_are_not_preferred(tmp_path: Path) -> None:
    blank = {"nano_untrained": planted(speed=0), "nano_untrained_2": planted(speed=0)}
    assert verdict(tmp_path, "figure21", **blank).answer == "yes"
    own = planted()
    own.loc[own["variable"] == "speed", "preferred"] = 7.0
    assert verdict(tmp_path, "figure21", nano=own, **blank).answer == "no"


def units(angle: np.ndarray, best: np.ndarray) -> Units:
    rows = pd.DataFrame({"preferred": angle, "best": best})
    return Units(rows, LIMIT, (1.0, 7.0))


def test_rings_and_their_opposites() -> None:
    even = 2 * np.pi * np.arange(400) / 400 - np.pi
    full = ring_of(units(even, np.full(400, 0.3)))
    assert full.first < 1e-9 and full.second < 1e-9 and full.p > 0.99
    one = ring_of(units(np.full(400, 1.0), np.full(400, 0.3)))
    assert one.first == pytest.approx(1) and one.p < 1e-9
    two = ring_of(units(np.repeat([0.5, 0.5 - np.pi], 200), np.full(400, 0.3)))
    assert two.first < 1e-9 and two.second == pytest.approx(1)
    weighted = ring_of(units(even, np.where(np.abs(even) < 0.1, 0.5, -1.0)))
    assert weighted.first > 0.99
    assert np.isnan(ring_of(units(even, np.full(400, -0.1))).first)


def test_rayleigh_p_is_uniform_under_uniform_directions() -> None:
    angle = np.random.default_rng(0).uniform(-np.pi, np.pi, (2000, 60))
    lengths = np.abs(np.exp(1j * angle).mean(axis=1))
    p = np.array([rayleigh(length, 60) for length in lengths])
    for level in (0.05, 0.25, 0.5):
        assert np.mean(p < level) == pytest.approx(level, abs=0.03)


def test_sectors_count_tuned_units_alone() -> None:
    angle = np.repeat(-np.pi + np.pi / 8 + np.arange(8) * np.pi / 4, 3)
    best = np.tile([0.3, 0.3, 0.01], 8)
    assert list(units(angle, best).sectors()) == [2] * 8


@pytest.mark.parametrize("figure", PICTURES)
def test_pictures_show_the_model_and_one_untrained_network(tmp_path: Path, figure: str) -> None:
    found = judged(tmp_path, figure)
    assert set(found.series["control"]) == {"none", "untrained"}
    assert set(found.series["seed"].dropna()) == {1}
    two = pd.concat([found.series, found.series.assign(model="large")])
    made = shown({"nano": "some weights", "large": "others"}, "2 made up")
    with styled(STYLE):
        one = build_inside(PICTURES[figure], found.series, made, STYLE)
        both = build_inside(PICTURES[figure], two, made, STYLE)
    assert len(both.figure.axes) > 1.5 * len(one.figure.axes)
    assert both.figure.get_size_inches()[1] > one.figure.get_size_inches()[1]
    assert "2 made up" in one.caption and one.table.equals(found.series)
    assert not_as_declared(PICTURES[figure], found.series, tmp_path) == []


def test_every_unit_is_a_line_of_its_map(tmp_path: Path) -> None:
    series = judged(tmp_path).series
    with styled(STYLE):
        picture = build_inside("unit_tuning", series, shown({"nano": "w"}, "2"), STYLE)
    images = {
        image.get_gid(): np.asarray(image.get_array())
        for axes in picture.figure.axes
        for image in axes.get_images()
        if image.get_gid()
    }
    assert set(images) >= {f"direction/{reading}/none" for reading in READINGS}
    drawn = images["direction/plain/none"]
    own = series[
        (series["control"] == "none")
        & (series["reading"] == "plain")
        & (series["variable"] == "direction")
    ]
    assert drawn.shape == (UNITS, BINS)
    assert np.nanmax(drawn) == own["best"].max()
    peaks = np.nanargmax(ordered(own), axis=1)
    assert (np.diff(peaks) >= 0).all()


def test_dots_of_single_units_lie_on_their_cosines(tmp_path: Path) -> None:
    with styled(STYLE):
        picture = build_inside(
            "unit_tuning", judged(tmp_path).series, shown({"nano": "w"}, "2"), STYLE
        )
    dots = [
        line
        for axes in picture.figure.axes
        for line in axes.get_lines()
        if str(line.get_gid()).startswith("curve/none/")
    ]
    assert len(dots) == 4
    for line in dots:
        (cosine,) = (
            other
            for other in line.axes.get_lines()
            if other.get_color() == line.get_color() and len(other.get_xdata()) > 100
        )
        expected = np.interp(line.get_xdata(), cosine.get_xdata(), cosine.get_ydata())
        np.testing.assert_allclose(line.get_ydata(), expected, atol=0.01)


@pytest.mark.parametrize("figure", PICTURES)
def test_the_verdict_is_a_page_and_a_file(tmp_path: Path, figure: str) -> None:
    found = judged(tmp_path, figure).verdict
    write_verdict(found, tmp_path / "v.md", tmp_path / "v.json")
    assert "Not a reproduction of the paper's figure" in to_markdown(found)
    assert json.loads((tmp_path / "v.json").read_text())["models"][0]["numbers"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"kind": "attention_distance"}, "kind = 'attention_distance', and 'unit_tuning'"),
        ({"limits": {}}, "has nothing of mlp_post of block 4"),
        ({"precision": "bf16"}, "they are not of one set"),
    ],
)
def test_a_table_of_another_is_refused(tmp_path: Path, said: dict, words: str) -> None:
    judged(tmp_path)
    names = ("nano", "nano_untrained", "nano_untrained_2")
    paths = [tmp_path / f"{name}.parquet" for name in names]
    write(paths[0], open_table(paths[0]).table, **said)
    facts = ModelFacts(layers=12, source="embedded", weights="weights of a test")
    with pytest.raises(ArtifactError, match=words):
        judge(SPEC, paths, Facts("figure4", "unit_tuning", {"nano": facts}, "made up"))
