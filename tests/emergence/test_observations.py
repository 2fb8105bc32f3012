"""Statements that need no reference numbers."""

import numpy as np
import pytest

from pez.emergence.curves import Curve
from pez.emergence.observations import Observation
from pez.emergence.observations import observe as observe_curve
from pez.emergence.readout import SCORES, Readout
from pez.emergence.selections import observe_readout
from pez.emergence.sigmoid import WEAKNESS
from pez.probes.spec import ProbeSpec

OFFSETS = np.array([-0.02, -0.01, 0.0, 0.01, 0.02])


def curve(mean: np.ndarray) -> Curve:
    return Curve(mean[:, None] + OFFSETS)


SPEC = ProbeSpec.model_validate(
    {
        "dataset": "velocity",
        "target": "speed",
        "capture": "resid_post",
        "pooling": "mean",
        "grouping": "position",
        "normalisation": "zscore",
        "solver": "trainable",
    }
)


def observe(
    probe: str, trained: dict[str, Curve], untrained: dict[str, Curve], **more: object
) -> tuple[Observation, ...]:
    return observe_readout(Readout(probe, SPEC, trained, untrained, **more))


def by_name(found: tuple[Observation, ...]) -> dict[str, Observation]:
    """Those on the curve of validation selection, and on the readout as a whole."""
    return {seen.name: seen for seen in found if "nested selection" not in seen.probe}


STEP = np.where(np.arange(12) < 4, 0.2, 0.8)
LATE_STEP = np.where(np.arange(12) < 2, 0.0, 0.3)


def test_observations_on_a_step_above_its_control() -> None:
    trained = {"validation": curve(STEP), "nested": curve(STEP - 0.05)}
    seen = by_name(observe("direction", trained, {"validation": curve(LATE_STEP)}))
    assert seen["early_readability"].measured == pytest.approx(0.2)
    assert seen["rises_with_depth"].holds
    assert seen["onset"].measured == 4
    assert seen["onset"].holds  # later than the control's onset at 2
    assert "layer 4" in seen["onset"].text and "layer 2" in seen["onset"].text
    assert seen["jump_at_pez"].measured == pytest.approx(0.6)
    assert (seen["half_rise"].measured, seen["sharpness"].measured) == (4, pytest.approx(1.0))
    assert seen["rises_with_depth"].p == 1 / 32
    assert seen["jump_at_pez"].interval == (pytest.approx(0.6), pytest.approx(0.6))
    assert "90 % interval +0.600 to +0.600, p 0.031" in seen["jump_at_pez"].text
    assert seen["late_decline"].measured == pytest.approx(0)
    assert seen["late_decline"].holds is False
    assert seen["gap_to_untrained"].measured == pytest.approx(0.5)
    assert "at 10 of 12 layers" in seen["gap_to_untrained"].text  # not at layers 2 and 3
    assert seen["selection_gap"].measured == pytest.approx(0.05)
    assert "degenerate_folds" not in seen


def test_a_network_that_equals_its_control_has_no_gap() -> None:
    same = {"validation": curve(STEP)}
    seen = by_name(observe("direction", same, same))
    assert seen["gap_to_untrained"].holds is False
    assert seen["gap_to_untrained"].measured == 0
    assert seen["onset"].holds is False
    assert "selection_gap" not in seen


def test_a_flat_curve_neither_rises_nor_has_an_onset() -> None:
    flat = {"validation": curve(np.full(12, 0.4))}
    seen = by_name(observe("speed", flat, flat))
    assert seen["rises_with_depth"].holds is False
    assert seen["onset"].measured is None
    assert "none; untrained control: none" in seen["onset"].text
    assert seen["sigmoid_criterion"].holds is False


def test_degenerate_folds_are_reported() -> None:
    scores = curve(STEP).scores.copy()
    scores[:, 2] = np.nan
    seen = by_name(observe("x", {"validation": Curve(scores)}, {"validation": curve(STEP)}))
    assert seen["degenerate_folds"].measured == 1
    assert seen["degenerate_folds"].text.startswith("1 of 5 folds")
    assert seen["early_readability"].measured == pytest.approx(0.2)
    for name in ("rises_with_depth", "jump_at_pez", "late_decline", "gap_to_untrained"):
        assert seen[name].holds is None and seen[name].p is None
        assert "undecided: 4 folds in common, at least 5 needed" in seen[name].text
    assert seen["onset"].measured is None
    assert "undecided, as the rise is; it would be layer 4" in seen["onset"].text


def test_folds_that_do_not_correspond_leave_the_gap_undecided() -> None:
    control = Curve(np.full((12, 7), 0.1))
    seen = by_name(observe_curve("x", SCORES["r2"], curve(STEP), control))
    assert seen["gap_to_untrained"].measured == pytest.approx(0.7)
    assert seen["gap_to_untrained"].holds is None
    assert "layers" not in seen["gap_to_untrained"].text


def test_every_selection_is_observed_against_its_own_control() -> None:
    trained = {"validation": curve(STEP), "nested": curve(STEP - 0.05)}
    untrained = {"validation": curve(LATE_STEP), "nested": curve(LATE_STEP - 0.15)}
    found = observe("direction", trained, untrained)
    nested = {one.name: one for one in found if one.probe == "direction, nested selection"}
    assert nested["early_readability"].measured == pytest.approx(0.15)
    assert nested["gap_to_untrained"].measured == pytest.approx(0.6)
    assert by_name(found)["gap_to_untrained"].measured == pytest.approx(0.5)
    everything = set(by_name(found))
    assert everything - set(nested) == {"selection_gap"}


def test_a_curve_without_controls_is_observed_all_the_same() -> None:
    seen = by_name(observe_curve("x", SCORES["r2"], curve(STEP)))
    assert seen["onset"].measured == 4 and seen["onset"].holds is None
    assert seen["sigmoid_criterion"].text.endswith(WEAKNESS)
    assert not any("control" in one.text for one in seen.values())
    assert not {"gap_to_untrained", "gap_to_shuffled"} & set(seen)


def test_a_probe_without_any_score_is_said_to_be_so() -> None:
    nothing = {"validation": Curve(np.full((12, 3), np.nan))}
    found = observe("x", nothing, {"validation": curve(STEP)})
    assert [seen.name for seen in found] == ["degenerate"]
    only_control = by_name(observe("x", {"validation": curve(STEP)}, nothing))
    assert only_control["gap_to_untrained"].measured is None


def test_an_accuracy_is_judged_against_chance_shuffled_labels_and_ties() -> None:
    ties = np.zeros((12, 3))
    ties[0] = 0.5
    trained = {"validation": Curve(curve(STEP).scores, ties)}
    control = {"validation": curve(np.full(12, 0.5))}
    found = observe(
        "p",
        trained,
        control,
        metric="relative_accuracy",
        shuffled={"validation": curve(np.full(12, 0.7))},
    )
    seen = by_name(found)
    assert {one.probe for one in found} == {"p, relative accuracy"}
    assert seen["gap_to_untrained"].measured == pytest.approx(0.3)
    assert seen["gap_to_shuffled"].measured == pytest.approx(0.1)
    assert "at 8 of 12 layers" in seen["gap_to_shuffled"].text
    assert seen["tie_share"].measured == 0.5
    assert "at 1 of 12 layers, most at layer 0, where 50.0 % of the scenes tie" in (
        seen["tie_share"].text
    )
    assert seen["sigmoid_criterion"].holds  # peak 0.8: 30 points above chance
    low = {"validation": Curve(curve(STEP - 0.2).scores, np.zeros((12, 3)))}
    seen = by_name(observe("p", low, control, metric="relative_accuracy"))
    assert seen["sigmoid_criterion"].holds is False  # peak 0.6, though it rises as much
    assert seen["tie_share"].text == "no scene ties at any layer"


def test_of_a_block_only_the_best_layer_is_told() -> None:
    trained = {"validation": curve(STEP + np.arange(12) / 100), "nested": curve(STEP)}
    found = observe(
        "p", trained, {"validation": curve(LATE_STEP)}, metric="clip_accuracy", subset="O2"
    )
    assert [(seen.probe, seen.name, seen.measured) for seen in found] == [
        ("p, clip accuracy, O2", "best_layer", 11)
    ]
    assert "best layer 11: 0.910 ± 0.016; nested selection, layer 4: 0.800" in found[0].text
