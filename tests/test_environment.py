"""The conda environments of the rules name the versions of the lock file, and nothing else."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
PIN = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==([^\s\\]+)", re.MULTILINE)


def normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> dict[str, str]:
    return {normalise(name): version for name, version in PIN.findall(text)}


LOCKED = pins((CHECKOUT / "envs/requirements.lock").read_text())


@pytest.mark.parametrize("path", sorted(CHECKOUT.glob("envs/*.yaml")), ids=lambda path: path.name)
def test_conda_environment_agrees_with_the_lock(path: Path) -> None:
    lines = re.findall(
        r"^ +- (?!pip:|python=|pip$|conda-forge)(\S+)", path.read_text(), re.MULTILINE
    )
    assert lines
    for line in lines:
        (pinned,) = pins(line).items() or [(line, "no version")]
        assert LOCKED.get(pinned[0]) == pinned[1], f"{path.name}: {line}"


@pytest.mark.parametrize("name", ["requirements", "audit"])
def test_direct_dependencies_are_locked(name: str) -> None:
    text = (CHECKOUT / f"envs/{name}.in").read_text()
    locked = pins((CHECKOUT / f"envs/{name}.lock").read_text())
    names = [re.match(r"[A-Za-z0-9_.-]+", line) for line in text.splitlines()]
    missing = [name[0] for name in names if name and normalise(name[0]) not in locked]
    assert not missing


@pytest.mark.parametrize("name", ["requirements", "audit"])
def test_every_locked_package_is_hashed(name: str) -> None:
    text = (CHECKOUT / f"envs/{name}.lock").read_text()
    blocks = re.split(r"\n(?=[a-zA-Z])", text)[1:]
    assert len(blocks) == len(pins(text))
    assert all("--hash=sha256:" in block for block in blocks)
