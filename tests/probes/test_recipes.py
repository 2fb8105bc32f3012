"""Recipes as parameters of rules: short, and read back as they were."""

import json

import pytest
import yaml

from conftest import CHECKOUT
from pez.config.load import load_config
from pez.recipes.recipe import Recipe

CONFIG = load_config(yaml.safe_load((CHECKOUT / "config.yaml").read_text()), CHECKOUT)


@pytest.mark.parametrize("recipe", CONFIG.fits.values(), ids=CONFIG.fits)
def test_parameters_make_the_same_recipe_again(recipe: Recipe) -> None:
    params = json.loads(json.dumps(recipe.to_params()))
    again = Recipe.from_params(params)
    assert again.to_params() == recipe.to_params()
    assert again.fields() == recipe.fields()
    assert again.name == recipe.name and type(again.spec) is type(recipe.spec)


def test_what_has_its_default_is_told_and_is_no_parameter() -> None:
    """So that a new field with a default rebuilds no probe."""
    recipe = CONFIG.recipes["direction.strict"]
    assert recipe.spec.angle_axis == "world" and recipe.solver.method == "ridge"
    assert "folds" not in recipe.to_params()["spec"] and recipe.fields()["folds"] == "5"
    changed = CONFIG.recipes["speed.reference"]
    assert changed.to_params()["spec"]["sector_start_deg"] == -180
    assert "kmeans_restarts" not in changed.to_params()["spec"]  # makes no difference
