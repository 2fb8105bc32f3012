"""Controls: what they replace, under which names, and that the rest of the code knows no names."""

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from pez.config.load import load_config
from pez.config.model import Config, describe_weights
from pez.controls.control import Look
from pez.controls.registry import control_names, find_control, variants
from pez.runtime.errors import ConfigError

CHECKOUT = Path(__file__).parents[2]


def config(**changes: object) -> Config:
    loaded = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    loaded["figures"] = {"figure2c": loaded["figures"]["figure2c"] | changes.pop("figure", {})}
    return load_config(loaded | changes, CHECKOUT)


@pytest.mark.parametrize("name", control_names())
def test_every_control_says_what_it_is(name: str) -> None:
    control = find_control(name)
    assert control.name == name and control.replaces in ("weights", "labels")
    assert isinstance(control.look, Look) and control.look.label
    assert control.caption.endswith(".")


def test_the_words_of_a_control_stand_in_its_own_file() -> None:
    """A new control is one file: neither figures nor verdicts name any, but as a default."""
    code = CHECKOUT / "workflow_scripts/pez"
    for path in [*(code / "figures").glob("*.py"), *(code / "emergence").glob("*.py")]:
        text = path.read_text()
        text = re.sub(r"controls: tuple\[str, \.\.\.\] = Field\(\s*\(.*?\)", "", text, flags=re.S)
        text = re.sub(r"source: Literal\[.*?\]", "", text)  # where weights come from
        for name in control_names():
            assert not re.search(rf"\b{name}\b", text), f"{path.name} names {name}"


def test_one_thing_is_replaced_at_a_time() -> None:
    (untrained,) = variants("untrained", [1])
    assert untrained.network("m") == "m_untrained" and untrained.fit("p.strict") == "p.strict"
    (shuffled,) = variants("shuffled", [42])
    assert shuffled.network("m") == "m" and shuffled.fit("p.strict") == "p.strict_shuffled"


def test_more_seeds_leave_the_first_where_it_is() -> None:
    names = [one.network("m") for one in variants("untrained", [1, 5, 7])]
    assert names == ["m_untrained", "m_untrained_5", "m_untrained_7"]
    several = config(controls={"untrained": {"seeds": [1, 5]}})
    assert several.encoder("vjepa2_nano_untrained").weights.seed == 1
    assert several.encoder("vjepa2_nano_untrained_5").weights.seed == 5


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
        ({"controls": {"untrained": {"seeds": []}}}, r"controls\.untrained\.seeds"),
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


def test_the_mean_over_seeds_is_taken_fold_by_fold() -> None:
    from pez.emergence.curves import Curve, over_seeds

    first, second = np.random.default_rng(0).normal(size=(2, 6, 5))
    second[2, 1] = np.nan
    found = over_seeds([Curve(first), Curve(second)])
    np.testing.assert_allclose(found.scores[:, 0], (first[:, 0] + second[:, 0]) / 2)
    assert np.isnan(found.scores[2, 1]) and found.ties is None
    assert over_seeds([Curve(first)]).scores is first
