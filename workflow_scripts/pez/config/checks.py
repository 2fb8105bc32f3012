"""What must agree between the sections of the configuration."""

from collections.abc import Iterable
from pathlib import Path

from pez.config.model import Config
from pez.encoders.spec import EmbeddedWeights, EncoderSpec
from pez.figures.spec import PlausibilityFigureSpec
from pez.intphys.spec import BLOCKS, DEV
from pez.probes.catalogue import TARGETS, least_groups, most_groups
from pez.probes.spec import (
    SHUFFLED_SUFFIX,
    AttentiveSolver,
    PlausibilityProbeSpec,
    ProbeSpec,
    RidgeSolver,
)
from pez.runtime.schema import did_you_mean


def inconsistencies(config: Config, checkout: Path) -> Iterable[str]:
    """Yield one line per problem: the key, the value, and what is allowed.

    ``checkout`` is the folder that shipped weights lie in.
    """
    yield from _check_probes(config)
    yield from _check_figures(config)
    yield from _check_pretraining(config)
    yield from _check_weights(config, checkout)


def _check_probes(config: Config) -> Iterable[str]:
    for name, probe in config.probes.items():
        key = f"probes.{name}"
        if name.endswith(SHUFFLED_SUFFIX):
            yield (
                f"{key}: names ending in {SHUFFLED_SUFFIX!r} are reserved for the control with "
                "shuffled labels that every plausibility probe has"
            )
        if probe.solver not in config.solvers:
            yield f"{key}.solver = {did_you_mean(probe.solver, list(config.solvers))}"
        else:
            yield from _check_solver(key, probe, config)
        if probe.dataset not in config.datasets():
            hint = "; set intphys.root" if probe.dataset == DEV else ""
            yield f"{key}.dataset = {did_you_mean(probe.dataset, config.datasets())}{hint}"
            continue
        kind = config.kind(probe.dataset)
        targets = [name for name, info in TARGETS.items() if kind in info.kinds]
        if probe.target not in targets:
            yield (
                f"{key}.target = {probe.target!r} cannot be read from dataset {probe.dataset!r}, "
                f"in which {_WHAT_VARIES[kind]} (allowed: {', '.join(targets)})"
            )
            continue
        yield from _check_folds(key, probe, config)


_WHAT_VARIES = {
    "velocity": "balls move with constant velocity",
    "acceleration": "balls move with constant acceleration",
    "plausibility": "movies are possible or impossible",
}


def _check_solver(key: str, probe: ProbeSpec, config: Config) -> Iterable[str]:
    """Solvers fit targets: a classifier of tokens is no regression, ridge no classifier."""
    solver = config.solvers[probe.solver]
    if isinstance(solver, AttentiveSolver):
        if probe.target != "plausibility":
            yield f"{key}.solver = {probe.solver!r}: an attentive solver is for plausibility only"
        if probe.pooling not in ("temporal_last_patch", "all_patch"):
            yield (
                f"{key}.pooling = {probe.pooling!r}: an attentive solver reads tokens (allowed: "
                "temporal_last_patch, all_patch)"
            )
    elif probe.pooling == "all_patch":
        yield f"{key}.pooling = {probe.pooling!r}: only an attentive solver reads all tokens"
    elif probe.target == "plausibility":
        if isinstance(solver, RidgeSolver):
            yield f"{key}.solver = {probe.solver!r}: ridge gives no probability of being possible"
        if probe.pooling.endswith("_patch"):
            yield f"{key}.pooling = {probe.pooling!r}: a linear plausibility probe wants a mean"


def _check_folds(key: str, probe: ProbeSpec, config: Config) -> Iterable[str]:
    balls = config.clips.datasets.get(probe.dataset)
    if balls is None:
        groups = len(BLOCKS) * config.intphys.scenes(probe.dataset)
    elif probe.grouping == "scene":
        yield f"{key}.grouping = 'scene': the clips of dataset {probe.dataset!r} form no scenes"
        return
    else:
        groups = most_groups(probe.grouping, balls.directions, len(balls.magnitudes), balls.starts)
    if least_groups(probe.folds, probe.selections) > groups:
        yield (
            f"{key}.folds = {probe.folds}: grouping {probe.grouping!r} gives at most {groups} "
            f"groups on dataset {probe.dataset!r}, every fold needs one of its own, and the "
            "selection 'nested' needs two for training (take fewer folds or a finer grouping)"
        )


def _check_figures(config: Config) -> Iterable[str]:
    known_models, known_probes = list(config.encoders.models), config.probe_registry()
    for name, figure in config.figures.items():
        for model in figure.models:
            if model not in config.encoders.models:
                yield f"figures.{name}.models = {did_you_mean(model, known_models)}"
        wanted = "plausibility" if isinstance(figure, PlausibilityFigureSpec) else "motion"
        for probe in figure.probes[:1] if wanted == "plausibility" else figure.probes:
            key = f"figures.{name}.{'probe' if wanted == 'plausibility' else 'probes'}"
            if probe not in config.probes:
                yield f"{key} = {did_you_mean(probe, list(config.probes))}"
            elif isinstance(known_probes[probe], PlausibilityProbeSpec) != (
                wanted == "plausibility"
            ):
                yield f"{key} = {probe!r}: a figure of {wanted} cannot show this probe"
            else:
                yield from _check_heads(f"figures.{name}.models", figure.models, probe, config)


def _check_heads(key: str, models: Iterable[str], probe: str, config: Config) -> Iterable[str]:
    """Compare the widths of the models with the heads of an attentive probe."""
    solver = config.solvers.get(config.probes[probe].solver)
    for model in models:
        encoder = config.encoders.models.get(model)
        if encoder and isinstance(solver, AttentiveSolver) and encoder.hidden_size % solver.heads:
            yield (
                f"{key}: {model!r} has {encoder.hidden_size} features, no multiple of "
                f"solvers.{config.probes[probe].solver}.heads = {solver.heads}"
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
