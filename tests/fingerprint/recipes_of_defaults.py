"""Fingerprints of every script, for the names that the default configuration gives its rules."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from conftest import CHECKOUT
from pez.config.load import load_config
from pez.config.model import Config
from pez.features.spec import VIEWS, VIEWS_OF_POOLING
from pez.fingerprint import SCRIPTS, CodeBase
from pez.fingerprint.choices import choices_of, names_in

CHOICES = choices_of(Config) | set(VIEWS)


@cache
def jobs() -> dict[str, tuple[str, frozenset[str] | None]]:
    """Script and chosen names of every kind of job, by the kind's name.

    Probes are ``fit_probe`` with the probe's name, figures ``draw_figure`` with the figure's.
    """
    solvers = yaml.safe_load((CHECKOUT / "tests/fingerprint/probes.yaml").read_text())
    merged = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    merged["probes"] |= solvers["probes"]
    config = load_config(merged, CHECKOUT)
    scripts = {path.stem: None for path in sorted(SCRIPTS.glob("*.py"))}
    given: dict[str, Any] = dict(scripts)
    model = config.encoder("vjepa2_nano")
    given["extract_features"] = [model, config.extraction, VIEWS]
    given["initialise_encoder"] = config.encoder("vjepa2_nano_untrained")
    given["convert_checkpoint"] = [config.encoder("vjepa2_large"), "target_encoder"]
    given["simulate_clips"] = [config.clips.datasets["velocity"], config.clips.scene]
    given["render_clips"] = [config.clips.scene, config.clips.render]
    given["sample_intphys"] = config.intphys.sampling
    del given["fit_probe"], given["draw_figure"]
    for name, probe in config.probe_registry().items():
        views = VIEWS_OF_POOLING[probe.pooling]
        given[f"fit_probe {name}"] = [name, probe, config.solvers[probe.solver], views]
    for name, figure in config.figures.items():
        probes = [config.probe_registry()[probe] for probe in figure.probes]
        given[f"draw_figure {name}"] = [figure, probes, "embedded", "random", "kubric", "uniform"]
    return {
        name: (f"{name.split()[0]}.py", None if what is None else frozenset(names_in(what)))
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
