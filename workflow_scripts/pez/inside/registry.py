"""Kinds of measurement: under one name a module in `kinds`, in `measures` and in `judges`.

``kinds`` holds what a section may say, ``measures`` what is computed in a network, ``judges`` what
is read off the tables of all networks. Importing this module imports no library that computes: the
configuration is read with it.
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from pez.controls.control import Variant
from pez.controls.registry import networks_beside
from pez.inside.spec import InsideSpec

if TYPE_CHECKING:
    from pez.inside.judged import Facts, Judged
    from pez.inside.movies import Movies
    from pez.inside.network import Measured, Network
    from pez.inside.stored import Stored

_FOLDER = Path(__file__).with_name("kinds")


def looked_into(spec: InsideSpec) -> dict[str, tuple[str, Variant | None]]:
    """Networks that ``spec`` looks into: for which model, and what replaces it there."""
    return {
        network: (model, variant)
        for model in spec.models
        for network, variant in networks_beside(model, spec.controls).items()
    }


def inside_kinds() -> list[str]:
    """Return the names that ``kind:`` can have, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("[a-z]*.py"))


def find_inside_section(kind: str) -> type[InsideSpec]:
    """Return what the section of a measurement of ``kind`` may say."""
    found: type[InsideSpec] = import_module(f"pez.inside.kinds.{kind}").Section
    return found


def measure(spec: InsideSpec, read: "Network | Stored | Movies") -> "Measured":
    """Measure a network as ``spec`` says.

    Args:
        spec: the measurement.
        read: the network with its clips; its stored features, for a `FeaturesSpec`; or with its
            predictors and movies, where the spec is of movies.

    Raises:
        ArtifactError: a clip is damaged, or what is measured is not finite.
    """
    found: Measured = import_module(f"pez.inside.measures.{spec.kind}").measure(spec, read)
    return found


def judge(spec: InsideSpec, tables: "Sequence[Path | str]", facts: "Facts") -> "Judged":
    """Return what a picture of ``spec`` shows, and what is said of it.

    Args:
        spec: the measurement.
        tables: files of all networks that it looks into.
        facts: what is to be known beside.

    Raises:
        ArtifactError: a table is not what its name says, or lacks what is judged.
    """
    found: Judged = import_module(f"pez.inside.judges.{spec.kind}").judge(spec, tables, facts)
    return found
