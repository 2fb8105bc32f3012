"""A thousand made-up configurations: each is planned, or refused in the file's own words.

They are the same in every run (``derandomize``), and a failing one is reduced to its least changes.
"""

import json
import re
from collections import Counter
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
        return
    check_words([f"  - {line}" for lines in refused.values() for line in lines])
    plan_values(config, raw, refused)
    what_came["refused in part" if refused else "planned"] += 1


def check_words(lines: list[str]) -> None:
    for line in lines:
        assert SECTION.match(line), f"names no section: {line}"
        assert len(line) < 2000
        assert not any(word in line for word in FOREIGN), line


def test_the_thousand_are_of_every_sort() -> None:
    """Else the test above says little: it would be passed by refusing all."""
    if not what_came:
        pytest.skip("the thousand have not been tried")
    assert min(what_came[sort] for sort in ("refused", "refused in part", "planned")) >= 100
