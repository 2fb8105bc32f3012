"""What must agree between measurements inside networks and the rest of the configuration."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pez.config.control_checks import check_first_seed
from pez.config.model import Config
from pez.config.weights_checks import check_weights
from pez.controls.registry import find_control
from pez.datasets.source import Source
from pez.inside.spec import FeaturesSpec, InsideSpec, MoviesSpec, of_movies
from pez.runtime.schema import did_you_mean


def check_inside(config: Config, name: str, checkout: Path) -> Iterable[str]:
    """Yield what is wrong with the measurement ``name``; ``checkout`` holds shipped weights."""
    spec, key = config.inside[name], f"inside.{name}"
    for model in spec.models:
        if model not in config.encoders.models:
            yield f"{key}.models = {did_you_mean(model, list(config.encoders.models))}"
    yield from check_weights(config, spec.models, checkout)
    yield from _check_dataset(key, spec, config)
    yield from _check_movies(key, spec, config)
    for control, seeds in spec.controls.items():
        if control not in config.controls:
            yield f"{key}.controls: control = {did_you_mean(control, list(config.controls))}"
        elif find_control(control).replaces not in ("weights", "clips"):
            yield (
                f"{key}.controls = {control!r}: it has no network to look into; take one with "
                "other weights or other clips"
            )
        elif isinstance(spec, MoviesSpec) and find_control(control).replaces != "weights":
            yield (
                f"{key}.controls = {control!r}: predictors are trained on a network, and movies "
                "are shown as they are; take a control with other weights"
            )
        else:
            yield from check_first_seed(f"{key}.controls", control, seeds, config)


def check_inside_figures(config: Config) -> Iterable[str]:
    """Yield names of figures that are taken."""
    taken = dict.fromkeys(config.figures, "section figures")
    for name, spec in config.inside.items():
        for figure in spec.figures:
            if figure in taken:
                yield (
                    f"inside.{name}.figures.{figure}: {taken[figure]} has a figure of this name: "
                    "take another"
                )
            taken[figure] = f"inside.{name}"


def _check_dataset(key: str, spec: InsideSpec, config: Config) -> Iterable[str]:
    source = config.sets.get(spec.dataset)
    if source is None:
        yield f"{key}.dataset = {did_you_mean(spec.dataset, list(config.sets))}"
    elif (problem := source.problem()) and not _asked_later(spec, source):
        yield f"{key}.dataset = {spec.dataset!r}: {problem}"
    elif spec.reads_objects and not source.has_objects:
        yield (
            f"{key}.dataset = {spec.dataset!r}, in which {source.varies}: the measurement asks for "
            "several objects a clip; take a dataset of source objects"
        )
    elif of_movies(spec) and source.kind != "plausibility":
        yield (
            f"{key}.dataset = {spec.dataset!r}, in which {source.varies}: the measurement scores "
            "possible and impossible movies; name such a dataset"
        )
    elif not of_movies(spec) and spec.clip_groups not in source.groupings:
        yield (
            f"{key}.dataset = {spec.dataset!r}, in which {source.varies}: clips are taken by their "
            "condition, and it forms none"
        )
    elif spec.reads_trajectories and not source.has_trajectories:
        yield (
            f"{key}.dataset = {spec.dataset!r}, in which {source.varies}: nothing says where its "
            "balls are, and the measurement asks; take a dataset of source balls"
        )


def _asked_later(spec: InsideSpec, source: Source[Any]) -> bool:
    """Whether the rules ask if the published movies lie where they are said to, as for probes."""
    return of_movies(spec) and source.is_there


def _check_movies(key: str, spec: InsideSpec, config: Config) -> Iterable[str]:
    """Other datasets than the first are of possible and impossible movies.

    Whether these are there is asked by the rules, as it is for probes.
    """
    for name in spec.read_from()[1:] if isinstance(spec, FeaturesSpec) else ():
        source = config.sets.get(name)
        if source is None:
            yield f"{key}.movies = {did_you_mean(name, list(config.sets))}"
        elif source.kind != "plausibility":
            yield (
                f"{key}.movies = {name!r}, in which {source.varies}: plausibility is read from "
                "possible and impossible movies; name such a dataset, or null"
            )
