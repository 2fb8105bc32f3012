"""The documentation is built without a broken link, and names every configuration key."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
SCHEMA = json.loads((CHECKOUT / "resources/config.schema.json").read_text())


@pytest.fixture(scope="module")
def keys() -> str:
    spec = importlib.util.spec_from_file_location("hooks", CHECKOUT / "docs/hooks.py")
    assert spec is not None and spec.loader is not None
    hooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hooks)
    return hooks.keys_page(SCHEMA)


def test_the_site_is_built_without_a_warning(tmp_path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    built = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    pages = ("index", "tutorial", "notebook", "reference/keys", "reference/artifacts")
    for page in (*pages, "reference/columns"):
        text = (tmp_path / f"{page}.html").read_text()
        assert not re.search(r'(src=|<link[^>]*href=)"(https?:)?//', text), "it asks a network"
    columns = (tmp_path / "reference/columns.html").read_text()
    assert "velocity in the picture, pixels per frame, downwards" in columns
    assert list((tmp_path / "images").glob("notebook_*.png"))


def test_links_of_the_readme_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (CHECKOUT / "README.md").read_text())
    local = [link for link in links if not link.startswith("http")]
    assert len(local) > 10
    assert [link for link in local if not (CHECKOUT / link).exists()] == []


def test_every_section_and_key_of_the_schema_is_there(keys: str) -> None:
    for section in SCHEMA["properties"]:
        assert re.search(rf"^## `{section}\b|^\| `{section}` \|", keys, re.M), section
    missing = {
        f"{name}.{key}"
        for name, block in SCHEMA["$defs"].items()
        for key in block.get("properties", {})
        if f"| `{key}` |" not in keys
    }
    assert not missing


def test_values_defaults_and_kinds_are_told(keys: str) -> None:
    assert "| `frames` | integer, at least 2, a multiple of 2 | `16` |" in keys
    assert "## `inside.NAME (kind: order_task)`" in keys
    assert "## `datasets.NAME (source: folder)`" in keys
    assert '| `joined` | `union`, `intersection` | `"union"` | of the two |' in keys
