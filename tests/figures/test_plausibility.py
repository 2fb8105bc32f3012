"""Figures 1, 6 and 8: what is drawn, what is written, and that both are the same."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from synthetic_plausibility import (
    DEV_CLIPS,
    MINI_CLIPS,
    MODELS,
    OFFSET,
    SUBSETS,
    even,
    plausibility_table,
    probes,
    realistic_course,
    shortcut,
    spec,
    write_results,
)
from synthetic_results import assert_nothing_overlaps, references, remember_figures

from pez.emergence.facts import ClipsFacts
from pez.emergence.report import FigureVerdict
from pez.figures import draw
from pez.figures.draw import FigureFiles, draw_figure
from pez.figures.inputs import FigureInputs
from pez.figures.plausibility import axis_bottom
from pez.figures.spec import FigureStyle, PlausibilityFigureSpec
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import write_table

STYLE = FigureStyle.model_validate({"dpi": 60})
BIG = ("vjepa2_large", "vjepa2_huge", "vjepa2_giant")
ATTENTIVE = {"probe": "plausibility_attentive"}


def build(
    folder: Path,
    shown: PlausibilityFigureSpec,
    clips: ClipsFacts = MINI_CLIPS,
    style: FigureStyle = STYLE,
    results: list[Path] | None = None,
) -> FigureFiles:
    files = FigureFiles(*(folder / name for name in ("f.png", "f.svg", "f.csv", "v.md", "v.json")))
    (dataset,) = clips.datasets
    inputs = FigureInputs(
        name="figure6",
        style=style,
        results=write_results(folder, shown) if results is None else results,
        probes={name: probes(dataset)[name] for name in shown.probes},
        models=MODELS,
        clips=clips,
        references=references(),
    )
    draw_figure(shown, inputs, files)
    return files


def verdict(files: FigureFiles) -> FigureVerdict:
    return FigureVerdict.model_validate(json.loads(files.verdict_json.read_text()))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    return remember_figures(monkeypatch)


@pytest.fixture
def unsaved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are drawn and not written, which is what takes time."""
    monkeypatch.setattr(draw, "save_figure", lambda *_: None)


def words(figure: Figure) -> str:
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    return " ".join([text.get_text().replace("\n", " ") for text in figure.texts] + legend)


def panel(table: pd.DataFrame, metric: str, subset: str, series: str) -> pd.DataFrame:
    chosen = (table["metric"] == metric) & (table["subset"] == subset)
    return table[chosen & (table["series"] == series)]


def test_csv_holds_what_was_put_in_and_what_the_artists_show(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    shown = spec("vjepa2_nano")
    table = pd.read_csv(build(tmp_path, shown).csv)
    course = realistic_course("vjepa2_nano", "plausibility")
    for metric, mean in (("relative_accuracy", course.relative), ("clip_accuracy", course.clip)):
        for subset in SUBSETS:
            rows = panel(table, metric, subset, "validation")
            assert rows["mean"].to_numpy() == pytest.approx(mean + OFFSET[subset])
            assert rows["std"].to_numpy() == pytest.approx(0.03)
            nested = panel(table, metric, subset, "nested")
            assert nested["mean"].to_numpy() == pytest.approx(mean + OFFSET[subset] - 0.04)
            network, name = "vjepa2_nano_untrained", "plausibility"
            for series in ("untrained", "shuffled"):
                if series == "shuffled":
                    network, name = "vjepa2_nano", "plausibility_shuffled"
                control = realistic_course(network, name)
                expected = control.relative if metric == "relative_accuracy" else control.clip
                rows = panel(table, metric, subset, series)
                assert rows["mean"].to_numpy() == pytest.approx(expected + OFFSET[subset])
    artists = {
        line.get_gid(): line
        for axes in drawn[0].axes
        for line in axes.get_lines()
        if line.get_gid()
    }
    keys = ["model", "metric", "subset", "series"]
    assert set(artists) == {"/".join(key) for key in table.groupby(keys).groups}
    for key, rows in table.groupby(keys):
        line = artists["/".join(key)]
        if key[-1] == "pez":
            assert line.get_xdata()[0] == rows["layer_fraction"].iloc[0]
        elif key[-1] in ("chance", "ceiling"):
            assert set(line.get_ydata()) == {0.5 if key[-1] == "chance" else 0.75}
        else:
            np.testing.assert_array_equal(line.get_xdata(), rows["layer_fraction"])
            np.testing.assert_array_equal(line.get_ydata(), rows["mean"])


@pytest.mark.usefixtures("unsaved")
def test_the_ceiling_is_drawn_with_clip_accuracy_only(tmp_path: Path) -> None:
    table = pd.read_csv(build(tmp_path, spec("vjepa2_nano", by_block=False)).csv)
    assert set(table.loc[table["series"] == "ceiling", "metric"]) == {"clip_accuracy"}
    assert set(table["subset"]) == {"all"}
    assert set(table.loc[table["series"] == "chance", "mean"]) == {0.5}


def test_pictures_say_what_they_show(tmp_path: Path, drawn: list[Figure]) -> None:
    build(tmp_path, spec("vjepa2_nano"))
    text = words(drawn[0])
    for part in (
        "movies rendered by this project (intphys_mini)",
        "Not a reproduction of the paper's numbers",
        "240 intphys_mini (kubric, 8 samples per pixel, 16 frames evenly spaced)",
        "75 %: the most a probe of additive features can reach",
        "shuffled labels (validation selection: optimism of choosing)",
        "chosen for relative accuracy on the reported fold itself (optimistic)",
        "capture resid_pre, pooling mean, folds by scene",
    ):
        assert part in text
    assert "Rings" not in text and "third-party" not in text
    titles = [axes.get_title(loc="left").replace("\n", " ") for axes in drawn[0].axes]
    assert titles == [
        "Overall",
        "O1 object permanence",
        "O2 shape constancy",
        "O3 spatio-temporal continuity",
        *[""] * 4,
    ]


def test_ties_are_ringed_and_in_the_csv(tmp_path: Path, drawn: list[Figure]) -> None:
    shown = spec("vjepa2_nano", by_block=False, **ATTENTIVE)
    results = write_results(tmp_path, shown)
    relative = np.where(np.arange(12) < 2, 0.3, 0.8)
    ties = np.where(np.arange(12) < 2, 0.4, 0.0)
    write_table(results[0], plausibility_table(even(relative, np.full(12, 0.5), ties)))
    files = build(tmp_path, shown, results=results)
    table = pd.read_csv(files.csv)
    shares = panel(table, "relative_accuracy", "all", "validation")["tie_share"]
    assert shares.to_numpy() == pytest.approx(ties)
    assert panel(table, "clip_accuracy", "all", "validation")["tie_share"].isna().all()
    axes = drawn[0].axes[0]
    gid = "vjepa2_nano/relative_accuracy/all/validation"
    (rings,) = [line for line in axes.get_lines() if line.get_gid() == f"{gid}/ties"]
    np.testing.assert_allclose(rings.get_xdata(), [0, 1 / 11])
    np.testing.assert_allclose(rings.get_ydata(), [0.3, 0.3])
    assert rings.get_markerfacecolor() == "white"
    (bars,) = [bars for bars in axes.collections if bars.get_gid() == f"{gid}/tie_share"]
    assert bars.get_segments()[0][:, 1] == pytest.approx([0.3, 0.7])
    assert "some scenes tie" in words(drawn[0]) and "Rings" in words(drawn[0])
    assert "ties, which count as wrong: at 2 of 12 layers" in files.verdict_md.read_text()


@pytest.mark.usefixtures("unsaved")
def test_the_shortcut_is_told_from_other_errors(tmp_path: Path) -> None:
    shown = spec("vjepa2_nano")
    results = write_results(tmp_path, shown)
    clip = np.linspace(0.55, 0.74, 12)
    for course, expected in (
        (shortcut(clip + 0.2, clip), True),
        (even(clip + 0.2, clip), False),
    ):
        write_table(results[0], plausibility_table(course))
        files = build(tmp_path, shown, results=results)
        found = verdict(files).models[0].confusions
        at_best = [one for one in found if one.role == "best"]
        assert {one.subset for one in at_best} == set(SUBSETS)
        assert {one.selection for one in at_best} == {"validation", "nested"}
        assert all(one.is_shortcut == expected for one in at_best)
        page = files.verdict_md.read_text()
        assert ("no physics is needed for it" in page) == expected
    write_table(results[0], plausibility_table(even(np.full(12, 0.9), np.full(12, 0.9))))
    page = build(tmp_path, shown, results=results).verdict_md.read_text()
    assert "above the ceiling" in page and "| above | no |" in page


def test_the_published_models_are_compared(tmp_path: Path, drawn: list[Figure]) -> None:
    shown = spec(*BIG)
    files = build(tmp_path, shown, DEV_CLIPS)
    found = {model.model: model for model in verdict(files).models}
    for model in found.values():
        assert [c.reference for c in model.comparisons] == [
            "third-party reproduction",
            "paper, read off its plots",
        ]
        assert model.comparisons[0].recipe_differences == ()
        assert {rule.probe for rule in model.comparisons[0].rules} >= {
            "plausibility, relative accuracy",
            "plausibility, clip accuracy",
        }
    table = pd.read_csv(files.csv)
    points = table[table["series"] == "reference"]
    assert set(points["subset"]) == {"all"} and set(points["model"]) == set(BIG)
    large = points[(points["model"] == "vjepa2_large") & (points["metric"] == "clip_accuracy")]
    assert set(zip(large["layer"], large["mean"], strict=True)) >= {(8, 0.736), (18, 0.769)}
    text = words(drawn[0])
    assert "third-party values" in text and "public dev set of IntPhys" in text
    assert "published frames" in text


def qualified_large() -> tuple[np.ndarray, np.ndarray]:
    layers = np.arange(24)
    relative = np.interp(layers, [0, 4, 5, 6, 7, 8, 23], [0.733, 0.8, 0.889, 0.956, 0.989, 1, 1])
    clip = np.interp(
        layers,
        [0, 4, 5, 6, 7, 8, 18, 23],
        [0.519, 0.55, 0.575, 0.647, 0.736, 0.736, 0.769, 0.728],
    )
    return relative, clip


@pytest.mark.usefixtures("unsaved")
def test_levels_follow_from_the_rules(tmp_path: Path) -> None:
    shown = spec("vjepa2_large", by_block=False)
    results = write_results(tmp_path, shown)
    relative, clip = qualified_large()

    def level(relative: np.ndarray, clip: np.ndarray, clips: ClipsFacts = DEV_CLIPS) -> str:
        write_table(results[0], plausibility_table(even(relative, clip)))
        return verdict(build(tmp_path, shown, clips, results=results)).models[0].level

    assert level(relative, clip) == "Qualified"
    assert level(relative, clip - 0.1) == "Partial"
    assert level(relative - 0.06, clip + 0.1) == "Overall-only"
    assert level(relative - 0.3, clip - 0.3) == "Failed"
    fewer = DEV_CLIPS.model_copy(update={"datasets": {"intphys_dev": 356}})
    assert level(relative, clip, fewer) == "Not a reproduction"
    assert level(relative, clip, MINI_CLIPS) == "Not a reproduction"
    rendered = DEV_CLIPS.model_copy(update={"renderer": "kubric", "samples": 8})
    assert level(relative, clip, rendered) == "Not a reproduction"


@pytest.mark.usefixtures("unsaved")
def test_another_window_is_a_departure_from_the_recipe(tmp_path: Path) -> None:
    window = DEV_CLIPS.sampling.model_copy(update={"window": "breakpoint"})
    clips = DEV_CLIPS.model_copy(update={"sampling": window})
    model = verdict(build(tmp_path, spec("vjepa2_large"), clips)).models[0]
    assert model.comparisons[0].recipe_differences == (
        "plausibility, relative accuracy: window: breakpoint, reference uniform",
        "plausibility, clip accuracy: window: breakpoint, reference uniform",
    )


@pytest.mark.usefixtures("unsaved")
def test_the_attentive_reference_is_never_quoted_without_caution(tmp_path: Path) -> None:
    files = build(tmp_path, spec(*BIG, **ATTENTIVE), DEV_CLIPS)
    for model in verdict(files).models:
        assert len(model.comparisons[0].caveats) == 1
        assert "selection noise" in model.comparisons[0].caveats[0]
        assert f"## {model.model}: {model.level}, with caution" in files.verdict_md.read_text()
    linear = build(tmp_path / "linear", spec("vjepa2_large"), DEV_CLIPS)
    assert "caution" not in linear.verdict_md.read_text().lower()


@pytest.mark.usefixtures("unsaved")
def test_folds_without_a_block_are_left_out(tmp_path: Path) -> None:
    shown = spec("vjepa2_nano")
    results = write_results(tmp_path, shown)
    table = plausibility_table(realistic_course("vjepa2_nano", "plausibility"))
    empty = (table["subset"] == "O3") & (table["fold"] == 0)
    table["n_test"] = table["n_test"].where(~empty, 0)
    table["value"] = table["value"].where(~empty)
    write_table(results[0], table)
    drawn = pd.read_csv(build(tmp_path, shown, results=results).csv)
    assert set(panel(drawn, "clip_accuracy", "O3", "validation")["n_nan_folds"]) == {1}
    assert set(panel(drawn, "clip_accuracy", "O2", "validation")["n_nan_folds"]) == {0}


def test_inputs_that_do_not_belong_are_refused(tmp_path: Path) -> None:
    shown = spec("vjepa2_nano")
    results = write_results(tmp_path, shown)
    whole = plausibility_table(realistic_course("vjepa2_nano", "plausibility"))
    with pytest.raises(ArtifactError, match=r"vjepa2_nano/plausibility_shuffled\.parquet"):
        build(tmp_path, shown, results=[results[0], results[2]])
    for damaged, message in (
        (whole[whole["selection"] == "nested"], r"add it to probes\.plausibility\.selections"),
        (whole[whole["subset"] != "O2"], "relative_accuracy and subset O2"),
        (whole[whole["metric"] != "relative_ties"], "relative_ties and subset all"),
        (whole.drop(columns="subset"), "lacks the column subset"),
        (whole[whole["layer"] < 11], "11 layers .* the model has 12"),
    ):
        write_table(results[0], damaged)
        with pytest.raises(ArtifactError, match=message):
            build(tmp_path, shown, results=results)
    assert not (tmp_path / "f.png").exists()


@pytest.mark.parametrize("changes", [{}, {"font_pt": 9.0, "column_mm": 80.0, "page_mm": 150.0}])
@pytest.mark.parametrize(
    ("models", "options"),
    [
        (("vjepa2_nano",), {"by_block": False}),
        (("vjepa2_nano",), {"by_block": False, "metrics": ["clip_accuracy"]}),
        (("vjepa2_nano", "vjepa2_large"), ATTENTIVE),
    ],
)
def test_no_text_leaves_the_page_or_overlaps(
    tmp_path: Path, drawn: list[Figure], models: tuple[str, ...], options: dict, changes: dict
) -> None:
    style = STYLE.model_copy(update={"dpi": 150, **changes})
    build(tmp_path, spec(*models, **options), style=style)
    assert_nothing_overlaps(drawn[0])


def test_three_models_by_block_fit_a_sheet_of_a4(tmp_path: Path, drawn: list[Figure]) -> None:
    build(tmp_path, spec(*BIG, **ATTENTIVE), DEV_CLIPS)
    width, height = drawn[0].get_size_inches() * 25.4
    assert width == pytest.approx(180) and height < 297
    assert len(drawn[0].axes) == 3 * 2 * 4


def test_same_input_same_bytes(tmp_path: Path) -> None:
    one, other = (build(tmp_path / name, spec("vjepa2_nano")) for name in ("one", "other"))
    for name in ("png", "svg", "csv", "verdict_md", "verdict_json"):
        assert getattr(one, name).read_bytes() == getattr(other, name).read_bytes(), name


def test_nested_is_explained_only_where_it_is_drawn(tmp_path: Path, drawn: list[Figure]) -> None:
    shown = spec("vjepa2_nano", by_block=False)
    results = write_results(tmp_path, shown)
    course = realistic_course("vjepa2_nano", "plausibility")
    only = replace(course, selections={"validation": 0.0})
    write_table(results[0], plausibility_table(only))
    build(tmp_path, shown, results=results)
    assert "ested" not in words(drawn[0])


def test_the_axis_always_shows_chance() -> None:
    rows = pd.DataFrame({"mean": [0.9, 0.5], "band_low": [0.8, np.nan]})
    assert axis_bottom(rows) == pytest.approx(0.37)
    assert axis_bottom(rows - 0.45) == pytest.approx(0.02)
    assert axis_bottom(rows - 0.9) == pytest.approx(-0.03)
