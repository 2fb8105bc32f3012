"""What must agree between the sections of the configuration."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pez.config.audit_checks import check_audit
from pez.config.control_checks import check_controls, check_features_controls
from pez.config.inside_checks import check_inside, check_inside_figures
from pez.config.model import Config
from pez.config.sweep_checks import check_sweeps
from pez.config.weights_checks import check_weights
from pez.datasets.source import MOST_SHARDS, Source
from pez.encoders.spec import EncoderSpec
from pez.figures.spec import FigureSpec
from pez.recipes.columns import CategoryTarget, ColumnGrouping, NumberTarget
from pez.recipes.kinds import least_groups
from pez.recipes.recipe import Recipe, recipe_name
from pez.recipes.spec import (
    AttentiveSolver,
    GradientSolver,
    PlausibilityProbeSpec,
    ProbeSpec,
    RidgeSolver,
)
from pez.runtime.schema import did_you_mean


def inconsistencies(config: Config, checkout: Path) -> Iterable[str]:
    """Yield one line per problem anywhere: the key, the value, and what is allowed.

    ``checkout`` is the folder that shipped weights lie in.
    """
    problems = list(problems_of_all(config, checkout))
    problems += [line for lines in recipe_problems(config).values() for line in lines]
    yield from dict.fromkeys(problems)
    if not problems:
        for figure in config.figures:
            yield from figure_problems(config, figure, checkout)
        yield from check_audit(config, checkout)
        for name in config.inside:
            yield from check_inside(config, name, checkout)


def problems_of_all(config: Config, checkout: Path) -> Iterable[str]:
    """Yield the problems that no target can do without."""
    yield from _check_names(config, checkout)
    yield from _check_datasets(config)
    controls = list(check_controls(config))
    yield from controls
    if not controls:
        yield from check_sweeps(config, _problems)
    yield from _check_pretraining(config)


def recipe_problems(config: Config) -> dict[str, list[str]]:
    """Problems of every recipe, by its name: what does not ask for it need not know."""
    problems = {}
    for probe, entry in config.probes.items():
        for protocol in entry.protocols:
            name, key = recipe_name(probe, protocol), f"probes.{probe}.protocols.{protocol}"
            found = config.broken_recipes.get(name)
            if found is None:
                found = list(_problems(config.recipes[name], config))
            problems[name] = [f"{key}: {problem}" for problem in found]
    return problems


def figure_problems(config: Config, figure: str, checkout: Path) -> list[str]:
    """Problems of ``figure`` with the models, probes and protocols that it names."""
    shown = config.figures[figure].models
    return list(
        dict.fromkeys([*_check_figure(config, figure), *check_weights(config, shown, checkout)])
    )


def _check_datasets(config: Config) -> Iterable[str]:
    for source in config.sets.values():
        yield from source.contradictions()


def _check_names(config: Config, checkout: Path) -> Iterable[str]:
    """Names that Snakemake would take for something else."""
    files = [checkout / "Snakefile", *(checkout / "rules").glob("*.smk")]
    rules = {name for file in files for name in re.findall(r"(?m)^rule (\w+):", file.read_text())}
    if set("{}~") & set(config.output_dir):
        yield (
            f"output_dir = {config.output_dir!r}: write the path out; braces are wildcards of "
            "Snakemake, and ~ is a folder of that name"
        )
    yield from check_inside_figures(config)
    for key, name in _figures(config):
        taken = name in rules or name.startswith(("extract_", "sample_"))
        if taken or (name.endswith("_timings") and name[: -len("_timings")] in config.figures):
            yield f"{key}.{name}: a rule of the workflow has this name: take another"


def _figures(config: Config) -> Iterable[tuple[str, str]]:
    """Names of all figures, and where they are given."""
    yield from (("figures", name) for name in config.figures)
    yield from ((f"inside.{of}.figures", name) for name, of in config.inside_figures.items())


def _problems(recipe: Recipe, config: Config) -> Iterable[str]:
    spec = recipe.spec
    yield from _check_solver(recipe)
    if spec.dataset not in config.sets:
        yield f"dataset = {did_you_mean(spec.dataset, list(config.sets))}"
        return
    source = config.sets[spec.dataset]
    if not source.is_there:
        yield f"dataset = {spec.dataset!r}, which is not there: {source.problem()}"
        return
    if not source.columns and (problem := source.problem()):  # its labels cannot be read
        yield f"dataset = {spec.dataset!r}: {problem}"
        return
    if source.shards > MOST_SHARDS:
        yield f"{source.problem()}"
    yield from _check_target(spec, source)
    if spec.clips == "in_view" and source.column("frames_out_of_view") is None:
        yield f"clips = 'in_view': the labels of dataset {spec.dataset!r} do not say who is in view"
    yield from _check_folds(spec, source)


def _check_target(spec: ProbeSpec, source: Source[Any]) -> Iterable[str]:
    if isinstance(spec.target, str):
        if spec.target not in source.targets:
            listed = [*source.targets, "a label: {column: ...}"]
            yield (
                f"target = {spec.target!r} cannot be read from dataset {spec.dataset!r}, "
                f"in which {source.varies} (allowed: {', '.join(listed)})"
            )
        return
    yield from _check_columns("target", spec.target.column, source)
    if isinstance(spec.target, CategoryTarget) and len(spec.target.column) > 1:
        yield f"target = {spec.target!r}: classes are the values of one column"
    for name in spec.target.column:
        column = source.column(name)
        if column is not None and column.most == 1:
            yield (
                f"target.column = {name!r}: all clips of dataset {spec.dataset!r} have one value, "
                "and any probe is right: add clips with another, or name another column"
            )
    texts = [name for name in spec.target.column if _is_text(source, name)]
    if isinstance(spec.target, NumberTarget) and texts:
        yield f"target = {spec.target!r}: {', '.join(texts)} is a category, which is classified"


def _is_text(source: Source[Any], name: str) -> bool:
    column = source.column(name)
    return column is not None and column.kind == "category"


def _check_columns(field: str, columns: Iterable[str], source: Source[Any]) -> Iterable[str]:
    known = [column.name for column in source.columns]
    for name in columns:
        if name not in known:
            yield f"{field}.column = {did_you_mean(name, known)}: a label of {source.name!r}"


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


def _check_folds(spec: ProbeSpec, source: Source[Any]) -> Iterable[str]:
    if isinstance(spec.grouping, ColumnGrouping):
        unknown = list(_check_columns("grouping", spec.grouping.column, source))
        yield from unknown
        if unknown:
            return
        groups = source.most_groups(spec.grouping.column)
    elif spec.grouping in source.groupings:
        groups = source.groupings[spec.grouping]
    else:
        allowed = ", ".join([*source.groupings, "labels: {column: ...}"])
        yield (
            f"grouping = {spec.grouping!r}: dataset {spec.dataset!r}, in which {source.varies}, "
            f"forms no such groups (allowed: {allowed})"
        )
        return
    if least_groups(spec.folds, spec.selections) > groups:
        yield (
            f"folds = {spec.folds}: grouping {spec.grouping!r} gives at most {groups} groups on "
            f"dataset {spec.dataset!r}, every fold needs one of its own, and the selection "
            "'nested' needs two for training (take fewer folds or a finer grouping)"
        )


def _check_figure(config: Config, name: str) -> Iterable[str]:
    figure, key = config.figures[name], f"figures.{name}"
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
            elif recipe := config.recipes.get(recipe_name(probe, protocol)):
                yield from _check_shown(key, figure, recipe, config)
    shown = [config.recipes[name].spec for name in figure.recipes if name in config.recipes]
    if not figure.of_movies and len(figure.scores(shown)) > 1:
        yield (
            f"{key}.probes: some read numbers and have R2, some tell classes apart and have an "
            "accuracy: give them a figure each"
        )


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
