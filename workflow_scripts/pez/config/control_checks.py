"""What must agree between the controls and the other sections of the configuration."""

from collections.abc import Iterable, Sequence

from pez.config.model import Config
from pez.controls.control import Control
from pez.controls.registry import control_names, find_control
from pez.controls.spec import ControlSpec
from pez.recipes.recipe import Recipe
from pez.recipes.spec import AttentiveSolver
from pez.runtime.schema import did_you_mean


def check_controls(config: Config) -> Iterable[str]:
    """Yield what is wrong with the controls, and with the names of models beside them."""
    known = list(control_names())
    for name, spec in config.controls.items():
        if name not in known:
            yield f"controls: control = {did_you_mean(name, known)}"
        else:
            yield from _check_seeds(find_control(name), spec)
    for figure, shown in config.figures.items():
        for name in shown.controls:
            if name not in config.controls:
                yield f"figures.{figure}.controls = {did_you_mean(name, list(config.controls))}"
        for model in shown.models:
            base = [name for name in known if f"_{name}" in model]
            if base and model not in config.encoders.models:
                yield (
                    f"figures.{figure}.models names {model!r}: controls are drawn beside their "
                    f"model; write {model.partition(f'_{base[0]}')[0]!r}"
                )
    for model in config.encoders.models:
        for name in known:
            if model.endswith(f"_{name}") or model == name:
                yield (
                    f"encoders.models.{model}: '{name}', and names ending in '_{name}', are "
                    "reserved for the control that every model has"
                )


def _check_seeds(control: Control, spec: ControlSpec) -> Iterable[str]:
    key = f"controls.{control.name}.seeds = {list(spec.seeds)}"
    if control.replaces == "features" or not control.draws:
        if spec.seeds:
            yield f"{key}: this control draws nothing; write {control.name}: {{}}"
    elif not spec.seeds:
        yield f"{key}: give at least one seed, as in [1]"
    elif len(set(spec.seeds)) < len(spec.seeds):
        yield f"{key}: each seed once"


def check_first_seed(key: str, control: str, seeds: Sequence[int], config: Config) -> Iterable[str]:
    """Yield what is wrong with ``seeds``, which ``key`` gives ``control``.

    Names of networks follow from the place of a seed, and are the same for all who name it.
    """
    known = config.controls[control].seeds
    if known[:1] != tuple(seeds[:1]):
        yield (
            f"{key}.{control} = {list(seeds)}: the first seed's network has the bare "
            f"name, and controls.{control}.seeds is {list(known)}: begin with the same"
        )


def check_features_controls(
    key: str, controls: Iterable[str], recipe: Recipe, config: Config
) -> Iterable[str]:
    """Yield those of ``controls`` that have no features for ``recipe``, and why.

    Args:
        key: of the figure or sweep that asks for them.
        controls: their names.
        recipe: one that is shown or swept.
        config: the whole configuration.
    """
    spec, solver = recipe.spec, recipe.solver
    for name in controls:
        control = find_control(name)
        if control.replaces != "features":
            continue
        where = f"{key}.controls = {name!r}"
        if control.reads == "positions" and not config.sets[spec.dataset].has_trajectories:
            yield (
                f"{where}: dataset {spec.dataset!r}, which recipe {recipe.name} reads, has no "
                "trajectories; leave this control out"
            )
        elif spec.pooling.endswith("_patch") and control.patch_width is None:
            yield (
                f"{where}: recipe {recipe.name} reads patches (pooling {spec.pooling}), and this "
                "control has none; leave it out, or give the probe a pooling without patches"
            )
        elif isinstance(solver, AttentiveSolver) and (control.patch_width or 0) % solver.heads:
            yield (
                f"{where}: {control.patch_width} features of a patch are no multiple of "
                f"solvers.{spec.solver}.heads = {solver.heads}"
            )
