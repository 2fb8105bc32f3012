"""Section inside: what it refuses, when, and in which words."""

import pytest
import yaml

from conftest import CHECKOUT
from pez.config.load import load_config, open_config
from pez.inside.registry import find_inside_section, inside_kinds
from pez.runtime.errors import ConfigError


def raw(**changes):
    loaded = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    loaded["inside"]["attention"] |= changes
    return loaded


def test_every_kind_has_its_modules():
    for kind in inside_kinds():
        assert find_inside_section(kind).model_fields["kind"].annotation.__args__ == (kind,)
        for folder in ("measures", "judges"):
            assert (CHECKOUT / f"workflow_scripts/pez/inside/{folder}/{kind}.py").exists()


def test_the_table_of_a_network_depends_on_nothing_that_is_judged_later():
    spec = load_config(raw(), CHECKOUT).inside["attention"]
    other = load_config(
        raw(draws=200, seed=3, controls={"untrained": [1]}, figures={"figure3": "attention_heads"}),
        CHECKOUT,
    ).inside["attention"]
    assert spec != other and spec.alone() == other.alone()
    more = load_config(raw(clips_per_condition=2), CHECKOUT).inside["attention"]
    assert spec.alone() != more.alone()


def test_null_leaves_a_control_out():
    controls = {"untrained": [1], "frames_shuffled": None, "static": None}
    spec = load_config(raw(controls=controls), CHECKOUT).inside["attention"]
    assert set(spec.controls) == {"untrained"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "attention_distanse"}, r"inside\.attention\.kind = 'attention_distanse'"),
        ({"models": ["vjepa2_nono"]}, r"inside\.attention\.models = 'vjepa2_nono' \(did you mean"),
        ({"dataset": "velocitty"}, r"inside\.attention\.dataset = 'velocitty' \(did you mean"),
        (
            {"dataset": "intphys_mini"},
            r"attention\.dataset = 'intphys_mini', in which .* forms none",
        ),
        ({"controls": {"statik": []}}, r"attention\.controls: control = 'statik' \(did you mean"),
        ({"controls": {"pixels": []}}, r"controls = 'pixels': it has no network to look into"),
        ({"controls": {"shuffled": [42]}}, r"controls = 'shuffled': it has no network"),
        (
            {"controls": {"untrained": [2]}},
            r"inside\.attention\.controls\.untrained = \[2\]: the f",
        ),
        ({"controls": {"untrained": []}}, r"inside\.attention\.controls\.untrained = \[\]: the f"),
        (
            {"figures": {"figure2c": "attention_heads"}},
            r"section figures has a figure of this name",
        ),
        (
            {"figures": {"extract_x": "attention_heads"}},
            r"attention\.figures\.extract_x: a rule of",
        ),
        (
            {"figures": {"figure3": "attention"}},
            r"inside\.attention\.figures\.figure3 = 'attention'",
        ),
        ({"clips": 3}, r"unknown key 'clips'"),
    ],
)
def test_what_does_not_fit_is_refused(changes, words):
    with pytest.raises(ConfigError, match=words):
        load_config(raw(**changes), CHECKOUT)


def test_probes_of_objects_need_a_dataset_of_objects():
    loaded = raw()
    loaded["inside"]["object_probes"]["dataset"] = "velocity"
    with pytest.raises(ConfigError, match=r"object_probes\.dataset = 'velocity', .* of source obj"):
        load_config(loaded, CHECKOUT)
    loaded["inside"]["object_probes"]["dataset"] = "objects"
    loaded["inside"]["attention"]["dataset"] = "objects"
    with pytest.raises(ConfigError, match=r"attention\.dataset = 'objects', .* forms none"):
        load_config(loaded, CHECKOUT)


def test_windows_taken_from_movies_need_movies_which_need_not_be_there_yet():
    loaded = raw()
    loaded["inside"]["plausibility_ablation"]["dataset"] = "velocity"
    with pytest.raises(ConfigError, match=r"ablation\.dataset = 'velocity', .* possible"):
        load_config(loaded, CHECKOUT)
    loaded["inside"]["plausibility_ablation"]["dataset"] = "intphys_dev"
    loaded["datasets"]["intphys_dev"]["root"] = "nowhere/dev"
    assert load_config(loaded, CHECKOUT).inside["plausibility_ablation"].dataset == "intphys_dev"


def test_a_bad_measurement_is_no_obstacle_to_others():
    _, refused = open_config(raw(models=["vjepa2_nono"]), CHECKOUT)
    assert set(refused) == {"figure3", "figure19"}
    assert "did you mean 'vjepa2_nano'" in refused["figure3"][0]


def test_two_measurements_need_two_names_of_figures():
    loaded = raw()
    loaded["inside"]["again"] = loaded["inside"]["attention"]
    with pytest.raises(
        ConfigError, match=r"inside\.again\.figures\.figure3: inside\.attention has"
    ):
        load_config(loaded, CHECKOUT)


def sequences(**changes):
    loaded = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    loaded["inside"]["sequences"] |= changes
    return loaded


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"movies": "intphys_mino"}, r"sequences\.movies = 'intphys_mino' \(did you mean"),
        ({"movies": "acceleration"}, r"movies = 'acceleration', in which .* name such a dataset"),
        ({"many_splits": 2}, r"many_splits = 2: at least as many as splits = 3"),
        ({"steering": {"numbers": [3, 1]}}, r"numbers = \[3, 1\]: each is to be larger"),
    ],
)
def test_what_sequences_cannot_read_is_refused(changes, words):
    with pytest.raises(ConfigError, match=words):
        load_config(sequences(**changes), CHECKOUT)


def test_sequences_without_movies_read_one_dataset():
    spec = load_config(sequences(movies=None), CHECKOUT).inside["sequences"]
    assert spec.of_features and spec.read_from() == ("velocity",)
