"""What must agree between the audit and the other sections of the configuration."""

from collections.abc import Iterable
from pathlib import Path

from pez.audit.spec import AuditSpec
from pez.config.control_checks import check_first_seed
from pez.config.inside_checks import check_inside
from pez.config.model import Config
from pez.config.weights_checks import check_weights
from pez.recipes.spec import GradientSolver
from pez.runtime.schema import did_you_mean


def check_audit(config: Config, checkout: Path) -> Iterable[str]:
    """Yield what is wrong with the audit; ``checkout`` holds shipped weights."""
    audit = config.audit
    if audit is None:
        return
    for model in audit.models:
        if model not in config.encoders.models:
            yield f"audit.models = {did_you_mean(model, list(config.encoders.models))}"
    yield from check_weights(config, audit.models, checkout)
    if not audit.datasets:
        yield "audit: no dataset is named: give velocity, acceleration or plausibility"
    for kind, name in audit.datasets.items():
        yield from _check_dataset(kind, name, audit, config)
    for name, seeds in audit.controls.items():
        if name not in config.controls:
            yield f"audit.controls: control = {did_you_mean(name, list(config.controls))}"
            continue
        yield from check_first_seed("audit.controls", name, seeds, config)
    yield from _check_heads(audit, config, checkout)
    yield from _check_gradient(audit, config)
    yield from _check_primary(audit)


def _check_heads(audit: AuditSpec, config: Config, checkout: Path) -> Iterable[str]:
    if audit.heads is None:
        return
    known = [name for name, spec in config.inside.items() if spec.kind == "head_ablation"]
    if audit.heads not in known:
        yield (
            f"audit.heads = {did_you_mean(audit.heads, known)}: a measurement of kind "
            "head_ablation under inside; null leaves C10 undecided"
        )
    else:
        for problem in check_inside(config, audit.heads, checkout):
            yield f"{problem} (the audit's C10 rests on it: audit.heads)"


def _check_gradient(audit: AuditSpec, config: Config) -> Iterable[str]:
    for name in audit.gradient.solver:
        solver = config.solvers.get(name)
        if solver is None:
            yield f"audit.gradient.solver = {did_you_mean(name, list(config.solvers))}"
        elif not isinstance(solver, GradientSolver) or solver.stopped_by != "loss":
            yield f"audit.gradient.solver = {name!r}: it does not descend a squared error"
    for field in (
        ("target", "pooling", "grouping", "normalisation") if audit.gradient.solver else ()
    ):
        allowed = getattr(audit.axes, field)
        for value in getattr(audit.gradient, field):
            if value not in allowed:
                listed = ", ".join(map(str, allowed))
                yield f"audit.gradient.{field} = {value!r}: none of audit.axes.{field} ({listed})"


def _check_dataset(kind: str, name: str, audit: AuditSpec, config: Config) -> Iterable[str]:
    if name not in config.sets:
        yield f"audit.{kind} = {did_you_mean(name, list(config.sets))}"
        return
    source = config.sets[name]
    if source.kind != kind:
        yield f"audit.{kind} = {name!r}: a dataset in which {source.varies}"
        return
    if problem := source.problem():
        yield problem
        return
    groupings = ("scene",) if kind == "plausibility" else audit.axes.grouping
    for grouping in dict.fromkeys([*groupings, *_primary_grouping(kind, audit)]):
        most = source.groupings.get(grouping)
        if most is None:
            allowed = ", ".join(source.groupings)
            yield (
                f"audit.axes.grouping = {grouping!r}: dataset {name!r} forms no such groups "
                f"(allowed: {allowed})"
            )
        elif most < audit.folds:
            yield (
                f"audit.folds = {audit.folds}: grouping {grouping!r} gives at most {most} groups "
                f"on dataset {name!r} (take fewer folds, or leave this grouping out)"
            )
    few = [clips for clips in audit.clips if clips > source.count * (1 - 1 / audit.folds) - 1]
    if few and kind != "plausibility":
        yield (
            f"audit.clips = {list(audit.clips)}: {max(few)} training clips are more than the "
            f"{audit.folds - 1} of {audit.folds} folds of dataset {name!r} hold, of {source.count}"
        )


def _primary_grouping(kind: str, audit: AuditSpec) -> Iterable[str]:
    return () if kind == "plausibility" else (audit.primary.grouping,)


def _check_primary(audit: AuditSpec) -> Iterable[str]:
    """The primary cell is one of the cells, so that the specification curve can show it."""
    for field in ("pooling", "grouping", "normalisation", "selection", "fold_seed"):
        value, allowed = getattr(audit.primary, field), getattr(audit.axes, field)
        if value not in allowed:
            listed = ", ".join(map(str, allowed))
            yield f"audit.primary.{field} = {value!r}: none of audit.axes.{field} ({listed})"
    if audit.primary.direction not in audit.axes.target:
        yield (
            f"audit.primary.direction = {audit.primary.direction!r}: none of audit.axes.target "
            f"({', '.join(audit.axes.target)})"
        )
