"""The page as one file of HTML that asks no network for anything."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pez.page.gather import AuditShown
from pez.page.pack import compress
from pez.page.pictures import Picture
from pez.page.provenance import Network
from pez.runtime.atomic import atomic_path
from pez.runtime.errors import ArtifactError

logger = logging.getLogger(__name__)

HERE = Path(__file__).parent
TEMPLATES, EXPLORER = HERE / "templates", HERE / "explorer"
# In the order in which they build on one another.
SCRIPTS = (
    "decode", "choose", "fragment", "looks", "curves", "scatter", "player", "specification",
    "pickers", "explorer",
)  # fmt: skip
LARGE = 15_000_000  # bytes; beyond, a browser on a small machine has its trouble


@dataclass(frozen=True)
class Page:
    """What is on the page.

    Attributes:
        title: its title.
        figures: with captions and verdicts.
        data: of the explorer (`pez.page.gather.explorer_data`).
        inside: figures of measurements inside networks, those that have been drawn.
        audit: claims and drawings of the audit; None: none is configured.
        commit: of the checkout.
        versions: of libraries, by name.
        networks: behind the curves.
        timings: wall time of every stage; None where no job left a file.
        configuration: the whole of it, as text.
    """

    title: str
    figures: Sequence[Picture]
    data: Mapping[str, Any]
    inside: Sequence[Picture]
    audit: AuditShown | None
    commit: str
    versions: Mapping[str, str]
    networks: Sequence[Network]
    timings: pd.DataFrame | None
    configuration: str


def page_files() -> list[Path]:
    """Templates, style and scripts, which the page is made of beside code and data."""
    scripts = [EXPLORER / f"{name}.js" for name in SCRIPTS]
    return [*sorted(TEMPLATES.iterdir()), *scripts]


def write_page(page: Page, path: Path) -> None:
    """Write ``page`` to ``path``.

    Raises:
        ArtifactError: the charting library is not installed.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(number=number, share=share)
    text = environment.get_template("page.html").render(
        page=page,
        style=_verbatim(TEMPLATES / "style.css"),
        scripts=[_verbatim(EXPLORER / f"{name}.js") for name in SCRIPTS],
        library=compress(charting_library()),
        data=compress(page.data),
    )
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    size = path.stat().st_size
    logger.info("the page has %.1f MB", size / 1e6)
    if size > LARGE:
        logger.warning("the page has %.1f MB: browsers may be slow to open it", size / 1e6)


def number(value: Any) -> str:
    """A number with three digits after the point, an integer without any; empty for none."""
    if value is None or value != value:
        return ""
    return f"{value:d}" if isinstance(value, int) else f"{value:.3f}".replace("-", "\N{MINUS SIGN}")


def share(value: Any) -> str:
    """A share as percent; a word where there is none."""
    return "not measured" if value is None or value != value else f"{100 * value:.0f} %"


def charting_library() -> bytes:
    """Plotly's JavaScript, which its Python package carries; the package itself is not imported.

    Raises:
        ArtifactError: it is not there.
    """
    path = Path(str(distribution("plotly").locate_file("plotly/package_data/plotly.min.js")))
    if not path.exists():
        raise ArtifactError(f"{path} is missing: install plotly again (make setup).")
    return path.read_bytes()


def _verbatim(path: Path) -> Markup:
    """Text of a file of this package, as it is: style and scripts are no templates."""
    return Markup(path.read_text(encoding="utf-8"))
