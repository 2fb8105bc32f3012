"""Figures 1, 6 and 8: what is drawn, what is written, and that both are the same."""

import json
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
    PROTOCOLS,
    SUBSETS,
    even,
    plausibility_table,
    realistic_course,
    recipes,
    shortcut,
    spec,
    write_results,
)
from synthetic_results import (
    Files,
    assert_nothing_overlaps,
    judge_and_draw,
    remember_figures,
    write_evidence,
)

from pez.emergence.facts import ClipsFacts
from pez.emergence.figure_verdict import FigureVerdict
from pez.figures import draw
from pez.figures.drawings.plausibility import axis_bottom
from pez.figures.kinds.plausibility import Section
from pez.figures.spec import FigureStyle
from pez.runtime.errors import ArtifactError

STYLE = FigureStyle.model_validate({"dpi": 60})
BIG = ("vjepa2_large", "vjepa2_huge", "vjepa2_giant")
OVERLAID = {"overlaid": True, "metrics": ["matched_pair", "clip_accuracy"]}
ATTENTIVE = {"probes": ["plausibility_attentive"]}
BOTH = {"probes": ["plausibility", "plausibility_attentive"]}
REFERENCE = {"protocols": ["reference"]}


def build(
    folder: Path,
    shown: Section,
    clips: ClipsFacts = MINI_CLIPS,
    style: FigureStyle = STYLE,
    results: list[Path] | None = None,
    dataset: str | None = None,
) -> Files:
    known = recipes(dataset or next(iter(clips.datasets)))
    found = write_results(folder, shown) if results is None else results
    return judge_and_draw(folder, "figure6", shown, found, known, MODELS, clips, style)


def verdict(files: Files) -> FigureVerdict:
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


def panel(
    table: pd.DataFrame,
    metric: str,
    subset: str,
    protocol: str = "reference",
    control: str = "none",
) -> pd.DataFrame:
    """Rows of one curve."""
    chosen = (table["metric"] == metric) & (table["subset"] == subset) & (table["kind"] == "curve")
    return table[chosen & (table["protocol"] == protocol) & (table["control"] == control)]


def test_csv_holds_what_was_put_in_and_what_the_artists_show(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    table = pd.read_csv(build(tmp_path, spec("vjepa2_nano")).csv)
    networks = {
        "none": ("vjepa2_nano", ""),
        "untrained": ("vjepa2_nano_untrained", ""),
        "shuffled": ("vjepa2_nano", "_shuffled"),
    }
    for protocol in PROTOCOLS:
        for control, (network, suffix) in networks.items():
            course = realistic_course(network, f"plausibility.{protocol}{suffix}")
            for metric, mean in (
                ("matched_pair", course.relative),
                ("relative_accuracy", course.relative),
                ("clip_accuracy", course.clip),
            ):
                for subset in SUBSETS:
                    rows = panel(table, metric, subset, protocol, control)
                    assert rows["mean"].to_numpy() == pytest.approx(mean + OFFSET[subset])
                    assert rows["std"].to_numpy() == pytest.approx(0.03)
                    assert rows["band_low"].isna().all() == (control == "shuffled")
    keys = ["protocol", "selection", "control"]
    places = [(metric, subset) for metric in spec("m").metrics for subset in SUBSETS]
    for axes, (metric, subset) in zip(drawn[0].axes, places, strict=True):
        artists = {line.get_gid(): line for line in axes.get_lines() if line.get_gid()}
        shown = table[(table["metric"] == metric) & (table["subset"] == subset)]
        prefix = "vjepa2_nano/plausibility"
        for key, rows in shown[shown["kind"] == "curve"].groupby(keys):
            line = artists.pop("/".join((prefix, *key)))
            np.testing.assert_array_equal(line.get_xdata(), rows["depth"])
            np.testing.assert_array_equal(line.get_ydata(), rows["mean"])
        for kind, rows in shown[shown["kind"] != "curve"].groupby("kind"):
            line = artists.pop(f"{prefix}/{kind}")
            if kind == "pez":
                assert line.get_xdata()[0] == rows["depth"].iloc[0]
            else:
                assert set(line.get_ydata()) == {0.5 if kind == "chance" else 0.75}
        assert not artists


def test_the_chance_band_is_that_of_fair_coins_over_the_scenes(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    table = pd.read_csv(build(tmp_path, spec("vjepa2_nano", by_block=False)).csv)
    chance = table[table["kind"] == "chance"].iloc[0]
    coins = np.random.default_rng(0).binomial(60, 0.5, 400_000) / 60  # 5 folds of 12 scenes
    inside = (coins >= chance["band_low"]) & (coins <= chance["band_high"])
    assert 0.95 <= inside.mean() < 0.98
    assert ((coins > chance["band_low"]) & (coins < chance["band_high"])).mean() < 0.95
    (band,) = [p for p in drawn[0].axes[0].patches if (p.get_gid() or "").endswith("chance/band")]
    assert band.get_y() == pytest.approx(chance["band_low"])


@pytest.mark.usefixtures("unsaved")
def test_the_ceiling_is_drawn_with_clip_accuracy_only(tmp_path: Path) -> None:
    table = pd.read_csv(build(tmp_path, spec("vjepa2_nano", by_block=False)).csv)
    assert set(table.loc[table["kind"] == "ceiling", "metric"]) == {"clip_accuracy"}
    assert set(table["subset"]) == {"all"}
    assert set(table.loc[table["kind"] == "chance", "mean"]) == {0.5}


def test_over_all_movies_models_share_the_panels_of_probe_and_protocol(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    build(tmp_path, spec("vjepa2_nano", "vjepa2_large", by_block=False, **BOTH))
    axes = drawn[0].axes
    assert [one.get_title(loc="left") for one in axes[:4]] == [
        "linear probe, reference",
        "linear probe, strict",
        "attentive probe, reference",
        "attentive probe, strict",
    ]
    gids = {line.get_gid() for line in axes[3].get_lines()}
    for model in ("vjepa2_nano", "vjepa2_large"):
        for control in ("none", "untrained", "shuffled"):
            assert f"{model}/plausibility_attentive/strict/nested/{control}" in gids
    line = next(one for one in axes[0].get_lines() if "nano" in (one.get_gid() or ""))
    assert max(line.get_xdata()) <= 1  # networks of different depth: shares of their blocks
    assert axes[-1].get_xlabel() == "depth (residual state / blocks)"


def test_overlaid_models_share_the_panels_of_every_principle(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    files = build(tmp_path, spec("vjepa2_nano", *BIG[:2], **OVERLAID))
    axes = drawn[0].axes
    assert len(axes) == 2 * 2 * 4  # protocols, scores, all movies and three principles
    for first in (0, 8):
        titles = [one.get_title(loc="left").split()[0] for one in axes[first : first + 4]]
        assert titles == ["Overall", "O1", "O2", "O3"]
    text = words(drawn[0])
    assert "Reference protocol, validation selection" in text
    assert "Strict protocol, nested selection" in text
    assert text.count("vjepa2_nano: 12 blocks") == 1
    assert axes[-1].get_xlabel() == "depth (residual state / blocks)"
    table = pd.read_csv(files.csv)
    for number, metric, protocol, selection in (
        (1, "matched_pair", "reference", "validation"),
        (13, "clip_accuracy", "strict", "nested"),
    ):
        curves = {line.get_gid(): line for line in axes[number].get_lines()}
        for model in ("vjepa2_nano", *BIG[:2]):
            for control in ("none", "untrained", "shuffled"):
                line = curves.pop(f"{model}/plausibility/{protocol}/{selection}/{control}")
                rows = panel(table[table["model"] == model], metric, "O1", protocol, control)
                np.testing.assert_array_equal(line.get_ydata(), rows["mean"])
                np.testing.assert_array_equal(line.get_xdata(), rows["depth"])
        assert not [gid for gid in curves if gid and gid.count("/") == 4]
    one, other = (
        next(line for line in axes[0].get_lines() if line.get_gid() == gid).get_color()
        for gid in (
            "vjepa2_nano/plausibility/reference/validation/none",
            "vjepa2_large/plausibility/reference/validation/none",
        )
    )
    assert one != other


def test_one_model_alone_has_an_axis_of_states(tmp_path: Path, drawn: list[Figure]) -> None:
    build(tmp_path, spec("vjepa2_nano", **OVERLAID))
    assert drawn[0].axes[-1].get_xlabel().startswith("residual state")


def test_models_can_be_overlaid_block_by_block_only() -> None:
    with pytest.raises(ValueError, match="overlaid goes with by_block"):
        spec("vjepa2_nano", by_block=False, **OVERLAID)


def test_pictures_say_what_they_show(tmp_path: Path, drawn: list[Figure]) -> None:
    build(tmp_path, spec("vjepa2_nano"))
    text = words(drawn[0])
    for part in (
        "movies rendered by this project (intphys_mini)",
        "Not a reproduction of the paper's numbers",
        "240 intphys_mini (kubric, 8 samples per pixel, 16 frames evenly spaced)",
        "75 %: the most a probe of additive features can reach",
        "shuffled labels",
        "step and hyper-parameters picked on the reported fold itself (optimistic)",
        "resid_pre, pooling mean, folds by scene",
        "picked by relative_accuracy",
        "the position of the bias alone can take it from 0 to 100 %",
        "ties count one half",
        "chance: 50 %; band: 95 % of fair coins",
    ):
        assert part in text
    assert "Rings" not in text and "third-party" not in text
    titles = [axes.get_title(loc="left").replace("\n", " ") for axes in drawn[0].axes]
    assert titles == [
        "Overall",
        "O1 object permanence",
        "O2 shape constancy",
        "O3 spatio-temporal continuity",
        *[""] * 8,
    ]


def test_ties_are_ringed_and_in_the_csv(tmp_path: Path, drawn: list[Figure]) -> None:
    shown = spec("vjepa2_nano", metrics=["relative_accuracy", "clip_accuracy"], **ATTENTIVE)
    results = write_results(tmp_path, shown)
    relative = np.where(np.arange(12) < 2, 0.3, 0.8)
    ties = np.where(np.arange(12) < 2, 0.4, 0.0)
    write_evidence(results[0], plausibility_table(even(relative, np.full(12, 0.5), ties)))
    files = build(tmp_path, shown, results=results)
    table = pd.read_csv(files.csv)
    shares = panel(table, "relative_accuracy", "all")["tie_share"]
    assert shares.to_numpy() == pytest.approx(ties)
    assert panel(table, "clip_accuracy", "all")["tie_share"].isna().all()
    axes = drawn[0].axes[0]
    gid = "vjepa2_nano/plausibility_attentive/reference/validation/none"
    (rings,) = [line for line in axes.get_lines() if line.get_gid() == f"{gid}/ties"]
    np.testing.assert_allclose(rings.get_xdata(), [0, 1 / 12])
    np.testing.assert_allclose(rings.get_ydata(), [0.3, 0.3])
    assert rings.get_markerfacecolor() == "white"
    (bars,) = [bars for bars in axes.collections if bars.get_gid() == f"{gid}/tie_share"]
    assert bars.get_segments()[0][:, 1] == pytest.approx([0.3, 0.7])
    assert "some scenes tie" in words(drawn[0]) and "Rings" in words(drawn[0])
    assert "ties, which count as wrong: at 2 of 12 layers" in files.verdict_md.read_text()


@pytest.mark.usefixtures("unsaved")
def test_the_shortcut_is_told_from_other_errors(tmp_path: Path) -> None:
    shown = spec("vjepa2_nano", **REFERENCE)
    results = write_results(tmp_path, shown)
    clip = np.linspace(0.55, 0.74, 12)
    for course, expected in (
        (shortcut(clip + 0.2, clip), True),
        (even(clip + 0.2, clip), False),
    ):
        write_evidence(results[0], plausibility_table(course))
        files = build(tmp_path, shown, results=results)
        found = verdict(files).models[0].confusions
        at_best = [one for one in found if one.role == "best"]
        assert {one.subset for one in at_best} == set(SUBSETS)
        assert {one.selection for one in at_best} == {"validation"}
        assert all(one.is_shortcut == expected for one in at_best)
        page = files.verdict_md.read_text()
        assert ("no physics is needed for it" in page) == expected
    write_evidence(results[0], plausibility_table(even(np.full(12, 0.9), np.full(12, 0.9))))
    page = build(tmp_path, shown, results=results).verdict_md.read_text()
    assert "above the ceiling" in page and "| above | no |" in page


def test_the_published_models_are_compared(tmp_path: Path, drawn: list[Figure]) -> None:
    files = build(tmp_path, spec(*BIG), DEV_CLIPS)
    found = {model.model: model for model in verdict(files).models}
    for model in found.values():
        assert [c.reference for c in model.comparisons] == [
            "third-party reproduction",
            "paper, read off its plots: reference protocol",
            "paper, read off its plots: strict protocol",
        ]
        others = model.comparisons[0].not_compared
        assert set(others) == {
            "plausibility, relative accuracy (strict)",
            "plausibility, clip accuracy (strict)",
        }
        assert all("solver.start: zero, reference pytorch" in one for one in others.values())
        assert {rule.probe for rule in model.comparisons[0].rules} >= {
            "plausibility, relative accuracy",
            "plausibility, clip accuracy",
        }
    table = pd.read_csv(files.csv)
    points = table[table["kind"] == "reference"]
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
    shown = spec("vjepa2_large", by_block=False, **REFERENCE)
    results = write_results(tmp_path, shown)
    relative, clip = qualified_large()

    def level(relative: np.ndarray, clip: np.ndarray, clips: ClipsFacts = DEV_CLIPS) -> str:
        write_evidence(results[0], plausibility_table(even(relative, clip)))
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
    model = verdict(build(tmp_path, spec("vjepa2_large", **REFERENCE), clips)).models[0]
    assert model.level == "Not comparable"
    assert model.comparisons[0].not_compared == {
        "plausibility, relative accuracy (reference)": ("window: breakpoint, reference uniform",),
        "plausibility, clip accuracy (reference)": ("window: breakpoint, reference uniform",),
    }


@pytest.mark.usefixtures("unsaved")
def test_the_attentive_reference_is_never_quoted_without_caution(tmp_path: Path) -> None:
    files = build(tmp_path, spec(*BIG, **ATTENTIVE), DEV_CLIPS)
    for model in verdict(files).models:
        assert len(model.comparisons[0].caveats) == 1
        assert "selection noise" in model.comparisons[0].caveats[0]
        assert f"## {model.model}: {model.level}, with caution" in files.verdict_md.read_text()
    linear = build(tmp_path / "linear", spec("vjepa2_large"), DEV_CLIPS).verdict_md.read_text()
    assert "selection noise" not in linear
    assert "third-party reproduction: Qualified, with" not in linear


@pytest.mark.usefixtures("unsaved")
def test_folds_without_a_block_are_left_out(tmp_path: Path) -> None:
    shown = spec("vjepa2_nano", **REFERENCE)
    results = write_results(tmp_path, shown)
    table = plausibility_table(realistic_course("vjepa2_nano", "plausibility.reference"))
    empty = (table["subset"] == "O3") & (table["fold"] == 0)
    table["n_test"] = table["n_test"].where(~empty, 0)
    table["value"] = table["value"].where(~empty)
    write_evidence(results[0], table)
    drawn = pd.read_csv(build(tmp_path, shown, results=results).csv)
    assert set(panel(drawn, "clip_accuracy", "O3")["n_nan_folds"]) == {1}
    assert set(panel(drawn, "clip_accuracy", "O2")["n_nan_folds"]) == {0}


def test_inputs_that_do_not_belong_are_refused(tmp_path: Path) -> None:
    shown = spec("vjepa2_nano", **REFERENCE)
    results = write_results(tmp_path, shown)
    whole = plausibility_table(realistic_course("vjepa2_nano", "plausibility.reference"))
    with pytest.raises(ArtifactError, match=r"plausibility\.reference_shuffled\.parquet"):
        build(tmp_path, shown, results=[results[0], results[2]])
    for damaged, message in (
        (whole.assign(selection="nested"), "no selection validation, which recipe plausibility"),
        (whole[whole["subset"] != "O2"], "matched_pair and subset O2"),
        (whole[whole["metric"] != "relative_ties"], "relative_ties and subset all"),
        (whole[whole["layer"] < 11], "11 layers .* the model has 12"),
    ):
        write_evidence(results[0], damaged)
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
        (("vjepa2_nano", "vjepa2_large"), {**BOTH, "by_block": False}),
        (("vjepa2_nano",), OVERLAID),
        (BIG, OVERLAID),
    ],
)
def test_no_text_leaves_the_page_or_overlaps(
    tmp_path: Path, drawn: list[Figure], models: tuple[str, ...], options: dict, changes: dict
) -> None:
    style = STYLE.model_copy(update={"dpi": 150, **changes})
    build(tmp_path, spec(*models, **options), style=style)
    assert_nothing_overlaps(drawn[0])


def test_three_models_by_block_fit_a_sheet_of_a4(tmp_path: Path, drawn: list[Figure]) -> None:
    metrics = ["relative_accuracy", "clip_accuracy"]
    build(tmp_path, spec(*BIG, metrics=metrics, **ATTENTIVE), DEV_CLIPS)
    width, height = drawn[0].get_size_inches() * 25.4
    assert width == pytest.approx(180) and height < 297
    assert len(drawn[0].axes) == 3 * 2 * 4


def test_same_input_same_bytes(tmp_path: Path) -> None:
    one, other = (build(tmp_path / name, spec("vjepa2_nano")) for name in ("one", "other"))
    for name in ("png", "svg", "csv", "verdict_md", "verdict_json"):
        assert getattr(one, name).read_bytes() == getattr(other, name).read_bytes(), name


def test_the_axis_always_shows_chance() -> None:
    rows = pd.DataFrame({"mean": [0.9, 0.5], "band_low": [0.8, np.nan]})
    assert axis_bottom(rows) == pytest.approx(0.37)
    assert axis_bottom(rows - 0.45) == pytest.approx(0.02)
    assert axis_bottom(rows - 0.9) == pytest.approx(-0.03)
