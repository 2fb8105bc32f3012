"""Figures 2(b) and 2(c): what is drawn, what is written, and that both are the same."""

from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib.colors
import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pydantic import ValidationError
from synthetic_results import (
    CLIPS,
    FIGURE_2B,
    FIGURE_2C,
    MODELS,
    PROTOCOLS,
    RECIPES,
    Files,
    assert_nothing_overlaps,
    judge_and_draw,
    probe_table,
    realistic_curves,
    remember_figures,
    spec,
    step,
    write_evidence,
    write_results,
)

from pez.clips.visibility import MagnitudeOutOfView, OutOfView
from pez.controls.registry import control_names, find_control
from pez.emergence.facts import ClipsFacts
from pez.figures.captions import recipes_in_words
from pez.figures.kinds.motion import Section as MotionSection
from pez.figures.looks import OWN
from pez.figures.panels import axis_floor
from pez.figures.spec import FigureSpec, FigureStyle
from pez.figures.style import MM_PER_INCH
from pez.recipes.columns import CategoryTarget
from pez.runtime.errors import ArtifactError

POLAR = spec(FIGURE_2C, "vjepa2_nano", "vjepa2_large")
STYLE = FigureStyle.model_validate({"dpi": 60})


def build(
    folder: Path,
    shown: FigureSpec,
    style: FigureStyle = STYLE,
    results: list[Path] | None = None,
    models: dict = MODELS,
    recipes: dict = RECIPES,
    clips: ClipsFacts = CLIPS,
) -> Files:
    found = write_results(folder, shown) if results is None else results
    return judge_and_draw(folder, "figure2c", shown, found, recipes, models, clips, style)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that `draw_figure` makes, as matplotlib objects."""
    return remember_figures(monkeypatch)


@dataclass(frozen=True)
class Built:
    files: Files
    table: pd.DataFrame
    figure: Figure


@pytest.fixture(scope="module")
def polar(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Figure 2(c) of the small and of the large model, built once."""
    with pytest.MonkeyPatch.context() as patch:
        seen = remember_figures(patch)
        made = build(tmp_path_factory.mktemp("polar"), POLAR)
    return Built(made, pd.read_csv(made.csv), seen[0])


def lines(figure: Figure) -> dict[str, Line2D]:
    found = [line for axes in figure.axes for line in axes.get_lines() if line.get_gid()]
    return {line.get_gid(): line for line in found}


def words(figure: Figure) -> str:
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    return " ".join([text.get_text().replace("\n", " ") for text in figure.texts] + legend)


CURVE = ["model", "probe", "protocol", "selection", "control"]


def gid(key: tuple[str, ...]) -> str:
    return "/".join(key)


def curve(table: pd.DataFrame, probe: str, protocol: str, control: str = "none") -> pd.DataFrame:
    """Rows of the curve of a recipe's own selection."""
    chosen = (table["probe"] == probe) & (table["protocol"] == protocol)
    return table[chosen & (table["control"] == control) & (table["kind"] == "curve")]


def test_csv_is_what_the_artists_show(polar: Built) -> None:
    table, artists = polar.table, lines(polar.figure)
    curves = table[table["kind"] == "curve"]
    known = set()
    for key, rows in curves.groupby(CURVE):
        known.add(gid(key))
        np.testing.assert_array_equal(artists[gid(key)].get_xdata(), rows["depth"])
        np.testing.assert_array_equal(artists[gid(key)].get_ydata(), rows["mean"])
        assert len(rows) == MODELS[key[0]].layers
    assert len(known) == 2 * 3 * 2 * 2  # models, probes, protocols, with and without training
    points = table[table["kind"] != "curve"]
    for (model, probe, kind), rows in points.groupby(["model", "probe", "kind"]):
        name = f"{model}/{probe}/{kind}"
        known.add(name)
        if kind == "pez":
            assert artists[name].get_xdata()[0] == rows["depth"].iloc[0]
            assert rows["layer"].iloc[0] == (8 if model == "vjepa2_large" else 4)
        else:
            peak = rows["note"].str.startswith("peak")
            for part, part_name in ((rows[~peak], name), (rows[peak], f"{name}/peak")):
                np.testing.assert_array_equal(artists[part_name].get_xdata(), part["depth"])
                np.testing.assert_array_equal(artists[part_name].get_ydata(), part["mean"])
    assert {name for name in artists if not name.endswith(("below", "peak"))} == known


def test_the_axis_carries_residual_states(polar: Built) -> None:
    """Layer l of resid_post is the output of block l, state l + 1."""
    rows = polar.table[polar.table["layer"].notna()]
    assert (rows["state"] == rows["layer"] + 1).all()
    layers = rows["model"].map({name: facts.layers for name, facts in MODELS.items()})
    assert (rows["depth"] == rows["state"] / layers).all()
    small, large = polar.figure.axes[0], polar.figure.axes[3]
    assert [tick.get_text() for tick in small.get_xticklabels()] == ["0", "3", "6", "9", "12"]
    assert [tick.get_text() for tick in large.get_xticklabels()] == ["0", "6", "12", "18", "24"]


def test_bands_are_one_standard_deviation(polar: Built) -> None:
    table = polar.table[polar.table["model"] == "vjepa2_nano"]
    bands = {b.get_gid(): b for axes in polar.figure.axes[:3] for b in axes.collections}
    curves = table[table["kind"] == "curve"].groupby(CURVE).groups
    assert set(bands) == {f"{gid(key)}/band" for key in curves}
    rows = curve(table, "speed", "reference")
    assert rows["std"].to_numpy() == pytest.approx(0.02)
    path = bands["vjepa2_nano/speed/reference/validation/none/band"].get_paths()[0]
    for limit in (*rows["band_low"], *rows["band_high"]):
        assert np.isclose(path.vertices[:, 1], limit).any()
    expected = realistic_curves("vjepa2_nano", "speed.reference")["validation"] - 0.02
    assert rows["band_low"].to_numpy() == pytest.approx(expected)


def test_two_selections_have_equal_rank(tmp_path: Path, drawn: list[Figure]) -> None:
    shown = spec(("speed",), "vjepa2_nano", protocols=["strict"])
    results = write_results(tmp_path, shown)
    for path in results:
        curves = realistic_curves(path.parent.name, "speed.strict")
        write_evidence(path, probe_table({**curves, "validation": curves["nested"] + 0.05}))
    both = RECIPES["speed.strict"].spec.model_copy(update={"selections": ("nested", "validation")})
    recipe = replace(RECIPES["speed.strict"], spec=both)
    made = build(tmp_path, shown, results=results, recipes={"speed.strict": recipe})
    table, artists = pd.read_csv(made.csv), lines(drawn[0])
    for control in ("none", "untrained"):
        nested, validation = (
            artists[f"vjepa2_nano/speed/strict/{selection}/{control}"]
            for selection in ("nested", "validation")
        )
        assert nested.get_linewidth() == validation.get_linewidth()
        assert nested.get_color() != validation.get_color()
    assert len(table[table["kind"] == "pez"]) == 1
    for selection in ("nested", "validation"):
        assert f"strict protocol ({selection} selection)" in words(drawn[0])
    assert "mean over layers +0.050" in made.verdict_md.read_text()


def test_classes_are_drawn_as_accuracies_with_their_chance(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    shown = spec(("speed",), "vjepa2_nano", protocols=["strict"])
    target = {"target": CategoryTarget(column=("direction_index",), kind="category")}
    made = RECIPES["speed.strict"]
    recipe = replace(made, spec=made.spec.model_copy(update=target))
    results = write_results(tmp_path, shown)
    for path in results:
        curves = probe_table({"nested": step(12, 0.2, 0.9, 0.3)}).replace({"mae": "chance"})
        curves["metric"] = curves["metric"].replace({"r2": "accuracy"})
        curves.loc[curves["metric"] == "chance", "value"] = 0.125
        write_evidence(path, curves)
    files = build(tmp_path, shown, results=results, recipes={"speed.strict": recipe})
    table = pd.read_csv(files.csv)
    assert set(table["metric"]) == {"accuracy"}
    (level,) = table.loc[table["kind"] == "chance", "mean"]
    assert level == 0.125 and "chance: share of the largest class" in words(drawn[0])
    assert drawn[0].axes[0].get_ylabel() == "accuracy"
    assert "Share of clips told right" in words(drawn[0])
    assert "accuracy" in files.verdict_md.read_text()


def test_degenerate_folds_are_left_out_and_counted_in_the_csv(tmp_path: Path) -> None:
    shown = spec(("direction",), "vjepa2_nano")
    results = write_results(tmp_path, shown)
    damaged = tmp_path / "probes/vjepa2_nano/direction.reference.parquet"
    means = realistic_curves("vjepa2_nano", "direction.reference")
    write_evidence(damaged, probe_table(means, nan_fold=2))
    rows = curve(pd.read_csv(build(tmp_path, shown, results=results).csv), "direction", "reference")
    assert set(rows["n_nan_folds"]) == {1}
    assert set(rows["n_folds"]) == {4}
    assert rows["mean"].to_numpy() == pytest.approx(means["validation"])  # fold 2 is the mean
    assert "1 of 5 folds have no R2" in (tmp_path / "f_verdict.md").read_text()


def test_reference_points_only_for_the_trained_large_model(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    untrained = MODELS | {"vjepa2_large": MODELS["vjepa2_large_untrained"]}
    for folder, model, models, expected in (
        ("large", "vjepa2_large", MODELS, {0.326, 0.816, 0.876, 0.835}),
        ("random", "vjepa2_large", untrained, set()),
        ("nano", "vjepa2_nano", MODELS, set()),
    ):
        shown = spec(("direction",), model)
        table = pd.read_csv(build(tmp_path / folder, shown, models=models).csv)
        points = table[(table["kind"] == "reference") & (table["probe"] == "direction")]
        assert set(points["mean"]) == expected
        assert ("third-party" in words(drawn[-1])) == bool(expected)


def test_another_recipe_is_not_compared_and_says_why(tmp_path: Path, drawn: list[Figure]) -> None:
    shown = spec(("direction",), "vjepa2_large", protocols=["strict"])
    made = build(tmp_path, shown)
    assert "third-party" not in words(drawn[0])
    page = made.verdict_md.read_text()
    assert "## vjepa2_large: Not comparable" in page
    for field in (
        "target: direction_sincos, reference direction_angle",
        "grouping: condition, reference direction_spatial_sector",
        "solver.method: ridge, reference adam_l2",
        "selections: nested, reference validation",
        "fold_seed: 42, reference none",
    ):
        assert field in page


def test_pictures_say_model_weights_clips_recipe(tmp_path: Path, drawn: list[Figure]) -> None:
    build(tmp_path, spec(FIGURE_2B, "vjepa2_nano"))
    text = words(drawn[0])
    for part in (
        "vjepa2_nano: 12 blocks, random weights, seed 0",
        "Not a reproduction of the paper's numbers",
        "PEZ marker at layer 4 of resid_post (state 5)",
        "392 velocity + 280 acceleration (kubric, 16 samples per pixel)",
        "Reference protocol (the third party's): resid_post, 5 folds, center, solver third_party",
        "velocity_xy: dataset velocity, target velocity_xy, pooling temporal_last_patch, "
        "shared map of patches, folds by magnitude_spatial_sector",
        "picked on the reported fold itself (optimistic)",
        "Strict protocol (leak-free): resid_post, pooling temporal_last, folds by condition",
        "picked on an inner split of the training folds",
        "reference protocol (validation selection), ± 1 s.d.",
        "same architecture, random weights, seed 1",
    ):
        assert part in text


def test_a_trained_model_is_not_called_untrained(tmp_path: Path, drawn: list[Figure]) -> None:
    build(tmp_path, spec(FIGURE_2C, "vjepa2_large"))
    assert "Not a reproduction" not in words(drawn[0])
    assert "vitl.pt, target_encoder" in words(drawn[0])


def test_shared_parts_of_the_recipes_are_said_once() -> None:
    text = recipes_in_words([RECIPES[f"{probe}.reference"] for probe in FIGURE_2C], PROTOCOLS)
    assert text.count("temporal_last") == 1
    assert text.count("direction_angle") == 1


def test_pictures_and_verdicts_say_where_balls_go_out_of_view(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    rows = [
        MagnitudeOutOfView(magnitude=speed, clips=196, at_end=gone, in_last_tubelet=gone)
        for speed, gone in ((1, 0), (7, 45))
    ]
    counts = OutOfView(
        clips=392, at_end=45, in_last_tubelet=45, unit="m/s", by_magnitude=rows, r2_of_absence=0.13
    )
    clips = CLIPS.model_copy(update={"out_of_view": {"velocity": counts}})
    style = STYLE.model_copy(update={"dpi": 150})
    made = build(tmp_path, spec(FIGURE_2C, "vjepa2_nano"), style, clips=clips)
    told = "45 of 392 velocity clips end with the ball out of view (45 of 196 at 7 m/s)"
    assert f"{told}; the probes read them too." in words(drawn[0])
    assert_nothing_overlaps(drawn[0])
    assert "45 of 392 clips of velocity end with the ball out of view" in (
        made.verdict_md.read_text()
    )


def test_values_below_the_axis_are_marked(polar: Built) -> None:
    table = polar.table[polar.table["model"] == "vjepa2_nano"]
    low = table[table["mean"] < -0.5]
    assert set(low["probe"]) == {"direction"} and set(low["control"]) == {"untrained"}
    shown = low[low["protocol"] == "reference"]
    marks = lines(polar.figure)["vjepa2_nano/direction/reference/validation/untrained/below"]
    np.testing.assert_array_equal(marks.get_xdata(), shown["depth"])
    bottom, top = polar.figure.axes[1].get_ylim()
    assert ((bottom < marks.get_ydata()) & (marks.get_ydata() < -0.5)).all()
    assert top == pytest.approx(1.03) and bottom > -1
    notes = [text.get_text() for text in polar.figure.axes[1].texts]
    assert notes == [f"▾ below \N{MINUS SIGN}0.5; lowest \N{MINUS SIGN}{-low['mean'].min():.2f}"]
    assert not polar.figure.axes[0].texts


def test_axis_reaches_below_the_floor_only_if_needed() -> None:
    rows = pd.DataFrame({"mean": [0.4, -0.2], "band_low": [0.3, -0.3]})
    assert axis_floor(rows, -0.5) == pytest.approx((-0.33, -0.33))
    floor, bottom = axis_floor(pd.concat([rows, pd.DataFrame({"mean": [-3.0]})]), -0.5)
    assert floor == -0.5 and bottom < -0.5


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"font_pt": 9.0, "column_mm": 80.0, "page_mm": 150.0},
        {"font_pt": 6.0, "page_mm": 88.0},
        {"font_pt": 9.0, "page_mm": 150.0, "captions": False},
    ],
)
@pytest.mark.parametrize("probes", [FIGURE_2C, FIGURE_2B, ("direction",)])
def test_no_text_leaves_the_page_or_overlaps(
    tmp_path: Path, drawn: list[Figure], probes: tuple[str, ...], changes: dict
) -> None:
    style = STYLE.model_copy(update={"dpi": 150, **changes})
    build(tmp_path, spec(probes, "vjepa2_large", "vjepa2_nano"), style)
    assert_nothing_overlaps(drawn[0])


def test_width_and_resolution(polar: Built, tmp_path: Path) -> None:
    column = build(tmp_path, spec(("speed",), "vjepa2_nano"))
    for made, width_mm in ((polar.files, STYLE.page_mm), (column, STYLE.column_mm)):
        pixels = matplotlib.image.imread(made.png).shape[1]
        assert pixels == pytest.approx(width_mm / MM_PER_INCH * STYLE.dpi, abs=1)


def test_same_input_same_bytes(polar: Built, tmp_path: Path) -> None:
    one, other = polar.files, build(tmp_path, POLAR)
    for name in ("png", "svg", "csv", "pdf", "verdict_md", "verdict_json"):
        assert getattr(one, name).read_bytes() == getattr(other, name).read_bytes(), name
    assert b"dc:date" not in one.svg.read_bytes()


def test_a_changed_colour_changes_the_picture_and_not_the_numbers(
    polar: Built, tmp_path: Path
) -> None:
    red = FigureStyle.model_validate({"dpi": 60, "colours": {"curves": ["#FF0000", "#00FF00"]}})
    one, other = polar.files, build(tmp_path, POLAR, red)
    for name, same in (("png", False), ("svg", False), ("csv", True), ("verdict_json", True)):
        equal = getattr(one, name).read_bytes() == getattr(other, name).read_bytes()
        assert equal == same, name


def test_inputs_that_do_not_belong_are_refused(tmp_path: Path) -> None:
    shown = spec(("speed",), "vjepa2_nano")
    results = write_results(tmp_path, shown)
    with pytest.raises(ArtifactError, match=r"vjepa2_nano_untrained/speed\.reference\.parquet"):
        build(tmp_path, shown, results=results[:1])
    write_evidence(results[0], probe_table(realistic_curves("vjepa2_large", "speed.reference")))
    with pytest.raises(ArtifactError, match=r"24 layers .* the model has 12"):
        build(tmp_path, shown, results=results)
    write_evidence(results[0], probe_table(realistic_curves("vjepa2_nano", "speed.strict")))
    with pytest.raises(ArtifactError, match=r"no selection validation, which recipe speed\.refer"):
        build(tmp_path, shown, results=results)
    assert not (tmp_path / "f.png").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probes": ["speed", "speed"]}, "probes names speed more than once"),
        ({"protocols": ["strict", "strict"]}, "protocols names strict more than once"),
        ({"panel_titles": {"sped": "Speed"}}, "sped, not among probes"),
        ({"color": "red"}, "color"),
    ],
)
def test_bad_figure_sections_are_refused(change: dict, message: str) -> None:
    section = {"title": "T", "models": ["vjepa2_nano"], "probes": ["speed"]}
    with pytest.raises(ValidationError, match=message):
        MotionSection.model_validate(section | change)


# Linear RGB as seen without the red, or without the green cones: Machado, Oliveira and Fernandes,
# "A physiologically-based model for simulation of color vision deficiency" (2009), severity 1.
PROTANOPIA = [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]
DEUTERANOPIA = [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]


@pytest.mark.parametrize("seen", [np.eye(3), np.array(PROTANOPIA), np.array(DEUTERANOPIA)])
def test_default_colours_stay_apart_for_the_colour_blind(seen: np.ndarray) -> None:
    found = FigureStyle.model_validate({}).colours
    colours = (*found.curves, found.pez, found.ceiling, found.reference)
    linear = np.array([matplotlib.colors.to_rgb(colour) for colour in colours]) ** 2.2
    apart = np.clip(linear @ seen.T, 0, 1) ** (1 / 2.2)
    distances = np.linalg.norm(apart[:, None] - apart[None], axis=-1)
    assert distances[~np.eye(len(distances), dtype=bool)].min() > 0.2


def test_curves_differ_in_more_than_colour() -> None:
    looks = [find_control(name).look for name in control_names()]
    styles = [look.line for look in (OWN, *looks)]
    shapes = [(one.get("marker"), one.get("linestyle"), one["linewidth"]) for one in styles]
    assert len(set(shapes)) == len(styles) > 3


def test_a_colour_that_is_no_hex_code_is_refused() -> None:
    with pytest.raises(ValidationError, match="curves"):
        FigureStyle.model_validate({"colours": {"curves": ["orange"]}})
