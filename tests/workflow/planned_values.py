"""What a plan computes from a configuration, without Snakemake: the functions of rules/*.smk.

The files that hold functions only are Python. Run on one configuration, they give what every rule
would be given, and the provenance of every file; the fingerprints of the code, which no
configuration changes, are left out.
"""

import re
from collections.abc import Iterator
from functools import cache
from types import CodeType
from typing import Any

from snakemake.exceptions import WorkflowError

from conftest import CHECKOUT
from pez.config.model import Config

FUNCTIONS = (
    "common", "provenance", "dataset_provenance", "controls", "audit_paths", "audit_provenance",
    "inside_paths",
)  # fmt: skip


@cache
def _sources() -> list[CodeType]:
    """The Snakefile's imports and its names of what is configured, then the files of functions."""
    text = (CHECKOUT / "Snakefile").read_text()
    imports = re.findall(r"^(?:from|import) [^\n(]*(?:\([^)]*\))?\n", text, re.MULTILINE)
    names = re.findall(r"^(?:OUT|FITS|SETS|THERE) = .*\n", text, re.MULTILINE)
    assert len(names) == 4 and len(imports) > 20
    files = [CHECKOUT / "rules" / f"{name}.smk" for name in FUNCTIONS]
    head = compile("".join(imports), "imports", "exec"), compile("".join(names), "names", "exec")
    return [*head, *(compile(file.read_text(), str(file), "exec") for file in files)]


def plan_values(config: Config, raw: dict[str, Any], refused: dict[str, list[str]]) -> list[str]:
    """Compute everything that a plan of every target would; return why targets are refused.

    Raises:
        Exception: what a person would see as a traceback.
    """
    known: dict[str, Any] = {"CONFIG": config, "REFUSED": refused, "config": raw}
    known |= {"CHECKOUT": CHECKOUT, "SCRIPTS": CHECKOUT / "workflow_scripts"}
    known |= {"SHARD": "{shard}", "WHOLE": "whole", "REFERENCES": {}}  # of rules/devices, figures
    imports, names, *files = _sources()
    exec(imports, known)
    exec(names, known)
    for file in files:
        exec(file, known)
        known["code"] = lambda *_: "code"  # as if every script had the same
    reasons = []
    for steps in _targets(config, known):
        try:
            for function, *arguments in steps:
                known[function](*arguments)
        except WorkflowError as error:
            reasons.append(str(error))
    return reasons


def _targets(config: Config, known: dict[str, Any]) -> Iterator[list[tuple[str, ...]]]:
    """What is asked for each target, in the order of its rules: what follows a refusal is not."""
    for figure in config.figures:
        asked = ("shown_fits", "draw_made", "figure_files", "figure_benchmarks")
        yield [(function, figure) for function in asked]
    for figure in config.inside_figures:
        yield [("inside_tables", figure), ("draw_inside_made", figure)]
    for dataset in known["THERE"]:
        yield [(function, dataset) for function in ("ready", "labels_made", "clips_made")]
    for sweep in config.sweeps:
        yield [("gather_sweep_made", sweep)]
    if config.audit:
        yield [("audit_files",), ("judge_audit_made",)]
    yield [("page_fits",), ("page_datasets",), ("page_audit_files",), ("page_made",)]
    yield [("pretrain_made",)]
