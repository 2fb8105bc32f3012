"""Bad configurations are refused while planning, in a message that says what to write instead."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import CHECKOUT, Project
from pez.config.load import load_config, open_config
from pez.config.model import describe_weights, json_schema
from pez.runtime.errors import ConfigError


def defaults() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    return loaded


def with_value(key: str, value: Any) -> dict[str, Any]:
    config = defaults()
    section = config
    *parents, last = key.split(".")
    for parent in parents:
        section = section[parent]
    section[last] = value
    return config


def figure2c() -> dict[str, Any]:
    figure: dict[str, Any] = defaults()["figures"]["figure2c"]
    return figure


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("clips.scene.framess", 16, r"clips\.scene: unknown key 'framess' \(did you mean 'frames'"),
        ("probs", {}, r"top level: unknown key 'probs' \(did you mean 'probes'\?"),
        ("clips.render.samples", "many", r"clips\.render\.samples = 'many': .*valid integer"),
        ("clips.render.samples", 0, r"clips\.render\.samples = 0: .*greater than or equal to 1"),
        ("clips.scene.floor_colour", [0.1, 0.2, 1.5], r"clips\.scene\.floor_colour\.2 = 1\.5: "),
        ("clips.scene.physics_hz", 250, r"clips\.scene: .*physics_hz = 250 is no multiple of"),
        ("extraction.batch_size", -1, r"extraction\.batch_size = -1: "),
        ("encoders.models.vjepa2_nano.heads", 5, r"hidden_size = 192 is no multiple of heads = 5"),
        ("encoders.models.vjepa2_large.weights.file", "x", r"vjepa2_large\.weights\.file = 'x': "),
        ("encoders.models.vjepa2_large.weights.url", "x", r"weights\.url = 'x': an address begins"),
        ("encoders.models.vjepa2_large.weights.sha256", "x", r"sha256 = 'x': .* 64 digits of 0-9"),
        (
            "encoders.models.vjepa2_large.weights",
            {"source": "checkpoint", "file": "/data/latest.pt", "sha256": "0" * 64},
            r"weights\.sha256 = '0+': it is of the file at `url`, and there is none",
        ),
        (
            "encoders.models.vjepa2_large.family",
            "vjepa",
            r"vjepa2_large\.family = 'vjepa' \(did you mean 'vjepa2'\? allowed: videomae, vjepa2, ",
        ),
        (
            "encoders.models.vjepa2_nano.input_size",
            250,
            r"vjepa2_nano: input_size = 250 is no multiple of patch_size = 16",
        ),
        (
            "probes.speed.grouping",
            "start_indices",
            r"speed\.grouping = 'start_indices' \(did you mean 'start_index'\? allowed: st",
        ),
        (
            "probes.speed.pooling",
            "temporal_lst",
            r"probes\.speed\.pooling = 'temporal_lst' \(did you mean 'temporal_last'\?",
        ),
        (
            "probes.speed.protocols.strict.solver",
            "trainible",
            r"probes\.speed\.protocols\.strict: solver = 'trainible' \(did you mean 'trainable'\?",
        ),
        (
            "probes.speed.dataset",
            "velocities",
            r"probes\.speed\.protocols\.paper: dataset = 'velocities' \(did you mean 'velocity'\?",
        ),
        (
            "probes.speed.dataset",
            "acceleration",
            r"probes\.speed\.protocols\.strict: target = 'speed' cannot be read from dataset 'ac",
        ),
        (
            "probes.acceleration_xy.folds",
            6,
            r"acceleration_xy\.protocols\.reference: folds = 6: grouping 'magnitude' gives at most",
        ),
        (
            "probes.speed.protocols.strikt",
            {},
            r"probes\.speed\.protocols\.strikt: protocol = 'strikt' \(did you mean 'strict'\?",
        ),
        (
            "probes.new",
            {"dataset": "velocity", "target": "speed", "protocols": {"strict": None}},
            r"probes\.new\.protocols\.strict: capture is given neither here nor by the probe or",
        ),
        (
            "probes.speed.half_counts_as",
            "possible",
            r"probes\.speed\.protocols\.strict: unknown key 'half_counts_as'",
        ),
        (
            "solvers.third_party.stopped_by",
            "clip_accuracy",
            r"solver = 'third_party', which stops by clip_accuracy: a regression has none",
        ),
        (
            "figures.figure2c.protocols",
            ["strict", "papper"],
            r"figures\.figure2c\.protocols = 'papper' \(did you mean 'paper'\?.*probe 'speed'",
        ),
        (
            "figures.figure6.probes",
            ["speed"],
            r"figures\.figure6\.probes = 'speed': a figure of plausibility cannot show this probe",
        ),
        (
            "figures.figure2c.models",
            ["vjepa2_lrge"],
            r"figures\.figure2c\.models = 'vjepa2_lrge' \(did you mean 'vjepa2_large'\?",
        ),
        (
            "figures.figure2c.probes",
            ["sped"],
            r"figures\.figure2c\.probes = 'sped' \(did you mean 'speed'\?",
        ),
        (
            "encoders.models.vjepa2_nano.family",
            "videomae",
            r"pretraining\.model = 'vjepa2_nano' is of family 'videomae': only 'vjepa2' is trained",
        ),
        ("output_dir", "", r"output_dir = ''"),
        (
            "output_dir",
            "run_{date}",
            r"output_dir = 'run_\{date\}': write the path out; braces are",
        ),
        ("output_dir", "~/runs", r"output_dir = '~/runs': write the path out"),
        ("figures.all", figure2c(), r"figures\.all: a rule of the workflow has this name"),
        ("figures.fit_probe", figure2c(), r"figures\.fit_probe: a rule of the workflow has"),
        ("figures.figure2b_timings", figure2c(), r"figures\.figure2b_timings: a rule of the work"),
        ("figures.figure1", None, r"figures\.figure1 = None: a section of keys is expected"),
        (
            "clips.scene.light_direction",
            [1.0, 2.0],
            r"clips\.scene\.light_direction\.2 is missing: it has no default",
        ),
        ("datasets.velocity.starts", 2000, r"56000 clips make 1000 shards|at most 1000 have names"),
        (
            "datasets.velocity.source",
            "bals",
            r"datasets\.velocity\.source = 'bals' \(did you mean 'balls'\? allowed: balls, folder",
        ),
        ("datasets.own", {"root": "clips"}, r"datasets\.own\.source is missing"),
        (
            "datasets.velocity.scene",
            {"frams": 8},
            r"datasets\.velocity\.scene: unknown key 'frams'",
        ),
        ("clips.datasets", {}, r"clips\.datasets: datasets are entries of section datasets now"),
        ("intphys", {}, r"intphys: datasets are entries of section datasets now"),
        (
            "probes.plausibility.dataset",
            "intphys_dev",
            r"dataset = 'intphys_dev', which is not there: datasets\.intphys_dev\.root = None",
        ),
        (
            "probes.speed.target",
            {"column": "speed"},
            r"probes\.speed\.protocols\.strict: target\.column = 'speed' \(did you mean 'speed_m",
        ),
        (
            "probes.speed.target",
            {"column": "in_view_at_end", "kind": "number"},
            r"target = column in_view_at_end: in_view_at_end is a category, which is classified",
        ),
        (
            "probes.speed.target",
            {"column": ["in_view_at_end", "start_index"]},
            r"target = classes of column .*: classes are the values of one column",
        ),
        (
            "probes.speed.target",
            {"column": "start_index", "kind": "category"},
            r"figures\.figure2c\.probes: some read numbers and have R2, some tell classes apart",
        ),
        ("probes.speed.target", {"colum": "x"}, r"probes\.speed\.target: unknown key 'colum'"),
        (
            "probes.speed.grouping",
            {"column": "start_indx"},
            r"grouping\.column = 'start_indx' \(did you mean 'start_index'\?",
        ),
        (
            "probes.plausibility.clips",
            "in_view",
            r"probes\.plausibility\.protocols\.strict: clips = 'in_view'",
        ),
        ("encoders.models.a_untrained", {}, r"encoders\.models\.a_untrained"),
        # a key that is called like the kind of its section
        ("datasets.objects.frames", {}, r"datasets\.objects\.frames = \{\}: .*integer"),
        (
            "figures.figure2c.title",
            "a\0b",
            r"figure2c\.title: 'a\\x00b' holds a character that can",
        ),
        ("figures.figure2c.title", "\ud800", r"figure2c\.title: '\\ud800' holds a character that"),
        ("protocols.strict.selections", [], r"strict\.selections = \[\]: 1 or more are expected"),
        ("protocols.strict.selections", "nested", r"strict\.selections = 'nested': a list is exp"),
    ],
)
def test_bad_value_is_named_with_its_cure(key: str, value: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(with_value(key, value), CHECKOUT)
    assert "pydantic" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "refused"),
    [
        ("probes.velocity_xy.folds", 60, {"figure2b"}),
        ("probes.speed.protocols.paper", {"pooling": "mean", "solver": "nothing"}, set()),
        ("probes.speed.protocols.strict", {"target": "acceleration"}, {"figure2c"}),
        ("figures.figure6.models", ["nothing"], {"figure6"}),
        ("encoders.models.vjepa2_nano.weights.file", "nowhere", {
            "figure2b", "figure2c", "figure1", "figure6", "figure8", "figure10"}),
        # shown by the audit and by what looks inside alone
        ("audit.models", ["nothing"], set()),
    ],
)  # fmt: skip
def test_what_is_wrong_concerns_only_what_asks_for_it(
    key: str, value: Any, refused: set[str]
) -> None:
    _, problems = open_config(with_value(key, value), CHECKOUT)
    assert {name for name in problems if name in defaults()["figures"]} == refused
    with pytest.raises(ConfigError):
        load_config(with_value(key, value), CHECKOUT)


def test_missing_shipped_weights_concern_the_audit_and_what_looks_inside() -> None:
    key = "encoders.models.vjepa2_nano.weights.file"
    _, problems = open_config(with_value(key, "nowhere"), CHECKOUT)
    for name in ("audit", "figure3", "figure22"):
        assert any("weights.file = 'nowhere': no such file" in line for line in problems[name])


def test_an_earlier_name_of_a_grouping_is_taken_and_explained(
    caplog: pytest.LogCaptureFixture,
) -> None:
    config = load_config(with_value("probes.speed.grouping", "position"), CHECKOUT)
    assert config.recipes["speed.strict"].spec.grouping == "start_index"
    assert "'position' is called 'start_index' now" in caplog.text


def test_every_problem_is_listed_at_once() -> None:
    config = with_value("clips.render.samples", 0)
    config["extraction"]["batch_size"] = 0
    with pytest.raises(ConfigError) as caught:
        load_config(config, CHECKOUT)
    assert str(caught.value).count("\n  - ") == 2


def test_a_missing_checkpoint_is_refused(tmp_path: Path) -> None:
    config = with_value("figures.figure2c.models", ["vjepa2_large"])
    config["encoders"]["checkpoint_dir"] = str(tmp_path)
    loaded = load_config(config, CHECKOUT)  # it is looked for when a target needs it
    with pytest.raises(ConfigError, match=r"checkpoint_dir = .* holds none of vitl\.pt.*to null"):
        describe_weights(loaded, "vjepa2_large")
    folder = tmp_path / "vjepa2-vitl-fpc64-256"
    folder.mkdir()
    (folder / "model.safetensors").touch()
    named = describe_weights(load_config(config, CHECKOUT), "vjepa2_large")
    assert named == "vjepa2-vitl-fpc64-256/model.safetensors"
    (tmp_path / "vitl.pt").touch()
    named = describe_weights(load_config(config, CHECKOUT), "vjepa2_large")
    assert named == "vitl.pt, target_encoder"


def test_weights_of_ones_own_need_no_url(tmp_path: Path) -> None:
    path = tmp_path / "latest.pt"
    weights = {"source": "checkpoint", "file": str(path)}
    config = load_config(with_value("encoders.models.vjepa2_large.weights", weights), CHECKOUT)
    with pytest.raises(ConfigError, match=r"latest\.pt': there is no such file"):
        describe_weights(config, "vjepa2_large")
    path.touch()
    assert describe_weights(config, "vjepa2_large") == str(path)
    weights = {"source": "hub", "name": "facebook/vjepa2-vitl-fpc64-256@main"}
    config = load_config(with_value("encoders.models.vjepa2_large.weights", weights), CHECKOUT)
    assert "facebook/vjepa2-vitl-fpc64-256@main" in describe_weights(config, "vjepa2_large")


def test_missing_embedded_weights_are_refused() -> None:
    weights = {"source": "embedded", "file": "resources/nowhere.safetensors"}
    config = with_value("encoders.models.vjepa2_nano.weights", weights)
    with pytest.raises(ConfigError, match=r"nowhere\.safetensors': no such file"):
        load_config(config, CHECKOUT)


def test_snakemake_prints_the_message_and_starts_nothing(project: Project) -> None:
    ended = project.snakemake("figure2c", "--cores", "1", "--config", "x_y=1", check=False)
    assert ended.returncode == 1
    assert "unknown key 'x_y'" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (project.folder / "artifacts").exists()


def test_the_defaults_are_those_of_the_schema() -> None:
    """config.yaml spells out every default; the two must not drift apart."""
    spelled = load_config(defaults(), CHECKOUT)
    for section in ("scene", "render"):
        model = getattr(spelled.clips, section)
        assert model == type(model)(), f"clips.{section}"
    assert spelled.extraction == type(spelled.extraction)()
    assert spelled.figure_style == type(spelled.figure_style)()


def test_the_json_schema_is_up_to_date() -> None:
    stored = (CHECKOUT / "resources/config.schema.json").read_text()
    assert stored == json_schema(), "run `make schema`"


@pytest.mark.parametrize("path", sorted(CHECKOUT.glob("configs/*.yaml")), ids=lambda p: p.name)
def test_every_overlay_is_valid(path: Path) -> None:
    def lay_over(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
        for key, value in top.items():
            both = isinstance(value, dict) and isinstance(base.get(key), dict)
            base[key] = lay_over(base[key], value) if both else value
        return base

    load_config(lay_over(defaults(), yaml.safe_load(path.read_text())), CHECKOUT)
