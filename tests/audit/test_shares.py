"""Shares of variance: known by construction, exact, and refused where they are not defined."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from synthetic_audit import synthetic_estimands, synthetic_scores

from pez.audit.factorial import UnbalancedDesign, largest_slice
from pez.audit.outcomes import outcomes
from pez.audit.shares import anova_shares, shapley_shares, variance_shares

SIZES = {"pooling": 4, "grouping": 3, "target": 2}


def design(sizes: dict[str, int] = SIZES) -> pd.DataFrame:
    rows = product(*(range(size) for size in sizes.values()))
    return pd.DataFrame(list(rows), columns=list(sizes)).astype(str)


def centred(size: int) -> np.ndarray:
    """Levels with mean 0 and variance 1."""
    values = np.arange(size) - (size - 1) / 2
    return values / values.std()


def of(table: pd.DataFrame, order: str, factor: str = "", other: str = "") -> float:
    (share,) = table[
        (table["order"] == order) & (table["factor"] == factor) & (table["other"] == other)
    ]["share"]
    return float(share)


def effects(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    return {name: centred(size)[frame[name].astype(int)] for name, size in SIZES.items()}


def test_an_additive_outcome_is_divided_by_squares_of_its_effects() -> None:
    frame = design()
    x = effects(frame)
    table = anova_shares(frame, 7 + 3 * x["pooling"] + 1 * x["grouping"])
    assert of(table, "first", "pooling") == pytest.approx(0.9)
    assert of(table, "total", "pooling") == pytest.approx(0.9)
    assert of(table, "first", "grouping") == pytest.approx(0.1)
    assert of(table, "first", "target") == 0
    assert table[table["order"].isin(("pair", "higher"))]["share"].abs().max() < 1e-12


def test_a_pure_interaction_has_no_first_order_share() -> None:
    frame = design()
    x = effects(frame)
    table = anova_shares(frame, x["pooling"] * x["grouping"])
    assert of(table, "pair", "pooling", "grouping") == pytest.approx(1)
    assert of(table, "total", "pooling") == pytest.approx(1)
    assert table[table["order"] == "first"]["share"].abs().max() < 1e-12


def test_all_orders_at_once() -> None:
    """Terms of variance 4, 1, 2 and 3: shares of .4, .1, .2 and .3."""
    frame = design()
    p, g, t = effects(frame).values()
    y = 2 * p + t + np.sqrt(2) * p * g + np.sqrt(3) * p * g * t
    table = anova_shares(frame, y)
    assert of(table, "first", "pooling") == pytest.approx(0.4)
    assert of(table, "first", "target") == pytest.approx(0.1)
    assert of(table, "pair", "pooling", "grouping") == pytest.approx(0.2)
    assert of(table, "higher") == pytest.approx(0.3)
    assert of(table, "total", "pooling") == pytest.approx(0.9)
    assert of(table, "total", "target") == pytest.approx(0.4)


@pytest.mark.parametrize("sizes", [{"a": 5}, {"a": 2, "b": 3}, {"a": 3, "b": 2, "c": 4, "d": 2}])
def test_shares_sum_to_one(sizes: dict[str, int]) -> None:
    frame = design(sizes)
    y = np.random.default_rng(2).normal(size=len(frame))
    table = anova_shares(frame, y)
    parts = table[table["order"].isin(("first", "pair", "higher"))]["share"]
    assert parts.sum() == pytest.approx(1)
    assert (parts > -1e-12).all()
    assert shapley_shares(frame, y)["share"].sum() == pytest.approx(1)


def test_the_order_of_cells_does_not_matter() -> None:
    frame = design()
    y = np.random.default_rng(3).normal(size=len(frame))
    order = np.random.default_rng(4).permutation(len(frame))
    one = anova_shares(frame, y)
    other = anova_shares(frame.iloc[order], y[order])
    pd.testing.assert_frame_equal(one, other)


def test_shapley_shares_of_a_full_factorial_split_terms_evenly() -> None:
    """A term of several factors goes to them in equal parts (Owen 2014, theorem 1)."""
    frame = design()
    y = np.random.default_rng(5).normal(size=len(frame))
    anova, shapley = anova_shares(frame, y), shapley_shares(frame, y)
    pairs = anova[anova["order"] == "pair"]
    for name in SIZES:
        in_pairs = pairs[(pairs["factor"] == name) | (pairs["other"] == name)]["share"].sum()
        expected = of(anova, "first", name) + in_pairs / 2 + of(anova, "higher") / 3
        assert of(shapley, "shapley", name) == pytest.approx(expected)


def test_shapley_shares_with_impossible_combinations_by_hand() -> None:
    """Cells (0,0), (0,1), (1,1) with y 0, 0, 3: worth of a alone 2, of b alone .5, of both 2."""
    frame = pd.DataFrame({"a": ["0", "0", "1"], "b": ["0", "1", "1"]})
    table = shapley_shares(frame, np.array([0.0, 0.0, 3.0]))
    assert of(table, "shapley", "a") == pytest.approx((2 + 1.5) / 2 / 2)
    assert of(table, "shapley", "b") == pytest.approx((0.5 + 0) / 2 / 2)


def test_a_constant_outcome_has_no_shares() -> None:
    frame = design()
    table = anova_shares(frame, np.full(len(frame), 0.1) * 3)
    assert table["share"].isna().all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame.drop(index=[5]), r"1 of 24 .* missing"),
        (lambda frame: pd.concat([frame, frame.iloc[[5]]]), r"1 of 24 .* more than once"),
    ],
)
def test_what_is_unbalanced_is_refused_by_name(change, said: str) -> None:  # type: ignore[no-untyped-def]
    frame = change(design())
    with pytest.raises(UnbalancedDesign, match=said) as refused:
        anova_shares(frame, np.arange(len(frame), dtype=float))
    assert "pooling 0, grouping 2, target 1" in str(refused.value)


def test_a_cell_without_a_value_is_refused_by_name() -> None:
    frame = design()
    y = np.arange(24.0)
    y[5] = np.nan
    with pytest.raises(UnbalancedDesign, match="without a value"):
        anova_shares(frame, y)
    assert shapley_shares(frame, y)["share"].sum() == pytest.approx(1)


def test_exact_shapley_shares_are_refused_for_many_factors() -> None:
    frame = pd.DataFrame({f"f{i}": ["0", "1"] for i in range(9)})
    with pytest.raises(UnbalancedDesign, match="512"):
        shapley_shares(frame, np.array([0.0, 1.0]))


def test_intervals_lie_about_the_share_and_noise_is_told() -> None:
    """An additive outcome of noisy cells: intervals hold the noise-free shares' neighbourhood."""
    frame = design({"a": 4, "b": 5, "c": 6})
    a, b = centred(4)[frame["a"].astype(int)], centred(5)[frame["b"].astype(int)]
    generator = np.random.default_rng(6)
    y = 2 * a + b + 0.5 * generator.normal(size=len(frame))
    draws = y + 0.5 * generator.normal(size=(400, len(frame)))
    table = anova_shares(frame, y, draws)
    main = table[(table["order"] == "first") & table["factor"].isin(("a", "b"))]
    assert (main["low"] < main["share"]).all()
    assert (main["share"] < main["high"]).all()
    assert main["low"].min() > 0.05
    (higher,) = table[table["order"] == "higher"].to_dict("records")
    # All of the share of higher terms is noise, and the table says so: .25 of 5.25, less what
    # noise does to the main effects.
    assert higher["noise"] == pytest.approx(higher["share"], rel=0.4)


def test_few_draws_give_no_interval() -> None:
    frame = design()
    y = np.random.default_rng(7).normal(size=len(frame))
    assert anova_shares(frame, y, y + np.zeros((5, len(frame))))["low"].isna().all()


def test_the_largest_balanced_slice_holds_solver_or_clips() -> None:
    full = design({"pooling": 3, "grouping": 2}).assign(solver="ridge", clips="all")
    few = full.iloc[[0, 2]].assign(solver="trainable")
    fewer = full.assign(clips="60")
    names = ("pooling", "grouping", "solver", "clips")
    found = largest_slice(pd.concat([full, few, fewer]), names)
    assert found.balanced
    assert found.fixed == {"solver": "ridge"}
    assert len(found.rows) == 12
    assert found.factors == ("pooling", "grouping", "clips")


@pytest.fixture(scope="module")
def cells() -> pd.DataFrame:
    scores = synthetic_scores(seeds=2)
    return outcomes(synthetic_estimands(scores), scores)


def test_planted_choices_decide_the_onset(cells: pd.DataFrame) -> None:
    own = cells[(cells["control"] == "none") & (cells["variable"] == "direction")]
    table = variance_shares(own, "half_rise_depth")
    assert set(table["method"]) == {"anova"}
    first = table[table["order"] == "first"].set_index("factor")["share"]
    assert list(first.nlargest(2).index) == ["grouping", "pooling"]
    assert first["grouping"] > 0.5
    pairs = table[table["order"] == "pair"].nlargest(1, "share")
    assert set(pairs[["factor", "other"]].iloc[0]) == {"pooling", "grouping"}


def test_cells_without_an_onset_count_in_the_binary_outcome(cells: pd.DataFrame) -> None:
    own = cells[(cells["control"] == "none") & (cells["variable"] == "direction")].copy()
    lost = own["grouping"] == "direction"
    own.loc[lost, ["half_rise_depth", "has_onset"]] = [np.nan, 0.0]
    onset = variance_shares(own, "half_rise_depth")
    assert set(onset["method"]) == {"shapley"}
    assert set(onset["note"]) == {f"{lost.sum()} of {len(own)} cells have none"}
    binary = variance_shares(own, "has_onset")
    assert of(binary, "first", "grouping") == pytest.approx(1)


def test_a_trained_network_gains_over_untrained_ones(cells: pd.DataFrame) -> None:
    margin = cells.groupby("control")["margin"].median()
    assert margin["none"] > 0.4
    assert abs(margin["untrained"]) < 0.1
    assert (cells["half_rise_depth"].dropna() <= 1).all()


def test_shares_of_a_hundred_thousand_cells_add_up() -> None:
    frame = design({"pooling": 4, "grouping": 8, "target": 4, "normalisation": 3, "selection": 3,
                    "fold_seed": 22, "clips": 4})  # fmt: skip
    assert len(frame) > 100_000
    y = np.random.default_rng(8).normal(size=len(frame))
    table = anova_shares(frame, y)
    assert table[table["order"].isin(("first", "pair", "higher"))]["share"].sum() == pytest.approx(
        1
    )
