"""Set-up refuses in one sentence before anything long starts, and does nothing the second time."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]


def run_setup(folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", "envs/setup.sh"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def program(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    shutil.copytree(CHECKOUT / "envs", tmp_path / "clone/envs")
    return tmp_path / "clone"


def assert_refused(ended: "subprocess.CompletedProcess[str]", folder: Path, *words: str) -> None:
    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1
    for word in words:
        assert word in ended.stderr
    assert not (folder / ".venv").exists()


def test_missing_python(bare: Path) -> None:
    ended = run_setup(bare, PYTHON="/nowhere/python3.11")
    assert_refused(ended, bare, "Python 3.11 is needed", "/nowhere/python3.11", "install")


def test_another_python(bare: Path, tmp_path: Path) -> None:
    other = program(tmp_path, "python", "echo 3.12")
    assert_refused(run_setup(bare, PYTHON=str(other)), bare, "Python 3.11 is needed", "3.12")


def test_missing_system_libraries(bare: Path, tmp_path: Path) -> None:
    program(tmp_path, "ldconfig", "echo 'libXi.so.6 (libc6) => /lib/libXi.so.6'")
    ended = run_setup(bare, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert_refused(ended, bare, "Blender needs system libraries", "apt-get install", "libgl1")
    assert "libxi6" not in ended.stderr


def test_too_little_disk(bare: Path) -> None:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(bare)])
    if mounted.returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        shutil.copytree(CHECKOUT / "envs", bare / "envs")
        assert_refused(run_setup(bare), bare, "13 GB of disk", "has 0 GB free")
    finally:
        subprocess.run(["umount", str(bare)], check=True)


def test_a_second_setup_does_nothing() -> None:
    """The tests run in the environment that set-up made, so this call is at least the second."""
    if not list(CHECKOUT.glob(".venv/.installed-*")):
        pytest.skip("this environment was not made by envs/setup.sh")
    before = (CHECKOUT / ".venv").stat().st_mtime_ns
    ended = run_setup(CHECKOUT)
    assert ended.returncode == 0 and ended.stdout == ended.stderr == ""
    assert (CHECKOUT / ".venv").stat().st_mtime_ns == before


def test_pip_installs_what_uv_cannot(bare: Path, tmp_path: Path) -> None:
    asked = made_up_installers(bare, tmp_path, uv_ends_with=2)
    alone, everything = asked
    assert alone.startswith("uv==") and "--hash=sha256:" in alone and alone.count("==") == 1
    assert everything == (bare / "envs/requirements.lock").read_text()


def test_uv_installs_all_but_itself(bare: Path, tmp_path: Path) -> None:
    assert len(made_up_installers(bare, tmp_path, uv_ends_with=0)) == 1
    assert not (bare / ".venv/.uv").exists()


def made_up_installers(bare: Path, folder: Path, uv_ends_with: int) -> list[str]:
    """Run set-up with installers that only write down; return what pip was asked for."""
    log = folder / "asked"
    pip = program(folder, "pip", f'for last; do :; done; (cat "$last"; printf "\\0") >> {log}')
    uv = program(folder, "uv", f"exit {uv_ends_with}")
    python = program(
        folder,
        "python",
        'case "$2" in *version_info*) echo 3.11;; esac\n'
        f'[ "$2" = venv ] && mkdir -p .venv/bin && cp {uv} .venv/bin/uv && '
        f"cp {pip} .venv/bin/python\nexit 0",
    )
    ended = run_setup(bare, PYTHON=str(python))
    assert ended.returncode == 0, ended.stderr
    return log.read_text().split("\0")[:-1]


def test_the_container_has_the_libraries_that_setup_asks_for() -> None:
    asked = re.findall(r"lib[\w.+-]+\.so\.\d+:([\w-]+)", (CHECKOUT / "envs/setup.sh").read_text())
    installed = re.findall(r"\blib\w[\w-]+", (CHECKOUT / "Dockerfile").read_text())
    assert set(asked) == set(installed) - {"lib"}
