"""An edit that can change a number rebuilds the jobs that use it, and no others."""

import ast
from pathlib import Path

import pytest

from fingerprint.defaults import CHOICES, SWEPT, as_it_is, jobs
from fingerprint.test_messages import renumber
from pez.fingerprint import SCRIPTS, CodeBase, silent

PROBES = {name for name in jobs() if name.startswith("fit_probe")}
MOVIE_PROBES = {name for name in PROBES if "plausibility" in name}
ATTENTIVE = {name for name in PROBES if "attentive" in name}
RIDGE = {name for name in PROBES - MOVIE_PROBES if name.endswith(".strict")}
GRADIENT = PROBES - ATTENTIVE - RIDGE
OBJECTS = {"simulate_objects", "render_objects"}
SWEEPS = {"fit_sweep", "gather_sweep"}
DRAWN = {name for name in jobs() if name.startswith("draw_figure")}
JUDGED = {name for name in jobs() if name.startswith("judge_figure")}
FIGURES = DRAWN | JUDGED
OF_MOVIES = ("figure1", "figure6", "figure8", "figure10")
MOVIE_FIGURES = {name for name in FIGURES if name.endswith(OF_MOVIES)}
BALL_FIGURES = FIGURES - MOVIE_FIGURES
PAGE = {"write_page"}
MEASURED = {"audit_network", "predict_audit"}
AUDIT = MEASURED | {"gather_audit", "calibrate_audit", "judge_audit", "draw_audit"}
MEASURED_INSIDE = {name for name in jobs() if name.startswith("measure_inside")}
OF_FEATURES = {name for name in jobs() if name.startswith("measure_features")}
JUDGED_INSIDE = {name for name in jobs() if name.startswith("judge_inside")}
DRAWN_INSIDE = {name for name in jobs() if name.startswith("draw_inside")}
TRAINED, SCORED = {"train_predictors prediction"}, {"score_movies prediction"}
INSIDE = MEASURED_INSIDE | OF_FEATURES | TRAINED | SCORED | JUDGED_INSIDE | DRAWN_INSIDE
ATTENTION = {"judge_inside figure19", "judge_inside figure3"}
ABLATED = {f"measure_inside {name}_ablation" for name in ("head", "plausibility", "window")}
UNDER_BALL = {"measure_inside tuning", "measure_inside steering"}
TUNING = {f"judge_inside {name}" for name in ("figure4", "figure20", "figure21")}
SECTORS = {
    f"fit_probe {name}.reference" for name in ("speed", "direction", "acceleration", "velocity_xy")
}
FAMILIES = ("videomae", "vjepa2", "vjepa2_1")


def of_families(script: str, *names: str) -> set[str]:
    """Jobs of ``script`` for the families ``names``, or for all."""
    return {f"{script} {name}" for name in names or FAMILIES}


OF_CONTROLS = {  # extractions of vjepa2_nano, a vjepa2, with something replaced
    name for name in jobs() if name.startswith("extract_features")
} - of_families("extract_features")
REPLACED = {name for name in jobs() if name.startswith("replace_features")}
EXTRACTION = of_families("extract_features") | OF_CONTROLS
CONVERSION = of_families("convert_checkpoint")
ENCODERS = EXTRACTION | CONVERSION | of_families("initialise_encoder")
VJEPA = ("vjepa2", "vjepa2_1")
ROTARY = {name for name in ENCODERS if name.endswith(VJEPA)} | OF_CONTROLS

EDITS = [
    # conversion and initialisation build the encoder too, for the shapes of its parameters
    ("encoders/rotary.py", "_BASE = 10_000", "_BASE = 20_000", ROTARY | {"pretrain_nano"}),
    ("encoders/preprocess.py", "0.485", "0.5", ENCODERS | {"pretrain_nano"}),
    ("encoders/preprocess.py", "293 / 256", "294 / 256", EXTRACTION),
    ("encoders/published.py", "_STD = 0.02", "_STD = 0.03",
     of_families("initialise_encoder", *VJEPA) | {"pretrain_nano"}),
    ("encoders/published.py", '"query", "key"', '"key", "query"', CONVERSION),
    ("encoders/families/vjepa2_1.py", "_MODALITY_STD = 1e-6", "_MODALITY_STD = 1e-5",
     {"initialise_encoder vjepa2_1"}),
    ("encoders/permute.py", "torch.randperm(len(flat)", "torch.randperm(1 + len(flat)",
     {"permute_weights"}),
    ("encoders/hub.py", '"config.json", "*.safetensors"', '"*.safetensors"', {"fetch_from_hub"}),
    ("controls/kinds/shuffled.py", '"linewidth": 0.8', '"linewidth": 0.9', MOVIE_FIGURES | PAGE),
    ("controls/kinds/untrained.py", '"linewidth": 1.0', '"linewidth": 0.9', FIGURES | PAGE),
    ("controls/kinds/permuted.py", '"linewidth": 0.9', '"linewidth": 0.8', set()),
    ("encoders/download.py", "_CHUNK = 2**16", "_CHUNK = 2**17", {"download_checkpoint"}),
    ("features/reduce.py", "grid.mean(dim=2)", "grid.sum(dim=2)", EXTRACTION),
    ("features/spec.py", "layer + 1", "layer + 2", PROBES | FIGURES | PAGE),
    ("features/views.py", '[:, -1] - stored["tubelet_mean"][:, 0]',
     '[:, -1] - stored["tubelet_mean"][:, 1]', {"fit_probe direction_vxy.reference"}),
    ("scores/regression.py", "return 1.0 - float(", "return 2.0 - float(", PROBES),
    ("recipes/groupings.py", "n_init=restarts", "n_init=1 + restarts",
     {"fit_probe speed_cluster.reference"}),
    ("recipes/groupings.py", "(2 * np.pi), 1.0)", "(3 * np.pi), 1.0)", SECTORS),
    ("solvers/adam_update.py", "0.9, 0.999, 1e-8", "0.9, 0.99, 1e-8", GRADIENT),
    ("solvers/ridge_dual.py", "values.clamp(min=0)", "values.clamp(min=1)", RIDGE),
    ("solvers/attentive_classifier.py", "MLP_RATIO = 4", "MLP_RATIO = 3", ATTENTIVE),
    ("scores/plausibility.py", "[1, 1, 0, 0]", "[1, 0, 1, 0]", MOVIE_PROBES),
    ("scores/plausibility.py", "THRESHOLD = 0.5", "THRESHOLD = 0.6", MOVIE_PROBES),
    ("recipes/kinds.py", '("vx_px", "vy_px"), ("vx", "vy"), VELOCITY, "image")',
     '("vx_px", "vx_px"), ("vx", "vy"), VELOCITY, "image")', {"fit_probe direction_vxy.reference"}),
    ("intphys/spec.py", "MOVIES = 4", "MOVIES = 5",
     MOVIE_PROBES | JUDGED & MOVIE_FIGURES | {"index_intphys"}),
    ("intphys/spec.py", "DEV_SCENES, DEV_FRAMES = 30", "DEV_SCENES, DEV_FRAMES = 29", set()),
    ("intphys/mini_scene.py", "default_rng(", "RandomState(", {"render_intphys_mini"}),
    ("clips/labels.py", "np.pi * direction /", "np.pi * (1 + direction) /", {"simulate_clips"}),
    ("clips/scene.py", "GRAVITY_M_S2 = 10.0", "GRAVITY_M_S2 = 9.8",
     {"simulate_clips", "render_clips", "render_intphys_mini"} | OBJECTS),
    ("clips/region_renderer.py", "=samples,", "=samples - 1,",
     {"render_clips", "render_intphys_mini", "render_objects"}),
    ("objects/scene.py", "GAP_M = 0.15", "GAP_M = 0.2", {"simulate_objects"}),
    ("objects/renderer.py", "SIDES = 96", "SIDES = 64", {"render_objects"}),
    ("objects/stage.py", "RESTITUTION = 0.8", "RESTITUTION = 0.7", OBJECTS),
    ("clips/procedural.py", "uniform", "uniform_", {"pretrain_nano"}),
    ("emergence/curves.py", "round(layers / 3)", "round(layers / 4)", FIGURES),
    ("emergence/chance.py", "0.5 / np.sqrt", "0.6 / np.sqrt", JUDGED & MOVIE_FIGURES),
    ("figures/page.py", "(0.0, 0.25, 0.5", "(0.0, 0.2, 0.5", DRAWN & MOVIE_FIGURES),
    ("figures/style.py", "SMALL = 0.88", "SMALL = 0.9", DRAWN | {"draw_pretraining"}),
    ("figures/theme.py", "GROUND = 0.1", "GROUND = 0.2", DRAWN | {"draw_pretraining"}),
    ("figures/pretraining.py", "* 0.7", "* 0.8", {"draw_pretraining"}),
    ("pretraining/masks.py", "torch.rand", "torch.randn", {"pretrain_nano"}),
    ("page/thumbnails.py", "WORST = 6", "WORST = 5", PAGE),
    ("runtime/timings.py", "%.4g", "%.5g", {"summarise_timings"}),
    ("runtime/tables.py", "preserve_index=False", "preserve_index=True",
     PROBES | JUDGED | {"simulate_clips", "index_intphys", "sample_intphys", "pretrain_nano"}
     | {"simulate_objects"}
     | {"index_folder", "label_folder"}),
    ("own_clips/video.py", "(size[1] - resize) // 2", "(size[1] - resize) // 3", {"decode_folder"}),
    ("own_clips/labels.py", "row for row, name", "-row for row, name", {"label_folder"}),
]  # fmt: skip

# Edits of what the audit uses, and all that they rebuild.
AUDIT_EDITS = [
    ("solvers/leave_out.py", "values.clamp(min=0)", "values.clamp(min=1)",
     MEASURED | {"calibrate_audit", "measure_inside object_probes", "measure_inside order",
     "measure_inside scenes"}),
    ("audit/gradient.py", '("validation", "nested")', '("nested", "validation")',
     {"audit_network"}),
    ("audit/planted/build.py", "_KEPT = 0.9", "_KEPT = 0.8", {"calibrate_audit"}),
    ("audit/claims/kinds/location.py", "(0.2, 0.45)", "(0.2, 0.4)",
     {"calibrate_audit", "judge_audit", "draw_audit"}),  # the picture shows the range
    ("audit/shares.py", "_FEWEST_DRAWS = 20", "_FEWEST_DRAWS = 30", {"judge_audit"}),
    ("figures/audit/pictures/calibration.py", '"#D9D9D9"', '"#D9D9D8"', {"draw_audit"}),
]  # fmt: skip

# Edits of what measurements inside networks use, and all that they rebuild.
INSIDE_EDITS = [
    ("inside/distances.py", "(spatial <= 1) & (temporal <= 1)", "(spatial <= 2) & (temporal <= 1)",
     {"measure_inside attention", "measure_inside head_ablation"}),
    ("inside/attention.py", "entropy = total.log()", "entropy = 2 * total.log()",
     {"measure_inside attention", "measure_inside head_ablation"}),
    ("inside/choose.py", "< per_condition", "<= per_condition", MEASURED_INSIDE | OF_FEATURES),
    ("controls/kinds/static.py", "np.zeros(", "np.ones(",
     MEASURED_INSIDE | {"extract_features static"}),
    ("controls/kinds/static.py", "(1, 1)", "(1, 2)", ATTENTION | {"draw_inside figure19"}),
    ("inside/head_statistics.py", "(0.25, 0.45)", "(0.2, 0.45)",
     ATTENTION | {"judge_inside figure18"}),
    ("inside/ablation/probes.py", "correction=0", "correction=1",
     ABLATED | {"measure_inside patch_probes", "measure_inside object_probes"}),
    ("inside/ablation/goals.py", "_TIE = 1e-9", "_TIE = 1e-8", ABLATED),
    ("inside/heads/sets.py", "_CANDIDATES = 4096", "_CANDIDATES = 4095",
     {"measure_inside head_ablation"}),
    ("inside/heads/costs.py", "beyond.low > 0", "beyond.low > 1",
     {"judge_inside local_heads", "judge_audit"}),
    ("inside/patches/track.py", "_POINTS = 8", "_POINTS = 4", {"measure_inside patch_probes"}),
    ("inside/patches/scores.py", "READABLE = 0.5", "READABLE = 0.6", {"judge_inside figure18"}),
    ("figures/inside/patch_maps.py", "_STATES = 6", "_STATES = 5", {"draw_inside figure18"}),
    ("inside/objects/targets.py", "speed > at_rest_px", "speed >= at_rest_px",
     {"measure_inside object_probes"}),
    ("inside/objects/under.py", "_COVERED = 0.5", "_COVERED = 0.6",
     {"measure_inside object_probes"}),
    ("inside/objects/reading.py", "_PLACE_WEIGHTS = (1e-3,", "_PLACE_WEIGHTS = (1e-2,",
     {"measure_inside object_probes"}),
    ("inside/objects/scores.py", '"shape": -1', '"shape": 1', {"judge_inside figure13"}),
    ("inside/objects/verdict.py", "BOUND = 0.05", "BOUND = 0.1", {"judge_inside figure13"}),
    ("figures/inside/pictures/object_probes.py", "_FLOOR = -0.35", "_FLOOR = -0.5",
     {"draw_inside figure13"}),
    ("inside/ablation/verdict.py", "low > 0", "low > 1",
     {"judge_inside table4", "judge_inside table4_plausibility"}),
    ("inside/tuning/models.py", "2 * crossed", "3 * crossed", {"measure_inside tuning"}),
    ("inside/tuning/occupancy.py", "_SEEN = 0.02", "_SEEN = 0.03", {"measure_inside tuning"}),
    ("clips/coverage.py", "away <= reach", "away < reach", UNDER_BALL),
    ("inside/tuning/ring.py", "SECTORS = 8", "SECTORS = 6", TUNING),
    ("figures/inside/tuning_maps.py", "magma_r", "magma",
     {"draw_inside figure4", "draw_inside figure21"}),
    ("inside/order/tasks.py", "TIE = 1e-3", "TIE = 1e-2", {"measure_inside order"}),
    ("inside/order/verdict.py", "_ALPHA = 0.05", "_ALPHA = 0.01", {"judge_inside figure12"}),
    ("inside/sequences/fits.py", "width**-0.5", "width**-0.4", {"measure_features sequences"}),
    ("inside/sequences/steering_verdict.py", "_DOZENS = 24", "_DOZENS = 25",
     {"judge_inside figure24"}),
    ("inside/sequences/alternation.py", "FIRST = 30", "FIRST = 20", {"judge_inside figure23"}),
    # the measurement stops by the appendix' rule, the figure shows both
    ("inside/sequences/stopping.py", '"r2": 0.3', '"r2": 0.4', {"judge_inside figure22"}),
    ("figures/inside/grid.py", "_BAND = 0.2", "_BAND = 0.3",
     {f"draw_inside figure{name}" for name in (11, 22, 23, 24)}
     | {"draw_inside table3", "draw_inside figure24_network"}),
    ("inside/prediction/predictor.py", "_MLP_RATIO = 4", "_MLP_RATIO = 3", TRAINED | SCORED),
    ("inside/prediction/surprise.py", "_SAME_PIXELS = 1e-3", "_SAME_PIXELS = 1e-2", SCORED),
    ("inside/prediction/accuracy.py", "CHANCE = 0.5", "CHANCE = 0.6", {"judge_inside figure11"}),
    ("figures/inside/pictures/layer_prediction.py", "(0.35, 0.9)", "(0.3, 0.9)",
     {"draw_inside figure11"}),
    ("pretraining/schedule.py", "0.5 * (1 +", "0.6 * (1 +", TRAINED | {"pretrain_nano"}),
    ("inside/steering/design.py", "_SAME_M = 1e-3", "_SAME_M = 1e-2", {"measure_inside steering"}),
    ("inside/steering/tokens.py", "_COVERED = 0.02", "_COVERED = 0.03",
     {"measure_inside steering"}),
    ("inside/steering/verdict.py", "_ZONE = 1 / 3", "_ZONE = 1 / 2",
     {"judge_inside figure24_network"}),
    ("figures/inside/pictures/network_steering.py", "(0, 45, 90, 135, 180)", "(0, 90, 180)",
     {"draw_inside figure24_network"}),
    ("inside/attention_layers.py", "_SURE = 0.9", "_SURE = 0.8", {"judge_inside figure19"}),
    ("inside/attention_heads.py", '["spatial"] / 2', '["spatial"] / 3', {"judge_inside figure3"}),
    ("figures/inside/pictures/attention_layers.py", "1.06 * top", "1.05 * top",
     {"draw_inside figure19"}),
    ("figures/inside/task_courses.py", "(0, 25, 50, 75, 100)", "(0, 50, 100)",
     {"draw_inside figure12", "draw_inside figure12_objects"}),
    ("inside/scenes/tasks.py", "0.5 / np.where", "0.6 / np.where", {"measure_inside scenes"}),
    ("inside/scenes/verdict.py", "one.low > 0", "one.low > 1", {"judge_inside figure12_objects"}),
    ("figures/inside/pictures/attention_heads.py", '"PuOr"', '"PuOr_r"', {"draw_inside figure3"}),
]  # fmt: skip

# Which jobs a number in a module of each package may belong to.
BALLS, MOVIES = {"simulate_clips", "render_clips", "preview_clips"}, {
    "render_intphys_mini", "index_intphys", "sample_intphys", "preview_intphys",
}  # fmt: skip
OWN = {"index_folder", "label_folder", "decode_folder", "preview_folder"}
WEIGHTS = ENCODERS | {"download_checkpoint", "fetch_from_hub", "permute_weights"}
OTHERS = {"summarise_timings", "draw_pretraining", "pretrain_nano"}
OWNERS = {
    "clips": BALLS | MOVIES | OBJECTS | TRAINED | {"pretrain_nano"},
    "objects": OBJECTS,
    "encoders": WEIGHTS
    | ATTENTIVE
    | {"pretrain_nano", "choose_precision"}
    | MEASURED_INSIDE
    | TRAINED
    | SCORED,
    "features": EXTRACTION | REPLACED | PROBES | MEASURED_INSIDE | OF_FEATURES | TRAINED | SCORED,
    "recipes": PROBES | FIGURES | PAGE | MEASURED_INSIDE | OF_FEATURES,
    "scores": PROBES
    | PAGE
    | OF_FEATURES
    | SCORED
    | {"measure_inside plausibility_ablation"}
    | {"judge_inside figure11", "judge_inside figure24", "measure_inside steering"}
    | {"judge_inside figure24_network"},
    "solvers": PROBES | MEASURED_INSIDE | OF_FEATURES,
    "probes": PROBES | FIGURES | OF_FEATURES,
    "emergence": FIGURES | PAGE,
    "figures": DRAWN | {"draw_pretraining"} | DRAWN_INSIDE,
    "evidence": PROBES | FIGURES | PAGE | JUDGED_INSIDE | DRAWN_INSIDE,
    "inside": INSIDE,
    "inside.judged": INSIDE | PAGE,  # verdicts stand on the page
    **dict.fromkeys(  # claim C10 is judged and worded by them
        ("inside.ablation.scores", "inside.heads.costs", "inside.heads.effects", "inside.wording"),
        INSIDE | {"judge_audit"},
    ),
    "intphys": MOVIES
    | OBJECTS
    | MOVIE_PROBES
    | FIGURES
    | PAGE
    | JUDGED_INSIDE
    | OF_FEATURES
    | SCORED,
    "page": PAGE,
    "audit": AUDIT | PAGE | MEASURED_INSIDE,
    "estimands": AUDIT | PAGE | MEASURED_INSIDE | JUDGED_INSIDE,
    "figures.audit": AUDIT | DRAWN_INSIDE,
    "figures.inside": DRAWN_INSIDE,
    "pretraining": {"pretrain_nano"},
    "pretraining.schedule": {"pretrain_nano"} | TRAINED,
    # the size of predictors, which a section of these measurements says
    "pretraining.spec": {"pretrain_nano", "judge_inside figure11"} | TRAINED | SCORED,
    "runtime": set(jobs()),
    # whose clips features and labels are of
    "clips.trajectories": REPLACED | MEASURED_INSIDE,
    "clips.dataset": BALLS
    | MOVIES
    | OBJECTS
    | EXTRACTION
    | REPLACED
    | PROBES
    | MEASURED_INSIDE
    | OF_FEATURES,
    "clips.store": BALLS | MOVIES | OBJECTS | OWN | EXTRACTION | REPLACED | PAGE | MEASURED_INSIDE,
    # what the ball covers of a frame
    "clips.coverage": UNDER_BALL,
    **dict.fromkeys(
        ("clips.colour", "clips.geometry", "clips.spec"),
        BALLS | MOVIES | OBJECTS | UNDER_BALL | {"pretrain_nano"},
    ),
    "own_clips": OWN,
    "clips.visibility": BALLS | PROBES | FIGURES,  # who was in view
    "features.spec": EXTRACTION
    | REPLACED
    | PROBES
    | FIGURES
    | PAGE  # which residual state a layer is
    | MEASURED_INSIDE  # how clips reach an encoder
    | OF_FEATURES
    | TRAINED
    | SCORED,
    "__init__": set[str](),
    "results": set[str](),  # for notebooks: no rule runs it
    "config": set[str](),
    "datasets": set[str](),
    "controls": OF_CONTROLS | REPLACED | FIGURES | PAGE | INSIDE,
    "fingerprint": set[str](),
}


def owners(module: str) -> set[str]:
    """Jobs that a number in ``module``, pez.package.name, may belong to."""
    name = module.removeprefix("pez.")
    found = OWNERS.get(name, OWNERS[name.split(".")[0]])
    if name.startswith("figures.") and not name.startswith("figures.inside"):
        found = found | {"draw_audit"}
    return found | SWEEPS | AUDIT if found & PROBES else found


class Edited:
    """Fingerprints of the code with one module replaced; the others are read once for all.

    A job that executes nothing of the module keeps its fingerprint and is not followed again.
    """

    def __init__(self, root: Path = SCRIPTS) -> None:
        self.code = CodeBase(root, CHOICES)
        self.executed = {
            name: set(self.code.closure(script, chosen and chosen & CHOICES).executed)
            for name, (script, chosen) in jobs().items()
        }

    def changed(self, module: str, text: str, tmp_path: Path) -> set[str]:
        """Kinds of jobs that rebuild when ``module`` has ``text``."""
        code, known = CodeBase(SCRIPTS, CHOICES), self.code._units
        path = tmp_path / "edited.py"
        path.write_text(text)
        read = type(known.source)(tmp_path)
        edited = read.module("edited")
        assert edited is not None
        edited.name = module
        units = code._units
        units.source._modules = {**known.source._modules, module: edited}
        units._units = {key: unit for key, unit in known._units.items() if key.module != module}
        units._effects = {name: one for name, one in known._effects.items() if name != module}
        before = as_it_is()
        return {
            name
            for name, job in jobs().items()
            if module in self.executed[name] and code.fingerprint(*job) != before[name]
        }

    def replaced(self, file: str, old: str, new: str, tmp_path: Path) -> set[str]:
        """Kinds of jobs that rebuild when ``file`` of the package has ``new`` for ``old``."""
        text = (SCRIPTS / "pez" / file).read_text()
        assert old in text
        name = f"pez/{file.removesuffix('.py')}".replace("/", ".")
        return self.changed(name, text.replace(old, new), tmp_path)


@pytest.fixture(scope="module")
def edited() -> Edited:
    return Edited()


def _id(value: object) -> str:
    """The order of a set differs from process to process: its names are no part of the id."""
    return f"{len(value)} jobs" if isinstance(value, set) else str(value)[:40]


@pytest.mark.parametrize(("file", "old", "new", "expected"), EDITS, ids=_id)
def test_an_edit_rebuilds_what_uses_it(
    edited: Edited, tmp_path: Path, file: str, old: str, new: str, expected: set[str]
) -> None:
    changed = edited.replaced(file, old, new, tmp_path)
    assert changed - SWEEPS - AUDIT - INSIDE == expected
    # a sweep plans by the names of all its recipes, and measures again by those of each
    assert "fit_sweep" in changed or f"fit_probe {SWEPT}" not in expected


@pytest.mark.parametrize(("file", "old", "new", "expected"), AUDIT_EDITS, ids=_id)
def test_an_edit_rebuilds_what_of_the_audit_uses_it(
    edited: Edited, tmp_path: Path, file: str, old: str, new: str, expected: set[str]
) -> None:
    assert edited.replaced(file, old, new, tmp_path) == expected


@pytest.mark.parametrize(("file", "old", "new", "expected"), INSIDE_EDITS, ids=_id)
def test_an_edit_rebuilds_what_inside_networks_uses_it(
    edited: Edited, tmp_path: Path, file: str, old: str, new: str, expected: set[str]
) -> None:
    assert edited.replaced(file, old, new, tmp_path) == expected


# Their numbers change no result: they bound or refuse values, word a refusal, or no rule runs them.
WITHOUT = {
    "pez.controls.kinds.permuted", "pez.controls.spec",
    "pez.emergence.facts", "pez.encoders.hub", "pez.evidence.schema", "pez.intphys.surprise",
    "pez.figures.inside.help",  # read when planning
    "pez.recipes.columns", "pez.runtime.limits", "pez.runtime.schema", "pez.runtime.time_left",
}  # fmt: skip


def modules() -> list[str]:
    paths = sorted((SCRIPTS / "pez").rglob("*.py"))
    return [".".join(path.relative_to(SCRIPTS).with_suffix("").parts) for path in paths]


def test_another_number_anywhere_rebuilds_jobs_of_its_package_alone(
    edited: Edited, tmp_path: Path
) -> None:
    """Every module in turn, with every number in it changed."""
    silent_modules = silent.OUTSIDE_PROVENANCE | silent.SILENT_MODULES
    strangers, unnoticed = {}, []
    for name in modules():
        if name.endswith("__init__"):
            continue
        text = SCRIPTS.joinpath(*name.split(".")).with_suffix(".py")
        if not text.exists() or not text.read_text():
            continue
        before = ast.parse(text.read_text())
        after = renumber(ast.parse(text.read_text()))
        changed = edited.changed(name, ast.unparse(after), tmp_path)
        if extra := changed - owners(name):
            strangers[name] = extra
        counts = name not in silent_modules and owners(name)
        if ast.dump(before) != ast.dump(after) and counts and not changed:
            unnoticed.append(name)
    assert strangers == {}
    assert set(unnoticed) == WITHOUT
