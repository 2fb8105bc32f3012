"""Statements that need no reference numbers."""

import numpy as np
import pytest

from pez.emergence.curves import Curve
from pez.emergence.observations import Observation, Place
from pez.emergence.observations import observe as observe_curve
from pez.emergence.readout import SCORES, Readout
from pez.emergence.selections import observe_readout
from pez.emergence.sigmoid import WEAKNESS
from pez.recipes.recipe import Recipe
from pez.recipes.spec import ProbeSpec, RidgeSolver

OFFSETS = np.array([-0.02, -0.01, 0.0, 0.01, 0.02])


def curve(mean: np.ndarray) -> Curve:
    return Curve(mean[:, None] + OFFSETS)


SPEC = ProbeSpec.model_validate(
    {
        "selections": ["validation"],
        "dataset": "velocity",
        "target": "speed",
        "capture": "resid_post",
        "pooling": "mean",
        "grouping": "start_index",
        "normalisation": "zscore",
        "solver": "trainable",
    }
)


SOLVER = RidgeSolver(method="ridge", alphas=(1.0,))


def observe(
    probe: str, trained: Curve, untrained: Curve, nested: Curve | None = None, **more: object
) -> tuple[Observation, ...]:
    controls = {"untrained": untrained, **more.pop("controls", {})}
    others = {} if nested is None else {"nested": nested}
    recipe = Recipe(probe, "reference", SPEC, SOLVER)
    return observe_readout(Readout(recipe, "validation", trained, controls, others, **more))


def by_name(found: tuple[Observation, ...]) -> dict[str, Observation]:
    return {seen.name: seen for seen in found}


STEP = np.where(np.arange(12) < 4, 0.2, 0.8)
LATE_STEP = np.where(np.arange(12) < 2, 0.0, 0.3)


def test_observations_on_a_step_above_its_control() -> None:
    seen = by_name(observe("direction", curve(STEP), curve(LATE_STEP), nested=curve(STEP - 0.05)))
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
    same = curve(STEP)
    seen = by_name(observe("direction", same, same))
    assert seen["gap_to_untrained"].holds is False
    assert seen["gap_to_untrained"].measured == 0
    assert seen["onset"].holds is False
    assert "selection_gap" not in seen


def test_a_flat_curve_neither_rises_nor_has_an_onset() -> None:
    flat = curve(np.full(12, 0.4))
    seen = by_name(observe("speed", flat, flat))
    assert seen["rises_with_depth"].holds is False
    assert seen["onset"].measured is None
    assert "none; the untrained network: none" in seen["onset"].text
    assert seen["sigmoid_criterion"].holds is False


def test_degenerate_folds_are_reported() -> None:
    scores = curve(STEP).scores.copy()
    scores[:, 2] = np.nan
    seen = by_name(observe("x", Curve(scores), curve(STEP)))
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
    seen = by_name(observe_curve(Place("x"), SCORES["r2"], curve(STEP), {"untrained": control}))
    assert seen["gap_to_untrained"].measured == pytest.approx(0.7)
    assert seen["gap_to_untrained"].holds is None
    assert "layers" not in seen["gap_to_untrained"].text


def test_a_curve_of_any_selection_is_observed_against_its_own_control() -> None:
    recipe = Recipe("direction", "strict", SPEC, SOLVER)
    controls = {"untrained": curve(LATE_STEP - 0.15)}
    found = observe_readout(Readout(recipe, "nested", curve(STEP - 0.05), controls))
    assert {(one.probe, one.protocol, one.selection) for one in found} == {
        ("direction", "strict", "nested")
    }
    seen = by_name(found)
    assert seen["early_readability"].measured == pytest.approx(0.15)
    assert seen["gap_to_untrained"].measured == pytest.approx(0.6)
    assert "selection_gap" not in seen


def test_a_curve_without_controls_is_observed_all_the_same() -> None:
    seen = by_name(observe_curve(Place("x"), SCORES["r2"], curve(STEP), {}))
    assert seen["onset"].measured == 4 and seen["onset"].holds is None
    assert seen["sigmoid_criterion"].text.endswith(WEAKNESS)
    assert not any("untrained" in one.text for one in seen.values())
    assert not {"gap_to_untrained", "gap_to_shuffled"} & set(seen)


def test_a_probe_without_any_score_is_said_to_be_so() -> None:
    nothing = Curve(np.full((12, 3), np.nan))
    found = observe("x", nothing, curve(STEP))
    assert [seen.name for seen in found] == ["degenerate"]
    only_control = by_name(observe("x", curve(STEP), nothing))
    assert only_control["gap_to_untrained"].measured is None


def test_an_accuracy_is_judged_against_chance_shuffled_labels_and_ties() -> None:
    ties = np.zeros((12, 3))
    ties[0] = 0.5
    trained = Curve(curve(STEP).scores, ties)
    control = curve(np.full(12, 0.5))
    found = observe(
        "p",
        trained,
        control,
        metric="relative_accuracy",
        controls={"shuffled": curve(np.full(12, 0.7))},
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
    low = Curve(curve(STEP - 0.2).scores, np.zeros((12, 3)))
    seen = by_name(observe("p", low, control, metric="relative_accuracy"))
    assert seen["sigmoid_criterion"].holds is False  # peak 0.6, though it rises as much
    assert seen["tie_share"].text == "no scene ties at any layer"


def test_of_a_block_only_the_best_layer_is_told() -> None:
    trained = curve(STEP + np.arange(12) / 100)
    found = observe("p", trained, curve(LATE_STEP), metric="clip_accuracy", subset="O2")
    assert [(seen.probe, seen.name, seen.measured) for seen in found] == [
        ("p, clip accuracy, O2", "best_layer", 11)
    ]
    assert "best layer 11: 0.910 ± 0.016; the untrained network, layer 2: 0.300" in found[0].text
