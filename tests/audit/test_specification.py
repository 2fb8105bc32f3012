"""Specification curves, and the joint test of all cells."""

import numpy as np
import pandas as pd
import pytest
from synthetic_audit import (
    BLOCKS,
    LEVELS,
    MODEL,
    synthetic_estimands,
    synthetic_scores,
    with_categories,
)

from pez.audit.across_cells import cell_statistics, summarise_cells
from pez.audit.outcomes import gains, outcomes
from pez.audit.shares import variance_shares
from pez.audit.specification import (
    choice_bins,
    joint_test,
    rank_among,
    specification_curve,
    states_by_rank,
)
from pez.runtime.errors import ArtifactError

SEEDS = 4


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    return synthetic_scores(seeds=SEEDS)


@pytest.fixture(scope="module")
def estimands(scores: pd.DataFrame) -> pd.DataFrame:
    return synthetic_estimands(scores)


@pytest.fixture(scope="module")
def cells(scores: pd.DataFrame, estimands: pd.DataFrame) -> pd.DataFrame:
    return outcomes(estimands, scores)


def test_cells_are_sorted_by_onset_and_none_is_dropped(estimands: pd.DataFrame) -> None:
    changed = estimands.copy()
    mine = (changed["control"] == "none") & (changed["estimand"] == "half_rise")
    mine &= (changed["variable"] == "direction") & (changed["grouping"] == "video")
    changed.loc[mine, ["value", "low", "high"]] = np.nan
    curve = specification_curve(changed, BLOCKS, "direction", MODEL)
    own = curve[curve["control"] == "none"]
    count = 2 * np.prod([len(names) for names in LEVELS.values()])
    assert len(own) == count
    assert list(own["rank"]) == list(range(count))
    onsets = own["depth"].to_numpy()
    known = onsets[~np.isnan(onsets)]
    assert (np.diff(known) >= 0).all()
    assert np.isnan(onsets[-mine.sum() :]).all()
    assert len(known) == count - mine.sum()
    assert known.max() <= 1
    assert len(curve) == count * (1 + SEEDS)


def test_texts_as_categories_change_nothing(
    scores: pd.DataFrame, estimands: pd.DataFrame, cells: pd.DataFrame
) -> None:
    kept, read = with_categories(scores), with_categories(estimands)
    found = outcomes(read, kept)
    plain = found.astype({name: cells[name].dtype for name in cells.columns})
    pd.testing.assert_frame_equal(plain, cells)
    one = specification_curve(read, BLOCKS, "direction", MODEL)
    other = specification_curve(estimands, BLOCKS, "direction", MODEL)
    pd.testing.assert_frame_equal(one, other, check_dtype=False, check_categorical=False)
    own, twin = one[one["control"] == "none"], other[other["control"] == "none"]
    pd.testing.assert_frame_equal(choice_bins(own, 20), choice_bins(twin, 20))
    pd.testing.assert_frame_equal(
        states_by_rank(gains(kept), one), states_by_rank(gains(scores), other), check_dtype=False,
        check_categorical=False,
    )  # fmt: skip
    pd.testing.assert_frame_equal(joint_test(found, MODEL), joint_test(cells, MODEL))
    pd.testing.assert_frame_equal(
        summarise_cells(cell_statistics(found), MODEL),
        summarise_cells(cell_statistics(cells), MODEL),
        check_dtype=False,
    )
    own = found[(found["control"] == "none") & (found["variable"] == "direction")]
    twin = cells[(cells["control"] == "none") & (cells["variable"] == "direction")]
    pd.testing.assert_frame_equal(
        variance_shares(own, "step_depth"), variance_shares(twin, "step_depth")
    )


def test_a_variable_that_is_not_there_is_refused(estimands: pd.DataFrame) -> None:
    with pytest.raises(ArtifactError, match="no half_rise of torque"):
        specification_curve(estimands, BLOCKS, "torque", MODEL)


def test_bins_count_every_cell_once(estimands: pd.DataFrame) -> None:
    curve = specification_curve(estimands, BLOCKS, "direction", MODEL)
    own = curve[curve["control"] == "none"]
    for number in (7, 40, 10_000):
        bins = choice_bins(own, number)
        widths = bins["rank_to"] - bins["rank_from"] + 1
        counts = (bins["share"] * widths).groupby([bins["factor"], bins["level"]]).sum()
        for factor, level in counts.index:
            assert counts[factor, level] == pytest.approx((own[factor] == level).sum())
    assert set(choice_bins(own, 10_000)["share"]) == {0, 1}


@pytest.mark.parametrize(
    ("trained", "extreme", "at_least"),
    [(5.0, "high", 0), (1.0, "high", 4), (2.0, "high", 3), (1.0, "low", 1), (9.0, "either", 0),
     (2.5, "either", 4)],
)  # fmt: skip
def test_ranks(trained: float, extreme: str, at_least: int) -> None:
    rank = rank_among(trained, np.array([1.0, 2.0, 3.0, 4.0]), extreme)  # type: ignore[arg-type]
    assert rank.at_least == at_least
    assert rank.p == pytest.approx((1 + at_least) / 5)


def test_without_untrained_networks_there_is_no_p() -> None:
    assert rank_among(1.0, np.array([]), "high").p is None


@pytest.mark.parametrize("extreme", ["high", "low", "either"])
def test_the_test_keeps_its_level_under_exchangeable_networks(extreme: str) -> None:
    """P(p <= a) <= a for every a that S seeds can give, and equal to it without ties."""
    generator = np.random.default_rng(0)
    draws = generator.normal(size=(4000, 20))
    p = np.array([rank_among(row[0], row[1:], extreme).p for row in draws])  # type: ignore[arg-type]
    assert np.mean(p <= 0.05 + 1e-9) == pytest.approx(0.05, abs=0.012)
    ties = np.round(draws)
    p = np.array([rank_among(row[0], row[1:], extreme).p for row in ties])  # type: ignore[arg-type]
    assert np.mean(p <= 0.05 + 1e-9) < 0.06


def test_the_planted_network_stands_out_of_untrained_ones(cells: pd.DataFrame) -> None:
    table = joint_test(cells, MODEL).set_index(["variable", "statistic"])
    found = table.loc[("direction", "median sharpness")]
    assert found["at_least"] == 0
    assert found["p"] == pytest.approx(1 / (SEEDS + 1)) == found["smallest_p"]
    assert found["trained"] > found["untrained_high"]
    zone = table.loc[("direction", "share of cells with an onset in the zone")]
    assert 0 < zone["trained"] < 1
    assert set(table["cells"]) == {720, 360}


def test_a_network_like_the_untrained_ones_does_not(cells: pd.DataFrame) -> None:
    """The untrained network of seed 1 in the trained one's place."""
    swapped = cells[(cells["control"] == "untrained") & (cells["variable"] == "direction")].copy()
    swapped.loc[swapped["seed"] == 1, "control"] = "none"
    table = joint_test(swapped, MODEL)
    assert (table["seeds"] == SEEDS - 1).all()
    assert table["p"].max() > 0.25


def test_cells_without_an_onset_count_as_later_than_all(cells: pd.DataFrame) -> None:
    late = cells[cells["variable"] == "direction"].copy()
    own = late["control"] == "none"
    late.loc[own, ["half_rise_depth", "has_onset"]] = [np.nan, 0.0]
    table = joint_test(late, MODEL).set_index("statistic")
    assert table.loc["median onset", "trained"] == pytest.approx(1 + 1 / BLOCKS)
    assert table.loc["share of cells with an onset", "trained"] == 0


def test_networks_with_other_cells_are_refused(cells: pd.DataFrame) -> None:
    fewer = cells.drop(cells.index[(cells["seed"] == 2).fillna(False)][:3])
    with pytest.raises(ArtifactError, match=r"seed 2 do not have the same cells \(3 and 0"):
        joint_test(fewer, MODEL)


def test_claims_in_every_cell(cells: pd.DataFrame) -> None:
    table = summarise_cells(cell_statistics(cells), MODEL).set_index("claim")
    assert list(table.index) == ["C1", "C2", "C3", "C4", "C6", "C7"]
    assert table.loc["C1", "p"] == pytest.approx(1 / (SEEDS + 1))
    # Planted: direction at 4.3, speed at 1.2 and acceleration at 1.6, all shifted alike.
    assert 2 <= table.loc["C3", "median"] <= 4
    assert table.loc["C3", "share"] > 0.8
    assert abs(table.loc["C7", "median"]) <= 1
    assert (table["cells"] == [720, 720, 720, 720, 720, 360]).all()


def test_a_claim_with_few_values_is_ranked_by_its_share_alone(cells: pd.DataFrame) -> None:
    rare = cells.copy()
    rare.loc[rare["control"] == "untrained", "step_depth"] = np.nan
    found = summarise_cells(cell_statistics(rare), MODEL).set_index("claim").loc["C2"]
    assert np.isnan(found["p"]) or found["p"] is None
    assert found["share_p"] == pytest.approx(1 / (SEEDS + 1))
