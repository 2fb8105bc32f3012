"""The shortcut's signature, on movies whose answers are known: two possible, two spliced ones."""

import numpy as np
import pandas as pd
import pytest

from pez.emergence.chance import binomial_scale, standard_error
from pez.emergence.shortcut import CEILING, Confusion, confusions
from pez.evidence.read import EvidenceTable
from pez.recipes.recipe import Recipe
from pez.recipes.spec import PlausibilityProbeSpec, RidgeSolver
from pez.runtime.errors import ArtifactError

RECIPE = Recipe(
    "p",
    "reference",
    PlausibilityProbeSpec.model_validate(
        {
            "dataset": "intphys_mini",
            "target": "plausibility",
            "capture": "resid_pre",
            "pooling": "mean",
            "normalisation": "zscore",
            "solver": "trainable",
            "selections": ["validation", "nested"],
        }
    ),
    RidgeSolver(method="ridge", alphas=(1.0,)),
)
LAYERS, FOLDS, SCENES = 6, 3, 20  # scenes of each fold, O1 then O2 then O3
BLOCKS = np.repeat(["O1", "O2", "O3"], (8, 6, 6))
POSSIBLE = np.array([True, True, False, False])  # A-A, B-B, A-B, B-A


def amounts(seen_a: float = 1.0, seen_b: float = 0.0) -> np.ndarray:
    """How much of the object the four movies of a scene show: halves add up, whatever they are."""
    a, b = seen_a, seen_b
    return np.array([a + a, b + b, a + b, b + a])


def table_of(called_possible: np.ndarray, subsets: tuple[str, ...] = ("all", "O1", "O2", "O3")):
    """Results of a probe that calls movies possible: bool [layers, folds, scenes, 4]."""
    right = called_possible == POSSIBLE
    values = {
        "clip_accuracy": right.mean(axis=3),
        "possible_recall": right[..., POSSIBLE].mean(axis=3),
        "impossible_recall": right[..., ~POSSIBLE].mean(axis=3),
    }
    rows = [
        {
            "layer": layer,
            "selection": selection,
            "fold": fold,
            "subset": subset,
            "metric": metric,
            "value": by_scene[layer, fold, subset == BLOCKS].mean()
            if subset != "all"
            else by_scene[layer, fold].mean(),
            "n_test": 4 * (SCENES if subset == "all" else int((subset == BLOCKS).sum())),
        }
        for selection in ("nested", "validation")
        for subset in subsets
        for metric, by_scene in values.items()
        for layer in range(LAYERS)
        for fold in range(FOLDS)
    ]
    return pd.DataFrame(rows)


def everywhere(answer: np.ndarray) -> np.ndarray:
    return np.broadcast_to(answer, (LAYERS, FOLDS, SCENES, 4)).copy()


def judged(called_possible: np.ndarray) -> list[Confusion]:
    table = table_of(called_possible)
    return list(confusions(EvidenceTable(table, LAYERS, "t"), RECIPE, ("all", "O1", "O2", "O3")))


def test_a_threshold_on_what_is_seen_is_recognised_as_the_shortcut() -> None:
    found = judged(everywhere(amounts() > 1.5))
    assert len(found) == 4 * 2 * 2  # subsets, selections, layers (best: 0, PEZ: 2)
    for one in found:
        assert one.clip_accuracy == CEILING
        assert (one.possible_recall, one.impossible_recall) == (0.5, 1.0)
        assert one.has_signature and one.is_shortcut and one.ceiling == "within 1 s.d."
    overall = found[0]
    assert (overall.subset, overall.selection, overall.layer, overall.role) == (
        "all",
        "validation",
        0,
        "best",
    )
    movies = FOLDS * SCENES * 2
    assert overall.possible_called_possible == overall.possible_called_impossible == movies // 2
    assert overall.impossible_called_impossible == movies
    assert overall.impossible_called_possible == 0


def test_no_threshold_on_sums_gets_more_than_the_ceiling() -> None:
    random = np.random.default_rng(0)
    for seen_a, seen_b, threshold in random.uniform(0, 2, (200, 3)):
        called = amounts(seen_a, seen_b) > 2 * threshold
        assert max((called == POSSIBLE).mean(), (~called == POSSIBLE).mean()) <= CEILING


def test_chance_a_constant_answer_and_even_errors_have_no_signature() -> None:
    random = np.random.default_rng(1)
    coins = random.random((LAYERS, FOLDS, SCENES, 4)) < 0.5
    even = everywhere(POSSIBLE) ^ (random.random((LAYERS, FOLDS, SCENES, 4)) < 0.25)
    for called in (coins, everywhere(np.zeros(4, bool)), even):
        overall = [one for one in judged(called) if one.subset == "all"]
        assert not any(one.has_signature or one.is_shortcut for one in overall)
    assert judged(everywhere(np.zeros(4, bool)))[0].ceiling == "below"


def test_who_knows_the_answer_exceeds_the_ceiling() -> None:
    called = everywhere(amounts() > 1.5)
    called[4] = POSSIBLE
    called[4, 0, 0, 2] = True  # one slip, in block O1
    found = judged(called)
    best = [one for one in found if one.role == "best"]
    assert {one.layer for one in best} == {4}
    assert all(one.ceiling == "above" and not one.is_shortcut for one in best)
    block = next(one for one in best if one.subset == "O1")
    assert block.impossible_called_possible == 1
    assert next(one for one in best if one.subset == "O2").impossible_called_possible == 0
    assert all(one.is_shortcut for one in found if one.role == "PEZ")


def test_one_layer_that_is_best_and_pez_is_told_once() -> None:
    called = everywhere(amounts() > 1.5)
    called[2] = POSSIBLE
    found = judged(called)
    assert len(found) == 4 * 2
    assert {one.role for one in found} == {"best, PEZ"}


def test_folds_without_a_block_do_not_count() -> None:
    table = table_of(everywhere(amounts() > 1.5))
    empty = (table["subset"] == "O3") & (table["fold"] == 1)
    table.loc[empty, ["value", "n_test"]] = [np.nan, 0]
    found = confusions(EvidenceTable(table, LAYERS, "t"), RECIPE, ("all", "O3"))
    block = next(one for one in found if one.subset == "O3")
    assert block.possible_called_possible == 6 * (FOLDS - 1)
    assert block.clip_accuracy == CEILING
    table.loc[table["subset"] == "O3", ["value", "n_test"]] = [np.nan, 0]
    block = confusions(EvidenceTable(table, LAYERS, "t"), RECIPE, ("all", "O3"))[-1]
    assert block.clip_accuracy is None and block.ceiling is None
    assert block.possible_recall is None and not block.has_signature


def test_a_table_without_recalls_or_a_subset_is_refused() -> None:
    table = table_of(everywhere(amounts() > 1.5), subsets=("all",))
    with pytest.raises(ArtifactError, match="clip_accuracy and subset O1"):
        confusions(EvidenceTable(table, LAYERS, "t"), RECIPE, ("all", "O1"))
    without = table[table["metric"] != "possible_recall"]
    with pytest.raises(ArtifactError, match="possible_recall"):
        confusions(EvidenceTable(without, LAYERS, "t"), RECIPE, ("all",))


def test_the_binomial_scale_counts_scenes() -> None:
    assert standard_error(25) == pytest.approx(0.1)
    assert np.isnan(standard_error(0))
    table = table_of(everywhere(amounts() > 1.5))
    seen = binomial_scale(EvidenceTable(table, LAYERS, "t"), "p", ("all", "O1"))
    assert seen.measured == pytest.approx(0.5 / np.sqrt(60))
    assert "all ± 6.5 points (60 scenes), in one fold ± 11.2 points (20 scenes)" in seen.text
    assert "O1 ± 10.2 points (24 scenes), in one fold ± 17.7 points (8 scenes)" in seen.text
