"""Fixtures shared by the tests of the whole workflow."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
PROJECT_PARTS = ["Snakefile", "config.yaml", "rules", "workflow_scripts", "configs", "profiles",
                 "envs", "resources"]  # fmt: skip
SMOKE = "configs/smoke.yaml"
SMOKE_OUT = "artifacts/smoke"
BYTE_EQUAL = ("clips", "checkpoints", "features", "probes", "figures")
FIGURES = ("figure2c", "figure2b", "figure1", "figure6", "figure8", "figure10")


@dataclass(frozen=True)
class Project:
    """A copy of the project in a folder of its own, in which a test may edit and build."""

    folder: Path

    def snakemake(
        self,
        *arguments: str,
        check: bool = True,
        overlays: tuple[str, ...] = (),
        **variables: str,
    ) -> "subprocess.CompletedProcess[str]":
        """Run the real ``snakemake`` on the smoke configuration, with ``overlays`` laid over it;
        ``variables``: environment."""
        configs = ["--configfile", SMOKE, *overlays]
        command = [sys.executable, "-m", "snakemake", *arguments, *configs]
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", **variables}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
        return done

    def built_files(self) -> dict[str, bytes]:
        """Contents of what a run has built and every other run has to repeat, by path."""
        root = self.folder / SMOKE_OUT
        return {
            str(path.relative_to(root)): path.read_bytes()
            for part in BYTE_EQUAL
            for path in sorted((root / part).rglob("*"))
            if path.is_file()
        }

    def copy(self, folder: Path) -> "Project":
        """Copy the project with all it has built; modification times are kept."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder)


def fresh_project(folder: Path) -> Project:
    """Copy the project's own files, without anything built."""
    folder.mkdir(parents=True)
    for part in PROJECT_PARTS:
        source = CHECKOUT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / part)
    return Project(folder)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return fresh_project(tmp_path / "project")


@pytest.fixture(scope="session")
def smoke_run(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A finished run of the smoke configuration, clips to figures. Copy it before you edit.

    What its jobs executed is in the folder ``trace`` beside it.
    """
    built = fresh_project(tmp_path_factory.mktemp("smoke") / "project")
    trace = built.folder.parent / "trace"
    trace.mkdir()
    built.snakemake(
        *FIGURES,
        "--cores",
        "2",
        PEZ_TRACE=str(trace),
        PEZ_TRACE_ROOT=str(built.folder / "workflow_scripts"),
        PYTHONPATH=str(CHECKOUT / "tests/workflow/tracing"),
    )
    return built


@pytest.fixture
def built(smoke_run: Project, tmp_path: Path) -> Project:
    return smoke_run.copy(tmp_path / "built")
