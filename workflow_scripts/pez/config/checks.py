"""What must agree between the sections of the configuration."""

from collections.abc import Iterable
from pathlib import Path

from pez.config.control_checks import check_controls, check_features_controls
from pez.config.model import Config
from pez.config.sweep_checks import check_sweeps
from pez.encoders.spec import EmbeddedWeights, EncoderSpec
from pez.figures.spec import FigureSpec
from pez.intphys.spec import BLOCKS, DEV
from pez.recipes.kinds import TARGETS, least_groups, most_groups
from pez.recipes.recipe import Recipe, recipe_name
from pez.recipes.spec import (
    AttentiveSolver,
    GradientSolver,
    PlausibilityProbeSpec,
    ProbeSpec,
    RidgeSolver,
)
from pez.runtime.errors import ConfigError
from pez.runtime.schema import did_you_mean


def inconsistencies(config: Config, checkout: Path) -> Iterable[str]:
    """Yield one line per problem: the key, the value, and what is allowed.

    ``checkout`` is the folder that shipped weights lie in.
    """
    problems = [*check_controls(config), *_check_recipes(config)]
    yield from problems
    if not problems:
        yield from _check_figures(config)
        yield from check_sweeps(config, _problems)
    yield from _check_pretraining(config)
    yield from _check_weights(config, checkout)


def _check_recipes(config: Config) -> Iterable[str]:
    try:
        recipes = config.recipes
    except ConfigError as error:
        yield from str(error).splitlines()
        return
    for recipe in recipes.values():
        key = f"probes.{recipe.probe}.protocols.{recipe.protocol}"
        yield from (f"{key}: {problem}" for problem in _problems(recipe, config))


def _problems(recipe: Recipe, config: Config) -> Iterable[str]:
    spec = recipe.spec
    yield from _check_solver(recipe)
    if spec.dataset not in config.datasets():
        hint = "; set intphys.root" if spec.dataset == DEV else ""
        yield f"dataset = {did_you_mean(spec.dataset, config.datasets())}{hint}"
        return
    kind = config.kind(spec.dataset)
    targets = [name for name, info in TARGETS.items() if kind in info.kinds]
    if spec.target not in targets:
        yield (
            f"target = {spec.target!r} cannot be read from dataset {spec.dataset!r}, "
            f"in which {_WHAT_VARIES[kind]} (allowed: {', '.join(targets)})"
        )
        return
    yield from _check_folds(spec, config)


_WHAT_VARIES = {
    "velocity": "balls move with constant velocity",
    "acceleration": "balls move with constant acceleration",
    "plausibility": "movies are possible or impossible",
}


def _check_solver(recipe: Recipe) -> Iterable[str]:
    """Solvers fit targets: a classifier of tokens is no regression, ridge no classifier."""
    spec, solver = recipe.spec, recipe.solver
    if isinstance(solver, AttentiveSolver):
        if spec.target != "plausibility":
            yield f"solver = {spec.solver!r}: an attentive solver is for plausibility only"
        if spec.pooling not in ("temporal_last_patch", "all_patch"):
            yield (
                f"pooling = {spec.pooling!r}: an attentive solver reads tokens (allowed: "
                "temporal_last_patch, all_patch)"
            )
    elif spec.pooling == "all_patch":
        yield f"pooling = {spec.pooling!r}: only an attentive solver reads all tokens"
    elif spec.target == "plausibility":
        if isinstance(solver, RidgeSolver):
            yield f"solver = {spec.solver!r}: ridge gives no probability of being possible"
        if spec.pooling.endswith("_patch"):
            yield f"pooling = {spec.pooling!r}: a linear plausibility probe wants a mean"
    elif isinstance(solver, GradientSolver) and solver.stopped_by != "loss":
        yield (
            f"solver = {spec.solver!r}, which stops by {solver.stopped_by}: a regression has none "
            "(stopped_by: loss)"
        )


def _check_folds(spec: ProbeSpec, config: Config) -> Iterable[str]:
    balls = config.clips.datasets.get(spec.dataset)
    if balls is None:
        groups = len(BLOCKS) * config.intphys.scenes(spec.dataset)
    elif spec.grouping == "scene":
        yield f"grouping = 'scene': the clips of dataset {spec.dataset!r} form no scenes"
        return
    else:
        groups = most_groups(spec.grouping, balls.directions, len(balls.magnitudes), balls.starts)
    if least_groups(spec.folds, spec.selections) > groups:
        yield (
            f"folds = {spec.folds}: grouping {spec.grouping!r} gives at most {groups} groups on "
            f"dataset {spec.dataset!r}, every fold needs one of its own, and the selection "
            "'nested' needs two for training (take fewer folds or a finer grouping)"
        )


def _check_figures(config: Config) -> Iterable[str]:
    for name, figure in config.figures.items():
        key = f"figures.{name}"
        for model in figure.models:
            if model not in config.encoders.models:
                yield f"{key}.models = {did_you_mean(model, list(config.encoders.models))}"
        for probe in figure.probes:
            if probe not in config.probes:
                yield f"{key}.probes = {did_you_mean(probe, list(config.probes))}"
                continue
            known = list(config.probes[probe].protocols)
            for protocol in figure.protocols:
                if protocol not in known:
                    yield (
                        f"{key}.protocols = {did_you_mean(protocol, known)}: probe {probe!r} has "
                        "no other"
                    )
                else:
                    recipe = config.recipes[recipe_name(probe, protocol)]
                    yield from _check_shown(key, figure, recipe, config)


def _check_shown(key: str, figure: FigureSpec, recipe: Recipe, config: Config) -> Iterable[str]:
    """Compare the kind of figure with that of the probe, and heads with the models' widths."""
    if isinstance(recipe.spec, PlausibilityProbeSpec) != figure.of_movies:
        kind = "plausibility" if figure.of_movies else "motion"
        yield f"{key}.probes = {recipe.probe!r}: a figure of {kind} cannot show this probe"
        return
    yield from check_features_controls(key, figure.controls, recipe, config)
    for model in figure.models:
        encoder, solver = config.encoders.models.get(model), recipe.solver
        if encoder and isinstance(solver, AttentiveSolver) and encoder.hidden_size % solver.heads:
            yield (
                f"{key}.models: {model!r} has {encoder.hidden_size} features, no multiple of "
                f"solvers.{recipe.spec.solver}.heads = {solver.heads}"
            )


def _check_pretraining(config: Config) -> Iterable[str]:
    model, known = config.pretraining.model, list(config.encoders.models)
    if model not in known:
        yield f"pretraining.model = {did_you_mean(model, known)}"
        return
    family, trained = (
        config.encoders.models[model].family,
        EncoderSpec.model_fields["family"].default,
    )
    if family != trained:
        yield f"pretraining.model = {model!r} is of family {family!r}: only {trained!r} is trained"


def _check_weights(config: Config, checkout: Path) -> Iterable[str]:
    """Look for the shipped weights of every model that a figure shows.

    Checkpoints are looked for when a rule asks for them: a figure needs those of its models alone.
    """
    shown = {model for figure in config.figures.values() for model in figure.models}
    for name in sorted(shown & set(config.encoders.models)):
        weights = config.encoders.models[name].weights
        if isinstance(weights, EmbeddedWeights) and not (checkout / weights.file).is_file():
            yield (
                f"encoders.models.{name}.weights.file = {weights.file!r}: no such file in "
                f"{checkout}; restore it from the repository"
            )
