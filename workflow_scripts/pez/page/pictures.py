"""Figures as the page embeds them: the picture, the words beside it, and the verdict."""

import base64
import io
import json
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from pez.emergence.figure_verdict import FigureVerdict
from pez.inside.judged import InsideVerdict
from pez.runtime.errors import ArtifactError


@dataclass(frozen=True)
class Picture:
    """A picture.

    Attributes:
        name: of the figure.
        title: its title.
        source: a ``data:`` address.
        width: pixels.
        height: pixels.
        caption: what it shows, in sentences; may be empty.
        verdict: what is said of it; None for a picture that is not judged.
    """

    name: str
    title: str
    source: str
    width: int
    height: int
    caption: str = ""
    verdict: FigureVerdict | InsideVerdict | None = None


def read_picture(
    path: Path, title: str, verdict: FigureVerdict | InsideVerdict | None = None
) -> Picture:
    """Embed the PNG at ``path`` pixel by pixel as lossless WebP, half the size.

    Its caption is the one that `pez.figures.draw.describe` left in it, if it did.

    Raises:
        ArtifactError: the file is missing or no picture.
    """
    try:
        with Image.open(path) as opened:
            described = opened.info.get("Description", "{}")
            picture = opened.convert("RGB")
    except OSError as error:
        raise ArtifactError(f"{path} is no picture ({error}): delete it and run again.") from error
    file = io.BytesIO()
    picture.save(file, "WEBP", lossless=True, method=4)
    text = base64.b64encode(file.getvalue()).decode()
    return Picture(
        name=path.stem,
        title=title,
        source=f"data:image/webp;base64,{text}",
        width=picture.width,
        height=picture.height,
        caption=_caption(described),
        verdict=verdict,
    )


def _caption(described: str) -> str:
    try:
        known = json.loads(described)
    except ValueError:
        return ""
    return str(known.get("caption", "")) if isinstance(known, dict) else ""
