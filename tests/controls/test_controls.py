"""Controls: what they replace, under which names, and that the rest of the code knows no names."""

import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import yaml

from pez.config.load import load_config
from pez.config.model import Config, describe_weights
from pez.controls.control import Look
from pez.controls.registry import control_names, find_control, variants
from pez.inside.registry import looked_into
from pez.runtime.errors import ConfigError

CHECKOUT = Path(__file__).parents[2]
EVERYDAY = ("pixels", "trajectory")  # words that code has other uses for


def config(**changes: object) -> Config:
    loaded = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    loaded["figures"] = {"figure2c": loaded["figures"]["figure2c"] | changes.pop("figure", {})}
    return load_config(loaded | {"audit": None, "inside": {}} | changes, CHECKOUT)


@pytest.mark.parametrize("name", control_names())
def test_every_control_says_what_it_is(name: str) -> None:
    control = find_control(name)
    assert control.name == name
    assert isinstance(control.look, Look) and control.look.label
    assert control.caption.endswith(".")
    makers = {"weights": "weights", "clips": "reorder", "features": "features", "labels": None}
    module = import_module(f"pez.controls.kinds.{name}")
    made = {maker for maker in makers.values() if maker and hasattr(module, maker)}
    assert made == {makers[control.replaces]} - {None}  # what it replaces, and nothing else


def test_controls_look_and_read_differently() -> None:
    controls = [find_control(name) for name in control_names()]
    for told in (
        [control.words for control in controls],
        [control.look.label for control in controls],
        [str(control.look.line["linestyle"]) for control in controls],
        [control.look.ring for control in controls],
    ):
        assert len(set(told)) == len(controls)


def test_the_words_of_a_control_stand_in_its_own_file() -> None:
    """A new control is one file: neither figures nor verdicts name any, but as a default."""
    code = CHECKOUT / "workflow_scripts/pez"
    for path in [*(code / "figures").glob("*.py"), *(code / "emergence").glob("*.py")]:
        text = path.read_text()
        text = re.sub(r"controls: tuple\[str, \.\.\.\] = Field\(\s*\(.*?\)", "", text, flags=re.S)
        text = re.sub(r"source: Literal\[.*?\]", "", text)  # where weights come from
        for name in control_names():
            named = rf"[\"']{name}[\"']" if name in EVERYDAY else rf"\b{name}\b"
            assert not re.search(named, text), f"{path.name} names {name}"
            control = find_control(name)
            assert control.words not in text and control.look.label not in text


def test_one_thing_is_replaced_at_a_time() -> None:
    (untrained,) = variants("untrained", [1])
    assert untrained.network("m") == "m_untrained" and untrained.fit("p.strict") == "p.strict"
    (shuffled,) = variants("shuffled", [42])
    assert shuffled.network("m") == "m" and shuffled.fit("p.strict") == "p.strict_shuffled"
    (frames,) = variants("frames_shuffled", [1])
    assert frames.network("m") == "m_frames_shuffled" and frames.fit("p.strict") == "p.strict"
    (pixels,) = variants("pixels", [])
    assert pixels.network("m") == pixels.network("other") == "pixels"
    assert pixels.fit("p.strict") == "p.strict"


def test_more_seeds_leave_the_first_where_it_is() -> None:
    names = [one.network("m") for one in variants("untrained", [1, 5, 7])]
    assert names == ["m_untrained", "m_untrained_5", "m_untrained_7"]
    several = config(controls={"untrained": {"seeds": [1, 5]}})
    assert several.encoder("vjepa2_nano_untrained").weights.seed == 1
    assert several.encoder("vjepa2_nano_untrained_5").weights.seed == 5


def test_the_audit_adds_seeds_of_its_own() -> None:
    audit = {"models": ["vjepa2_nano"], "velocity": "velocity", "controls": {"untrained": [1, 2]}}
    several = config(controls={"untrained": {"seeds": [1, 5]}}, audit=audit)
    assert {name for name in several.networks if "nano" in name} == {
        "vjepa2_nano", "vjepa2_nano_untrained", "vjepa2_nano_untrained_2",
        "vjepa2_nano_untrained_5",
    }  # fmt: skip
    with pytest.raises(ConfigError, match=r"audit\.controls\.untrained = \[2\].*begin with"):
        config(audit=audit | {"controls": {"untrained": [2]}})


def test_what_is_measured_inside_adds_seeds_of_its_own() -> None:
    section = {
        "kind": "attention_distance",
        "dataset": "velocity",
        "models": ["vjepa2_nano"],
        "controls": {"untrained": [1, 3], "static": []},
    }
    several = config(inside={"attention": section})
    assert {name for name in several.sources if "nano" in name} == {
        "vjepa2_nano", "vjepa2_nano_untrained", "vjepa2_nano_untrained_3", "vjepa2_nano_static",
    }  # fmt: skip
    assert several.sources["vjepa2_nano_static"].network == "vjepa2_nano"
    networks = looked_into(several.inside["attention"])
    assert set(networks) == {name for name in several.sources if "nano" in name}
    variant = networks["vjepa2_nano_static"][1]
    assert variant is not None and variant.replaced == "clips: static"


def test_features_come_from_a_network_with_its_own_weights_or_from_none() -> None:
    controls = ["untrained", "tubelets_shuffled", "pixels", "shuffled"]
    every = config(figure={"controls": controls})
    nano = {name: source for name, source in every.sources.items() if "nano" in name}
    assert {name: source.network for name, source in nano.items()} == {
        "vjepa2_nano": "vjepa2_nano",
        "vjepa2_nano_untrained": "vjepa2_nano_untrained",
        "vjepa2_nano_tubelets_shuffled": "vjepa2_nano",
    }
    assert "vjepa2_nano_tubelets_shuffled" not in every.networks  # no weights of its own
    assert every.encoder("vjepa2_nano_tubelets_shuffled") is every.encoder("vjepa2_nano")
    assert every.sources["pixels"].network is None and every.layers("pixels") == 0
    assert every.layers("vjepa2_nano_untrained") == 12
    assert describe_weights(every, "pixels") == "no weights"


def test_models_have_a_control_without_a_network_in_common() -> None:
    every = config(figure={"models": ["vjepa2_nano", "vjepa2_large"], "controls": ["pixels"]})
    shown = every.fits_of("figure2c")
    assert len(shown) == 2 * 6 + 6
    assert shown.count(("pixels", "speed.strict")) == 1


def test_a_figure_shows_its_controls_and_no_others() -> None:
    networks = {network for network, _ in config().fits_of("figure2c")}
    assert networks == {"vjepa2_nano", "vjepa2_nano_untrained"}
    every = config(figure={"controls": ["untrained", "permuted", "shuffled"]})
    shown = every.fits_of("figure2c")
    assert len(shown) == len(set(shown)) == 4 * 6
    assert ("vjepa2_nano_permuted", "speed.strict") in shown
    assert ("vjepa2_nano", "speed.strict_shuffled") in shown
    assert every.fits["speed.strict_shuffled"].spec.labels_seed == 42
    assert describe_weights(every, "vjepa2_nano_permuted") == (
        "the weights of vjepa2_nano permuted within each tensor, seed 1"
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"controls": {"untraned": {"seeds": [1]}}},
            r"controls: control = 'untraned' \(did you mean 'untrained'\?",
        ),
        ({"controls": {"untrained": {"seeds": [1, 1]}}}, r"controls\.untrained\.seeds = \[1, 1\]"),
        ({"controls": {"untrained": {"seeds": []}}}, r"controls\.untrained\.seeds = \[\]: give at"),
        (
            {"controls": {"untrained": {"seeds": [1]}, "pixels": {"seeds": [1]}}},
            r"controls\.pixels\.seeds = \[1\]: this control draws nothing; write pixels: \{\}",
        ),
        (
            {"controls": {"untrained": {"seeds": [1]}, "static": {"seeds": [1]}}},
            r"controls\.static\.seeds = \[1\]: this control draws nothing; write static: \{\}",
        ),
        (
            {"figure": {"controls": ["shufled"]}},
            r"figures\.figure2c\.controls = 'shufled' \(did you mean 'shuffled'\?",
        ),
        ({"figure": {"models": ["vjepa2_nano_untrained"]}}, r"write 'vjepa2_nano'"),
    ],
)
def test_bad_controls_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config(**changes)


def figure(name: str, **changes: object) -> Config:
    loaded = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    loaded["figures"] = {name: loaded["figures"][name] | changes}
    return load_config(loaded, CHECKOUT)


@pytest.mark.parametrize(
    ("name", "controls", "message"),
    [
        (
            "figure6",
            ["trajectory"],
            r"figures\.figure6\.controls = 'trajectory': dataset 'intphys_mini', which recipe "
            r"plausibility\.reference reads, has no trajectories; leave this control out",
        ),
        (
            "figure2b",
            ["trajectory"],
            r"figures\.figure2b\.controls = 'trajectory': recipe velocity_xy\.reference reads "
            r"patches \(pooling temporal_last_patch\), and this control has none",
        ),
    ],
)
def test_a_control_is_refused_where_it_has_no_features(
    name: str, controls: list[str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        figure(name, controls=controls)


def test_frames_stand_in_for_features_of_every_dataset() -> None:
    shown = figure("figure8", controls=["pixels", "frame_differences"]).fits_of("figure8")
    assert ("frame_differences", "plausibility_attentive.strict") in shown
    loaded = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    loaded["solvers"]["attentive_small"]["heads"] = 64
    loaded["figures"] = {"figure8": loaded["figures"]["figure8"] | {"controls": ["pixels"]}}
    with pytest.raises(ConfigError, match=r"96 features of a patch are no multiple of solv"):
        load_config(loaded, CHECKOUT)


def test_no_model_may_have_the_name_of_a_control() -> None:
    loaded = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    models = loaded["encoders"]["models"]
    models["pixels"] = models["vjepa2_large"]
    with pytest.raises(ConfigError, match=r"encoders\.models\.pixels: 'pixels', and names ending"):
        load_config(loaded, CHECKOUT)


def test_a_single_state_is_drawn_at_every_layer() -> None:
    from pez.emergence.curves import Curve, at_every_layer

    scores, ties = np.random.default_rng(0).normal(size=(2, 1, 5))
    flat = at_every_layer(Curve(scores, ties), 12)
    assert flat.scores.shape == (12, 5) and (flat.scores == scores).all()
    assert flat.ties is not None and (flat.ties == ties).all() and flat.layers == 12
    deep = Curve(np.zeros((4, 5)))
    assert at_every_layer(deep, 12) is deep


def test_the_mean_over_seeds_is_taken_fold_by_fold() -> None:
    from pez.emergence.curves import Curve, over_seeds

    first, second = np.random.default_rng(0).normal(size=(2, 6, 5))
    second[2, 1] = np.nan
    found = over_seeds([Curve(first), Curve(second)])
    np.testing.assert_allclose(found.scores[:, 0], (first[:, 0] + second[:, 0]) / 2)
    assert np.isnan(found.scores[2, 1]) and found.ties is None
    assert over_seeds([Curve(first)]).scores is first
