"""What a script is seen to reach, by reading it, is all that its jobs execute."""

import ast
import json
import re
from functools import cache
from typing import Any

import yaml
from snakemake.utils import update_config

from conftest import CHECKOUT, SMOKE, Project
from fingerprint.defaults import CHOICES, names_of_figure, names_of_fit, names_of_page
from pez.config.load import load_config
from pez.config.model import Config
from pez.features.spec import VIEWS
from pez.fingerprint import SCRIPTS, CodeBase, silent
from pez.fingerprint.choices import names_in
from pez.fingerprint.closure import Closure
from pez.fingerprint.source import Target, decorator_name

# They tell which class to check a configuration by; it was checked when the workflow was planned.
TAGGING = {
    "pez.figures.spec:_kind_of_figure",
    "pez.recipes.columns:kind_of_target",
    "pez.recipes.columns:names_column",
    "pez.recipes.spec:_kind_of_probe",
}
# They make what planning checks configuration with, when the module is imported.
ON_IMPORT = {"pez.recipes.recipe:_optional_fields", "pez.encoders.registry:family_names"}
WORDING = {"pez.clips.visibility:_table"}  # of a log line


@cache
def smoke() -> Config:
    config = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    update_config(config, yaml.safe_load((CHECKOUT / SMOKE).read_text()))
    return load_config(config, CHECKOUT)


def given(rule: str, wildcards: dict[str, str]) -> Any:
    """What the rule of a job hands to `code`, see rules/provenance.smk; None for all names."""
    config = smoke()
    if rule == "fit_probe":
        return names_of_fit(config.fits[wildcards["fit"]])
    if rule in ("judge_figure", "draw_figure"):
        return names_of_figure(config, wildcards["figure"])
    if rule == "write_page":
        return names_of_page(config)
    if rule == "extract_features":
        return [config.encoder("vjepa2_tiny"), config.extraction, VIEWS]
    if rule == "initialise_encoder":
        return config.encoder(wildcards["model"])
    if rule == "simulate_clips":
        source = config.sets[wildcards["dataset"]]
        return [source.design, source.scene]
    return None


def is_check_or_class_body(node: ast.ClassDef | None, names: list[str]) -> bool:
    """Whether ``names`` in a class are its body, run on import, or a check of its values."""
    methods = [one for one in node.body if isinstance(one, ast.FunctionDef)] if node else []
    checks = {
        one.name for one in methods if silent.is_check(one, map(decorator_name, one.decorator_list))
    }
    return node is not None and (not names or names[0] in checks)


def unreached(closure: Closure, calls: list[tuple[str, str]]) -> set[str]:
    """Functions among ``calls`` that ``closure`` does not hold."""
    held = {str(target) for target in closure.reached}
    left_out = {f"{target}.{member.name}" for target, member in closure.unused}
    found = set()
    for file, qualified in calls:
        if not file.endswith(".py"):  # a template, which counts by its content
            continue
        module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        names = [name for name in qualified.split(".") if name != "<locals>"]
        if silent.is_outside_provenance(module) or names[0].startswith("<"):
            continue
        target = f"{module}:{names[0]}"
        source = closure.units.source
        if is_check_or_class_body(source.kind(Target(module, names[0])).node, names[1:]):
            continue
        read = source.module(module)
        assert read is not None
        registered = {getattr(statement, "name", "") for statement in read.effects}
        if target not in held and not (module in closure.executed and names[0] in registered):
            found.add(target)
        elif f"{target}.{names[-1]}" in left_out:
            found.add(f"{target}.{names[-1]}")
    return found - TAGGING - ON_IMPORT - WORDING


def test_jobs_execute_nothing_that_was_not_reached(smoke_run: Project) -> None:
    code, jobs = CodeBase(SCRIPTS, CHOICES), 0
    for path in sorted((smoke_run.folder.parent / "trace").glob("*.json")):
        job = json.loads(path.read_text())
        match = re.search(r"logs/(\w+)/", job["log"])
        assert match
        rule, names = match[1], given(match[1], job["wildcards"])
        chosen = None if names is None else frozenset(names_in(names)) & CHOICES
        calls = [(file, name) for file, name in job["calls"]]
        assert unreached(code.closure(f"{rule}.py", chosen), calls) == set(), path
        jobs += 1
    assert jobs == 32 + 6 + 6 + 8  # fits, figures judged and drawn, one of every other script
