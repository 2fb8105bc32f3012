"""What must agree between the sweeps and the other sections of the configuration."""

from collections.abc import Callable, Iterable

from pez.config.control_checks import check_features_controls
from pez.config.model import Config
from pez.recipes.recipe import Recipe
from pez.recipes.sweep import SWEEPABLE, SweepSpec
from pez.runtime.errors import ConfigError
from pez.runtime.schema import did_you_mean

_SHOWN = 5  # problems of the recipes of one sweep, which are many and alike


def check_sweeps(
    config: Config, problems_of: Callable[[Recipe, Config], Iterable[str]]
) -> Iterable[str]:
    """Yield what is wrong with the sweeps.

    Args:
        config: the whole configuration.
        problems_of: what is wrong with a recipe.
    """
    for name, sweep in config.sweeps.items():
        key = f"sweeps.{name}"
        problems = list(_names(key, sweep, config))
        yield from problems
        if problems:
            continue
        try:
            recipes = config.swept(name)
        except ConfigError as error:
            yield from (f"{key}: {line}" for line in str(error).splitlines())
            continue
        found: dict[str, None] = {}
        for recipe in recipes:
            found |= {f"{key}: {problem}": None for problem in problems_of(recipe, config)}
            found |= dict.fromkeys(check_features_controls(key, sweep.controls, recipe, config))
        yield from list(found)[:_SHOWN]


def _names(key: str, sweep: SweepSpec, config: Config) -> Iterable[str]:
    """Names that there are not, and axes without values."""
    known = {
        "models": (sweep.models, list(config.encoders.models)),
        "recipes": (sweep.recipes, list(config.recipes)),
        "controls": (sweep.controls, list(config.controls)),
        "axes": (sweep.axes, list(SWEEPABLE)),
    }
    for field, (values, allowed) in known.items():
        for value in values:
            if value not in allowed:
                yield f"{key}.{field} = {did_you_mean(value, allowed)}"
    for field, taken in sweep.axes.items():
        if not taken:
            yield f"{key}.axes.{field} has no values: give some or leave it out"
