"""Fingerprints of every script, for the names that the default configuration gives its rules."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from conftest import CHECKOUT
from pez.config.load import load_config
from pez.config.model import Config
from pez.controls.registry import control_names, find_control
from pez.encoders.registry import family_names
from pez.features.spec import VIEWS, VIEWS_OF_POOLING
from pez.fingerprint import SCRIPTS, CodeBase
from pez.fingerprint.choices import choices_of, names_in
from pez.inside.spec import InsideSpec, MoviesSpec
from pez.recipes.recipe import Recipe

CHOICES = frozenset({*choices_of(Config), *VIEWS, *family_names(), *control_names()})
ENCODER_SCRIPTS = ("extract_features", "convert_checkpoint", "initialise_encoder")


OF_AUDIT = ("audit_network", "predict_audit", "calibrate_audit")
OF_INSIDE = (
    "measure_inside", "measure_features", "train_predictors", "score_movies", "judge_inside",
    "draw_inside",
)  # fmt: skip
SWEPT = "speed.strict"  # the recipe of the sweep among the jobs


def names_of_fit(recipe: Recipe) -> list[Any]:
    """What the rule of a fit hands to `code`, see rules/provenance.smk."""
    return [recipe.choices(), VIEWS_OF_POOLING[recipe.spec.pooling]]


def names_of_figure(config: Config, figure: str) -> list[Any]:
    """What the rule of a figure hands to `code`."""
    spec = config.figures[figure]
    recipes = [config.recipes[name] for name in spec.recipes]
    facts = ["embedded", "random", "kubric", "uniform"]
    return [spec, *(recipe.choices() for recipe in recipes), *facts]


def names_of_page(config: Config) -> list[Any]:
    """What the rule of the page hands to `code`."""
    shown = [name for spec in config.figures.values() for name in spec.recipes]
    controls = [name for spec in config.figures.values() for name in spec.controls]
    facts = ["embedded", "random", *dict.fromkeys(controls)]
    return [*(config.recipes[name].choices() for name in dict.fromkeys(shown)), *facts]


def names_of_audit(config: Config) -> list[Any]:
    """What the rules of single networks in the audit hand to `code`."""
    assert config.audit is not None
    solvers = [config.solvers[name] for name in config.audit.gradient.solver]
    alone = config.audit.model_copy(update={"controls": {}})
    return [alone, "velocity", "none", "shuffled", *solvers, "tubelet_mean"]


def names_of_inside(config: Config, script: str, figure: str) -> list[Any]:
    """What the rules of measurements inside networks hand to `code`."""
    spec = config.inside[config.inside_figures[figure]]
    facts = ["embedded", "kubric"]
    scene = [config.clips.scene] if spec.reads_trajectories else []
    return {
        "measure_inside": [
            spec.alone(),
            *scene,
            config.encoder("vjepa2_nano"),
            config.extraction,
            "static",
        ],
        "measure_features": [spec.alone(), "tubelet_mean"],
        "train_predictors": [
            getattr(spec, "predictors", None),
            config.encoder("vjepa2_nano"),
            config.extraction,
        ],
        "score_movies": [spec.alone(), config.encoder("vjepa2_nano"), config.extraction],
        "judge_inside": [
            spec.model_copy(update={"figures": {figure: spec.figures[figure]}}),
            *facts,
        ],
        "draw_inside": [spec.figures[figure], list(spec.controls)],
    }[script]


def scripts_of(spec: InsideSpec) -> tuple[str, ...]:
    """Scripts that make the table of a measurement in one network."""
    if isinstance(spec, MoviesSpec):
        return ("train_predictors", "score_movies")
    return ("measure_features",) if spec.of_features else ("measure_inside",)


@cache
def jobs() -> dict[str, tuple[str, frozenset[str] | None]]:
    """Script and chosen names of every kind of job, by the kind's name.

    Fits are ``fit_probe`` with the recipe's name, figures ``judge_figure`` and
    ``draw_figure`` with the figure's;
    encoders have a kind for every family.
    """
    added = yaml.safe_load((CHECKOUT / "tests/fingerprint/probes.yaml").read_text())
    merged = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    merged["probes"] |= added["probes"]
    config = load_config(merged, CHECKOUT)
    scripts = {path.stem: None for path in sorted(SCRIPTS.glob("*.py"))}
    given: dict[str, Any] = dict(scripts)
    named = (
        "fit_probe", "fit_sweep", "judge_figure", "draw_figure", "replace_features", "write_page",
        *OF_AUDIT, *OF_INSIDE,
    )  # fmt: skip
    for script in (*named, *ENCODER_SCRIPTS):
        del given[script]
    for family in family_names():
        published = config.encoder("vjepa2_large").model_copy(update={"family": family})
        for script in ENCODER_SCRIPTS:
            given[f"{script} {family}"] = [published, config.extraction, "target_encoder"]
        given[f"extract_features {family}"].append(VIEWS)
    nano = [config.encoder("vjepa2_nano"), config.extraction, VIEWS]
    for control in map(find_control, control_names()):
        if control.replaces == "clips":
            given[f"extract_features {control.name}"] = [control.name, *nano]
        elif control.replaces == "features":
            for view in ("tubelet_mean", "last_tubelet_patches")[: 1 + bool(control.patch_width)]:
                given[f"replace_features {control.name} {view}"] = [control.name, view]
    given["extract_features permuted"] = ["permuted", *nano]
    given["permute_weights"], given["fetch_from_hub"] = "permuted", "hub"
    given["simulate_clips"] = [config.sets["velocity"].design, config.clips.scene]
    given["render_clips"] = [config.clips.scene, config.clips.render]
    objects = config.sets["objects"]
    given["simulate_objects"] = objects.design
    given["render_objects"] = [objects.design, objects.render]
    given["sample_intphys"] = config.sets["intphys_mini"].entry.sampling
    given["pretrain_nano"] = [config.encoder(config.pretraining.model), "random"]
    for name, recipe in config.recipes.items():
        given[f"fit_probe {name}"] = names_of_fit(recipe)
    given["fit_sweep"] = names_of_fit(config.recipes[SWEPT])
    for name in config.figures:
        given[f"judge_figure {name}"] = names_of_figure(config, name)
        given[f"draw_figure {name}"] = names_of_figure(config, name)
    given["write_page"] = names_of_page(config)
    given |= {name: names_of_audit(config) for name in OF_AUDIT}
    for measurement, spec in config.inside.items():
        (figure, *_) = spec.figures
        for script in scripts_of(spec):
            given[f"{script} {measurement}"] = names_of_inside(config, script, figure)
    for figure in config.inside_figures:
        for script in ("judge_inside", "draw_inside"):
            given[f"{script} {figure}"] = names_of_inside(config, script, figure)
    return {
        name: (f"{name.split()[0]}.py", None if what is None else CHOICES & set(names_in(what)))
        for name, what in given.items()
    }


def fingerprints(root: Path = SCRIPTS, added: Iterable[str] = ()) -> dict[str, str]:
    """Fingerprint of every kind of job, of the code under ``root``.

    ``added``: names that the configuration may choose there, beside those that it may choose here.
    """
    code = CodeBase(root, CHOICES | set(added))
    return {name: code.fingerprint(*job) for name, job in jobs().items()}


def changed(root: Path, added: Iterable[str] = ()) -> set[str]:
    """Kinds of jobs whose fingerprint under ``root`` is not that of the code as it is."""
    now, before = fingerprints(root, added), as_it_is()
    return {name for name in before if now[name] != before[name]}


@cache
def as_it_is() -> dict[str, str]:
    """Fingerprints of the code as it is."""
    return fingerprints()
