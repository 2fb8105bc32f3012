"""The rules of docs/cache.md, one by one, on a package of one module."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pez.fingerprint import CodeBase

CHOICES = {"one", "two", "three"}
SCRIPT = "from pkg.code import main\n\nmain(snakemake.params.given)\n"

CASES = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["edit"] for case in CASES])
def test_what_counts(tmp_path: Path, case: dict[str, Any]) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg/__init__.py").touch()
    (tmp_path / "run.py").write_text(SCRIPT)
    prints = []
    for version in (r"\1", r"\2"):
        text, edits = re.subn(r"\[\[(.*?)\|(.*?)\]\]", version, case["code"], flags=re.DOTALL)
        assert edits == 1
        (tmp_path / "pkg/code.py").write_text(text)
        prints.append(CodeBase(tmp_path, CHOICES).fingerprint("run.py", frozenset({"one"})))
    assert (prints[0] != prints[1]) is case["changes"]


def test_without_names_every_entry_counts(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text("T = {'one': 1, 'two': 2}\nT[snakemake.params.name]\n")
    before = CodeBase(tmp_path, CHOICES).fingerprint("run.py")
    (tmp_path / "run.py").write_text("T = {'one': 1, 'two': 3}\nT[snakemake.params.name]\n")
    assert CodeBase(tmp_path, CHOICES).fingerprint("run.py") != before


@pytest.mark.parametrize("line", ["from pkg.code import *", "from . import code"])
def test_an_import_that_would_have_to_be_guessed_at_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "run.py").write_text(f"{line}\n")
    with pytest.raises(ValueError, match=r"run\.py:1: write imports absolute and name by name"):
        CodeBase(tmp_path).fingerprint("run.py")
