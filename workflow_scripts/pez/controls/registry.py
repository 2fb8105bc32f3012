"""Controls by name, and the variants that the configured seeds make of them."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from pez.controls import kinds
from pez.controls.control import Control, Source, Variant
from pez.encoders.spec import PermutedWeights, RandomWeights


@cache
def control_names() -> tuple[str, ...]:
    """Names of all controls: the modules in `pez.controls.kinds`."""
    return tuple(sorted(module.name for module in iter_modules(kinds.__path__)))


@cache
def find_control(name: str) -> Control:
    """Return the control called ``name``, one of `control_names`."""
    control: Control = import_module(f"pez.controls.kinds.{name}").CONTROL
    return control


def weights_of(variant: Variant, model: str) -> RandomWeights | PermutedWeights:
    """Return where the weights come from that ``variant`` puts in place of those of ``model``."""
    module = import_module(f"pez.controls.kinds.{variant.control.name}")
    found: RandomWeights | PermutedWeights = module.weights(model, variant.seed)
    return found


def sources_of(variant: Variant, models: Iterable[str]) -> dict[str, Source]:
    """Return by name the features that ``variant`` puts in place of those of ``models``."""
    match variant.control.replaces:
        case "weights":
            return {variant.network(model): Source(variant.network(model)) for model in models}
        case "clips":
            return {variant.network(model): Source(model, variant) for model in models}
        case "features":
            return {variant.network(model): Source(None, variant) for model in models}
    return {}


def variants(name: str, seeds: Sequence[int]) -> tuple[Variant, ...]:
    """Return the control ``name`` with each of ``seeds``; without any, once.

    The first seed has the bare name, so that more seeds later leave its results where they are.
    """
    control = find_control(name)
    if not seeds:
        return (Variant(control, None, f"_{name}"),)
    return tuple(
        Variant(control, seed, f"_{name}" if number == 0 else f"_{name}_{seed}")
        for number, seed in enumerate(seeds)
    )


def networks_beside(model: str, seeds: Mapping[str, Sequence[int]]) -> dict[str, Variant | None]:
    """Return by name what is read for ``model`` and for its controls that ``seeds`` names, and what
    replaces it there; labels make no difference to what is read."""
    found: dict[str, Variant | None] = {model: None}
    for variant in all_variants(seeds):
        if variant.control.replaces != "labels":
            found[variant.network(model)] = variant
    return found


def all_variants(seeds: Mapping[str, Sequence[int]]) -> list[Variant]:
    """Return the controls that ``seeds`` names, each with its seeds."""
    return [variant for name, of_name in seeds.items() for variant in variants(name, of_name)]
