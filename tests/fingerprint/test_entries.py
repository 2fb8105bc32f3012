"""A new entry of a table rebuilds nothing of the others."""

import shutil
from pathlib import Path

import pytest

from fingerprint.defaults import changed, jobs
from pez.fingerprint import SCRIPTS

TARGET = [
    ("recipes/spec.py", '    "speed",\n', '    "speed",\n    "heading",\n'),
    (
        "recipes/kinds.py",
        '    "speed": TargetInfo',
        '    "heading": TargetInfo(("direction_rad",), ("angle",), VELOCITY, "wrapped"),\n'
        '    "speed": TargetInfo',
    ),
]
GROUPING = [
    ("recipes/spec.py", '    "start_index",\n', '    "start_index",\n    "heading",\n'),
    (
        "recipes/groupings.py",
        '        case "condition":',
        '        case "heading":\n            key = (heading(labels),)\n        case "condition":',
    ),
    (
        "recipes/groupings.py",
        "def spatial_sector",
        "def heading(labels):\n    return 1\n\n\ndef spatial_sector",
    ),
]
POOLING = [
    ("features/spec.py", '    "temporal_first",\n', '    "temporal_first",\n    "middle",\n'),
    (
        "features/spec.py",
        '    "mean": ("tubelet_mean",),\n',
        '    "mean": ("tubelet_mean",),\n    "middle": ("tubelet_mean",),\n',
    ),
    (
        "features/views.py",
        '        case "temporal_first":',
        '        case "middle":\n            return stored["tubelet_mean"][:, 4]\n'
        '        case "temporal_first":',
    ),
]
SOLVER = [
    (
        "recipes/spec.py",
        "class AttentiveSolver(Schema):",
        "class LassoSolver(Schema):\n"
        '    method: Literal["lasso"]\n'
        "    alphas: tuple[Positive, ...]\n\n\n"
        "class AttentiveSolver(Schema):",
    ),
    (
        "recipes/spec.py",
        "AnySolver = GradientSolver |",
        "AnySolver = LassoSolver | GradientSolver |",
    ),
    (
        "solvers/selection.py",
        "from pez.recipes.spec import ",
        "from pez.solvers.lasso import fit_lasso\nfrom pez.recipes.spec import LassoSolver, ",
    ),
    (
        "solvers/selection.py",
        "        case RidgeSolver() as solver:",
        "        case LassoSolver() as solver:\n"
        "            return fit_lasso(task, solver, features)\n"
        "        case RidgeSolver() as solver:",
    ),
    ("solvers/lasso.py", "", "def fit_lasso(task, solver, features):\n    return {}\n"),
]
FIGURE = [
    (
        "figures/kinds/map.py",
        "",
        "from pez.figures.spec import FigureSpec\n\n\n"
        "class Section(FigureSpec):\n    size: int = 3\n",
    ),
    ("figures/drawings/map.py", "", "def build(spec, inputs):\n    return spec.size\n"),
    ("emergence/kinds/map.py", "", "def remarks(evidence, model):\n    return 1\n"),
]
FAMILY = [
    (
        "encoders/families/newcomer.py",
        "",
        "from pez.encoders.family import Family\n\nFAMILY = Family()\n",
    )
]
CONTROL = [("controls/kinds/noise.py", "", 'CONTROL = "noise"\n')]
CLIPS_CONTROL = [
    (
        "controls/kinds/noise.py",
        "",
        "def reorder(frames, clip_ids, seed):\n    return frames[:, ::-1]\n",
    )
]
FEATURES_CONTROL = [
    ("controls/kinds/noise.py", "", "def features(clip, view):\n    return clip[0]\n")
]
PROBE_FIELD = [
    (
        "recipes/spec.py",
        "    kmeans_restarts: int",
        "    added: float = 0.0\n    kmeans_restarts: int",
    )
]
FIELD = [
    (
        "encoders/spec.py",
        "    weights: Weights\n",
        '    drop_path: float = Field(0.0, description="share")\n    weights: Weights\n',
    )
]
SCENE_FIELD = [
    (
        "clips/spec.py",
        "    ball_mass_kg: float",
        "    ball_spin: float = 0.0\n    ball_mass_kg: float",
    )
]
FIGURES = {name for name in jobs() if name.startswith(("draw_figure", "judge_figure"))}
INSIDE_FIGURES = {name for name in jobs() if name.startswith(("draw_inside", "judge_inside"))}
TELLING = FIGURES | {"write_page"}  # every choice of a recipe


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SCRIPTS, tmp_path / "scripts"))


@pytest.mark.parametrize(
    ("edits", "name", "rebuilt"),
    [
        pytest.param(TARGET, "heading", set(), id="target"),
        pytest.param(GROUPING, "heading", set(), id="grouping"),
        pytest.param(POOLING, "middle", set(), id="pooling"),
        pytest.param(SOLVER, "lasso", set(), id="solver"),
        pytest.param(FIGURE, "map", set(), id="figure kind"),
        pytest.param(FAMILY, "newcomer", set(), id="family"),
        pytest.param(CONTROL, "noise", set(), id="control"),
        pytest.param(CLIPS_CONTROL, "noise", set(), id="control with clips of its own"),
        pytest.param(FEATURES_CONTROL, "noise", set(), id="control with features of its own"),
        # what records a whole section in its file, field by field, counts every field: a training's
        # state (no figure needs it), predictors, and a clip shard
        pytest.param(
            FIELD,
            "",
            {"pretrain_nano", "train_predictors prediction", "score_movies prediction"},
            id="field that nothing reads",
        ),
        pytest.param(PROBE_FIELD, "", TELLING | {"fit_sweep"}, id="field that figures tell"),
        pytest.param(SCENE_FIELD, "", {"render_clips"}, id="field that a file records"),
    ],
)
def test_a_new_entry_rebuilds_nothing_of_the_others(
    root: Path, edits: list[tuple[str, str, str]], name: str, rebuilt: set[str]
) -> None:
    for file, old, new in edits:
        path = root / "pez" / file
        text = path.read_text() if path.exists() else ""
        assert old in text
        path.write_text(text.replace(old, new, 1))
    assert changed(root, [name]) == rebuilt


OF_PIXELS = {name for name in jobs() if name.startswith("replace_features pixels ")}
OF_DIFFERENCES = {name for name in jobs() if name.startswith("replace_features frame_")}


@pytest.mark.parametrize(
    ("module", "old", "new", "rebuilt"),
    [
        (
            "reorder.py",
            "digest[:8]",
            "digest[:7]",
            {
                "extract_features frames_shuffled",
                "extract_features tubelets_shuffled",
                "measure_inside order",
            },
        ),
        (
            "kinds/frames_shuffled.py",
            "permutation(count)",
            "permutation(count)[::-1]",
            {"extract_features frames_shuffled", "measure_inside order"},
        ),
        ("grid.py", "clip(overlap, 0", "clip(overlap, 1", OF_PIXELS | OF_DIFFERENCES),
        ("kinds/pixels.py", "float32(255)", "float32(256)", OF_PIXELS),
        ("kinds/frame_differences.py", "axis=0", "axis=1", OF_DIFFERENCES),
        (
            "kinds/trajectory.py",
            "direction[:, ::-1]",
            "direction",
            {"replace_features trajectory tubelet_mean"},
        ),
    ],
)
def test_code_of_a_control_makes_its_own_features_again_and_no_others(
    root: Path, module: str, old: str, new: str, rebuilt: set[str]
) -> None:
    path = root / "pez/controls" / module
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert changed(root) == rebuilt


@pytest.mark.parametrize(
    ("kind", "label"), [("pixels", "pixels, no network"), ("frames_shuffled", "shuffled frames")]
)
def test_the_looks_of_a_control_make_no_features_again(root: Path, kind: str, label: str) -> None:
    path = root / "pez/controls/kinds" / f"{kind}.py"
    text = path.read_text()
    assert f'"{label}",' in text
    path.write_text(text.replace(f'"{label}",', '"another label",'))
    assert changed(root) <= FIGURES | INSIDE_FIGURES


def test_a_family_behind_a_lazy_import_counts_where_it_is_chosen(tmp_path: Path) -> None:
    """`import_module(f"...{name}")` reaches the module of the name that the rule is given."""
    from pez.fingerprint import CodeBase

    package = tmp_path / "pkg/families"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    (tmp_path / "run.py").write_text(
        "from importlib import import_module\n"
        'family = import_module(f"pkg.families.{snakemake.params.family}")\n'
        "family.build()\n"
    )
    (package / "one.py").write_text("def build():\n    return 1\n\ndef unused():\n    return 1\n")
    before = CodeBase(tmp_path, {"one"}).fingerprint("run.py", frozenset({"one"}))
    (package / "two.py").write_text("def build():\n    return 2\n")
    code = CodeBase(tmp_path, {"one", "two"})
    assert code.fingerprint("run.py", frozenset({"one"})) == before
    assert code.fingerprint("run.py", frozenset({"two"})) != before
    (package / "one.py").write_text("def build():\n    return 3\n")
    assert CodeBase(tmp_path, {"one", "two"}).fingerprint("run.py", frozenset({"one"})) != before
