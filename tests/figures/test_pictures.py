"""The pictures in the documentation show what the configuration describes."""

import json
from pathlib import Path

import pytest
import yaml
from PIL import Image

from pez.config.load import load_config
from pez.config.model import describe_weights

CHECKOUT = Path(__file__).parents[2]
PICTURES = sorted((CHECKOUT / "docs/images").glob("figure*.png"))


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.stem)
def test_a_committed_picture_has_the_current_recipe(picture: Path) -> None:
    config = load_config(yaml.safe_load((CHECKOUT / "config.yaml").read_text()), CHECKOUT)
    figure = config.figures[picture.stem]
    with Image.open(picture) as opened:
        described = json.loads(opened.info.get("Description", "{}"))
    recipes = {name: config.recipes[name].fields() for name in figure.recipes}
    assert described.get("recipes") == recipes, "draw it again: make pictures"
    assert described["models"] == {name: describe_weights(config, name) for name in figure.models}
    datasets = {recipe["dataset"] for recipe in recipes.values()}
    assert described["clips"]["datasets"] == {
        name: config.sets[name].count for name in sorted(datasets)
    }


def test_every_committed_picture_is_shown() -> None:
    pages = [CHECKOUT / "README.md", *(CHECKOUT / "docs").glob("*.md")]
    text = "\n".join(page.read_text() for page in pages)
    assert {path for path in PICTURES if f"images/{path.name}" in text} == set(PICTURES)
