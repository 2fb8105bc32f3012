"""Where what the page shows comes from: commit, versions, weights, wall times."""

import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd

from pez.runtime.table_metadata import table_metadata
from pez.runtime.timings import summarise_timings

CHECKOUT = Path(__file__).parents[3]
UNKNOWN = "unknown"
PACKAGES = (
    "snakemake", "numpy", "scipy", "scikit-learn", "pandas", "pyarrow", "torch", "transformers",
    "safetensors", "pybullet", "bpy", "matplotlib", "pillow", "plotly",
)  # fmt: skip


@dataclass(frozen=True)
class Network:
    """A network behind some curves, as its tables state it; empty texts where they do not."""

    name: str
    weights: str
    checksum: str
    precision: str
    preprocessing: str


def commit_of(checkout: Path = CHECKOUT) -> str:
    """Commit of the repository whose top folder is ``checkout``, with a word on local changes.

    `UNKNOWN` where there is none, or no git to ask.
    """
    top = _git(checkout, "rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != checkout.resolve():
        return UNKNOWN
    commit = _git(checkout, "rev-parse", "HEAD")
    if commit is None:
        return UNKNOWN
    changed = _git(checkout, "status", "--porcelain", "--untracked-files=no")
    return f"{commit}, with local changes" if changed else commit


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that matter, where they are installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def networks(results: Iterable[Path], facts: Mapping[str, Mapping[str, Any]]) -> list[Network]:
    """Networks behind the probe tables ``results``; ``facts``: their weights in words.

    Raises:
        ArtifactError: a table is missing or damaged.
    """
    found: dict[str, Network] = {}
    for path in results:
        name = path.parent.name
        if name not in found:
            known = table_metadata(path)
            found[name] = Network(
                name=name,
                weights=str(facts.get(name, {}).get("weights", "")),
                checksum=str(known.get("weights_checksum") or ""),
                precision=str(known.get("precision") or ""),
                preprocessing=str(known.get("preprocessing") or ""),
            )
    return list(found.values())


def wall_times(benchmarks: Sequence[Path]) -> pd.DataFrame | None:
    """Wall time of every stage, see `pez.runtime.timings`; None where no job left a file."""
    return summarise_timings(benchmarks) if any(path.exists() for path in benchmarks) else None
