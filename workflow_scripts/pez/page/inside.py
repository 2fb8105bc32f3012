"""Figures of measurements inside networks, as the page shows them."""

from collections.abc import Mapping
from pathlib import Path

from pez.inside.judged import InsideVerdict
from pez.page.pictures import Picture, read_picture
from pez.runtime.errors import ArtifactError
from pez.runtime.pages import read_json


def read_inside(figures: Mapping[str, tuple[Path, Path]]) -> list[Picture]:
    """Pictures with their verdicts.

    Args:
        figures: PNG and JSON of the verdict of each, by the figure's name.

    Raises:
        ArtifactError: a file is missing, damaged, or of another figure.
    """
    return [
        read_picture(png, _title(name), _verdict(name, verdict))
        for name, (png, verdict) in figures.items()
    ]


def _title(name: str) -> str:
    """``figure18`` as "Figure 18", ``my_figure`` as "My figure"."""
    stem = name.rstrip("0123456789")
    return f"{stem} {name[len(stem) :]}".replace("_", " ").strip().capitalize()


def _verdict(name: str, path: Path) -> InsideVerdict:
    verdict = read_json(path, InsideVerdict, "verdict")
    if verdict.figure != name:
        raise ArtifactError(
            f"{path} is the verdict of {verdict.figure!r}, and {name!r} is expected: delete it "
            "and run again."
        )
    return verdict
