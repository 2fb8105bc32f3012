"""Whether tables of evidence are what a figure shows: its models, recipes and clips."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pez.controls.control import Variant
from pez.recipes.recipe import Recipe, with_controls
from pez.runtime.errors import ArtifactError
from pez.runtime.identity import CURE, Identity, agree, expect
from pez.runtime.table_metadata import table_metadata

# What tables must have in common: all of them, those of one model, those of one dataset.
_OF_ALL = ("precision", "preprocessing")
_OF_MODEL = ("weights_checksum", "input_size")
_OF_DATASET = ("source", "labels", "clip_ids")


def check_results(
    results: Iterable[Path], recipes: Mapping[str, Recipe], controls: Iterable[Variant]
) -> None:
    """Check what the probe tables ``.../{model}/{recipe}.parquet`` say of themselves.

    Args:
        results: the tables, those of controls among them.
        recipes: every recipe of the figure, by name.
        controls: drawn beside every model, with each of their seeds.

    Raises:
        ArtifactError: a table is of another model, dataset or recipe than its path and the
            configuration say, or two differ in what they must have in common.
    """
    known: dict[tuple[object, ...], tuple[Path, Identity]] = {}
    controls = list(controls)
    fits = with_controls(recipes, controls)
    # nothing prepares or rounds what no encoder sees
    apart = {one.network("") for one in controls if one.control.replaces == "features"}
    for path in results:
        recipe = fits[path.stem]
        found = Identity.read(path, table_metadata(path))
        expect(path, found, Identity(model=path.parent.name, dataset=recipe.spec.dataset))
        _check_recipe(path, found.recipe, recipe)
        for group, fields in (
            ((path.parent.name in apart,), _OF_ALL),
            (("model", path.parent.name), _OF_MODEL),
            (("dataset", recipe.spec.dataset), _OF_DATASET),
        ):
            agree(fields, path, found, *known.setdefault(group, (path, found)))


def _check_recipe(path: Path, stated: Mapping[str, Any] | None, wanted: Recipe) -> None:
    try:
        held = {} if stated is None else Recipe.from_params(stated).fields()
    except (KeyError, TypeError, ValidationError):
        held = {}
    asked = wanted.fields()
    differing = [name for name in asked | held if held.get(name) != asked.get(name)]
    if differing:
        listed = ", ".join(
            f"{name} = {held.get(name, 'nothing')} and not {asked.get(name, 'nothing')}"
            for name in differing[:5]
        )
        raise ArtifactError(
            f"{path} was fitted by another recipe than {wanted.name} of the configuration: "
            f"{listed}. {CURE}"
        )
