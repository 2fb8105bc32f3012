"""A thousand made-up configurations: each is planned, or refused in the file's own words.

They are the same in every run (``derandomize``), and a failing one is reduced to its least changes.
A dozen of them go through a real Snakemake, which has to say what was said here.
"""

import json
import pathlib
import re
import subprocess
import sys
from collections import Counter, defaultdict
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from conftest import CHECKOUT
from pez.config.load import open_config
from pez.runtime.errors import ConfigError
from workflow.planned_values import plan_values
from workflow.random_overlays import Overlays, Path

SCHEMA = json.loads((CHECKOUT / "resources/config.schema.json").read_text())
OVERLAYS = Overlays(yaml.safe_load((CHECKOUT / "config.yaml").read_text()), SCHEMA)
SECTION = re.compile(rf"  - (top level|{'|'.join(SCHEMA['properties'])})\b")
FOREIGN = ("Traceback", "pydantic", "validation error")

what_came: Counter[str] = Counter()
# Of each sort: changes, a target, and why it is refused.
told: defaultdict[str, list[tuple[list[tuple[Path, Any]], str, list[str]]]] = defaultdict(list)


@settings(
    max_examples=1000,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(OVERLAYS.changes())
def test_it_is_planned_or_refused_by_its_key(changes: list[tuple[Path, Any]]) -> None:
    raw = OVERLAYS.apply(changes)
    try:
        config, refused = open_config(raw, CHECKOUT)
    except ConfigError as error:
        title, *lines = str(error).split("\n")
        assert title == "the configuration is refused:" and lines
        check_words(lines)
        what_came["refused"] += 1
        told["refused"].append((changes, "figure2c", lines))
        return
    check_words([f"  - {line}" for lines in refused.values() for line in lines])
    reasons = plan_values(config, raw, refused)
    what_came["refused in part" if refused else "planned"] += 1
    for target in config.figures:
        if target in refused:
            lines = [f"  - {line}" for line in refused[target]]
            told["refused in part"].append((changes, target, lines))
        elif not reasons:
            told["planned"].append((changes, target, []))


def check_words(lines: list[str]) -> None:
    for line in lines:
        assert SECTION.match(line), f"names no section: {line}"
        assert len(line) < 2000
        assert not any(word in line for word in FOREIGN), line


def test_the_thousand_are_of_every_sort() -> None:
    """Else the test above says little: it would be passed by refusing all."""
    if not what_came:
        pytest.skip("the thousand have not been tried")
    assert min(what_came[sort] for sort in ("refused", "refused in part", "planned")) >= 50


@pytest.mark.slow
@pytest.mark.parametrize("sort", ["refused", "refused in part", "planned"])
def test_snakemake_says_the_same_of_a_dozen(sort: str, tmp_path: pathlib.Path) -> None:
    found = told[sort]
    if not found:
        pytest.skip("the thousand have not been tried")
    spread = found[:: max(len(found) // 8, 1)]
    written = [(OVERLAYS.apply(changes), *rest) for changes, *rest in spread]
    kept = [one for one in written if survives_a_file(one[0])][:4]
    assert len(kept) == 4
    runs = []
    for number, (raw, target, _) in enumerate(kept):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "config.yaml").write_text(json.dumps(raw))  # which is YAML
        command = [sys.executable, "-m", "snakemake", "-n", target, "--directory", str(folder)]
        pipe, both = subprocess.PIPE, subprocess.STDOUT
        runs.append(subprocess.Popen(command, cwd=CHECKOUT, stdout=pipe, stderr=both, text=True))
    for run, (_, _, lines) in zip(runs, kept, strict=True):
        said, _ = run.communicate()
        assert run.returncode == bool(lines), said
        assert all(line in said for line in lines), said
        assert "Traceback (most recent call last)" not in said


def survives_a_file(raw: dict[str, Any]) -> bool:
    """Whether JSON can hold ``raw``: dates and keys that are no texts it cannot."""
    try:
        return bool(json.loads(json.dumps(raw)) == raw)
    except TypeError:
        return False
