"""R2 of the third party's probes, fold by fold, from the same features and labels."""

import numpy as np
import pandas as pd
import pytest
import torch
from parity_data import LABELS, R2, TARGETS, features, third_party_spec

from pez.features.store import PatchShard
from pez.probes.run import run_probe
from pez.recipes.spec import GradientSolver

FEATURES = features()
RECIPES = ["variable", "dataset", "features", "layer", "grouping", "normalisation", "start"]
OF_PATCHES = R2[R2.variable == "velocity_xy"]


def solver(start: str, method: str) -> GradientSolver:
    return GradientSolver(
        method=method, steps=400, patience=40, learning_rates=(1e-4, 3e-4, 1e-3, 3e-3, 5e-3),
        weight_decays=(0.01, 0.1, 0.4, 0.8), start=start,
    )  # fmt: skip


def fitted(recipe: pd.Series, method: str | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Results and predictions of the recipe in a row of `R2`."""
    values, patches = FEATURES[recipe.features], "patches" in recipe.features
    spec = third_party_spec(
        dataset=recipe.dataset,
        target=TARGETS.get(recipe.variable, recipe.variable),
        pooling="temporal_last_patch" if patches else "temporal_last",
        grouping=recipe.grouping,
        normalisation=recipe.normalisation,
        patch_map="shared" if patches else "flattened",
    )
    # Their patches' probe has decoupled decay: found from the numbers, see the last test.
    method = method or ("adamw" if patches else "adam_l2")
    return run_probe(
        "p", spec, solver(recipe.start, method), lambda layer: values, 1,
        LABELS[recipe.dataset], "cpu",
        load_patches=lambda layer: [PatchShard(0, 0, torch.from_numpy(values))],
    )  # fmt: skip


def compared(theirs: pd.DataFrame, method: str | None = None) -> pd.DataFrame:
    """Rows of one recipe, with our R2 and configuration beside theirs."""
    results, _ = fitted(theirs.iloc[0], method)
    ours = results[results.metric == "r2"].set_index("fold").add_suffix("_ours")
    return theirs.set_index("fold").join(ours)


def predictions_of(theirs: pd.Series) -> tuple[pd.DataFrame, np.ndarray]:
    """Our predictions of a fold, and the scale of normalised targets there, [outputs]."""
    _, predictions = fitted(theirs)
    outputs = predictions.output.nunique()
    training = predictions[predictions.fold != theirs.fold].target.to_numpy().reshape(-1, outputs)
    scale = training.std(axis=0) if theirs.normalisation == "zscore" else np.ones(outputs)
    return predictions[predictions.fold == theirs.fold], scale


# With start zero the third party's bias has a gradient of rounding errors, which Adam turns into
# steps of the size of the learning rate, another way on every machine (see one_by_one); ours stays
# zero. Two folds feel that by more than 2e-3: the direction fold stops after its first step, and a
# bias of -1 learning rate, which is that step, gives their number.
NOISY_BIAS = {("direction", 0, 3): 9e-3, ("acceleration_xy", 0, 4): 4e-3}


def recipes(start: str) -> list:
    chosen = R2[R2.start == start].groupby(RECIPES, sort=False)
    return [pytest.param(rows, id=f"{key[0]}-{key[3]}") for key, rows in chosen]


@pytest.mark.parametrize("theirs", recipes("zero"))
def test_from_zero_every_fold_and_configuration_is_theirs(theirs):
    found = compared(theirs)
    recipe = theirs.iloc[0]
    for fold, row in found.iterrows():
        tolerance = NOISY_BIAS.get((recipe.variable, recipe.layer, fold), 2e-3)
        assert row["value_ours"] == pytest.approx(row["r2"], abs=tolerance), fold
    for name in ("learning_rate", "weight_decay"):
        np.testing.assert_array_equal(found[name], found[f"{name}_ours"])


@pytest.mark.parametrize(("variable", "layer", "fold"), NOISY_BIAS)
def test_where_a_fold_is_further_off_a_small_bias_explains_it(variable, layer, fold):
    of_probe = (R2.variable == variable) & (R2.layer == layer) & (R2.start == "zero")
    theirs = R2[of_probe & (R2.fold == fold)].iloc[0]
    held_out, spread = predictions_of(theirs)
    target, prediction = (held_out[name].to_numpy() for name in ("target", "prediction"))
    target, prediction = (array.reshape(-1, len(spread)) for array in (target, prediction))
    lr = theirs.learning_rate
    biases = np.stack(np.meshgrid(*[np.linspace(-2, 2, 41)] * len(spread)), axis=-1) * lr * spread
    shifted = prediction + biases.reshape(-1, 1, len(spread))
    total = ((target - target.mean(axis=0)) ** 2).sum()
    scores = 1 - ((shifted - target) ** 2).sum(axis=(1, 2)) / total
    assert np.abs(scores - theirs.r2).min() < 2e-3


@pytest.mark.parametrize("theirs", recipes("pytorch"))
def test_from_their_own_start_folds_and_means_are_theirs(theirs):
    found = compared(theirs)
    distance = found["value_ours"] - found["r2"]
    assert distance.abs().max() < 2e-2
    assert abs(distance.mean()) < 5e-3


@pytest.mark.parametrize("start", ["zero", "pytorch"])
def test_a_shared_patch_map_is_theirs_with_decoupled_decay_alone(start):
    theirs = OF_PATCHES[OF_PATCHES.start == start]
    found = compared(theirs)
    assert (found["value_ours"] - found["r2"]).abs().max() < 2e-4
    np.testing.assert_array_equal(found["weight_decay"], found["weight_decay_ours"])
    coupled = compared(theirs, "adam_l2")
    assert (coupled["value_ours"] - coupled["r2"]).max() < -0.04
