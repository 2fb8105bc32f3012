"""Movies on disk, in the layout of the public IntPhys release.

``{root}/{block}/{scene}/{movie}/scene/scene_001.png ...`` and, beside the folder of frames, a
``status.json`` whose header says whether the movie is possible. Folders ``depth`` and ``masks`` of
the full release are not looked at.
"""

import json
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from pez.intphys.spec import MOVIES
from pez.runtime.errors import ArtifactError
from pez.runtime.regular import open_regular

FRAME_NAME = "scene_{:03d}.png"  # numbered from 1
STATUS = "status.json"
_MOST_BYTES = 1 << 20  # of a status.json; the published ones have some kilobytes
_MOST_PIXELS = 1 << 24  # of a frame: 4096 x 4096; a small file may claim to hold far more


class MovieError(Exception):
    """A movie is not what the layout promises; the message names the file and the finding."""


def scene_folder(root: Path | str, block: str, scene: int) -> Path:
    """Folder of a scene: its four movies are the folders 1 to 4."""
    return Path(root) / block / f"{scene:02d}"


def movie_folders(root: Path | str, block: str, scene: int) -> list[Path]:
    """Folders of the four movies of a scene."""
    folder = scene_folder(root, block, scene)
    return [folder / str(movie) for movie in range(1, MOVIES + 1)]


def frame_path(movie: Path, frame: int) -> Path:
    """Picture of frame number ``frame``, counted from 0."""
    return movie / "scene" / FRAME_NAME.format(frame + 1)


def is_possible(movie: Path) -> bool:
    """Return the label of a movie.

    Raises:
        MovieError: there is no such file, or it does not say; nothing is assumed then.
    """
    path = movie / STATUS
    try:
        with _opened(path) as file:
            text = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise MovieError(f"{path} cannot be read ({error.strerror})") from None
    if len(text) > _MOST_BYTES:
        raise MovieError(f"{path} is longer than a label can be ({_MOST_BYTES} bytes)")
    try:
        label = json.loads(text)["header"]["is_possible"]
    except RecursionError:
        raise MovieError(f"{path} is nested too deeply for a label") from None
    except (ValueError, KeyError, TypeError) as error:
        raise MovieError(f"{path} has no header.is_possible ({error!r})") from None
    if not isinstance(label, bool):
        raise MovieError(f"{path} says is_possible = {label!r}, which is neither true nor false")
    return label


def write_status(movie: Path, possible: bool) -> None:
    """Write the label of a movie."""
    (movie / STATUS).write_text(json.dumps({"header": {"is_possible": possible}}) + "\n")


def read_frame(movie: Path, frame: int) -> np.ndarray:
    """Return frame number ``frame``, counted from 0: uint8 [H, W, 3], without an alpha channel.

    Raises:
        MovieError: the picture is missing or unreadable.
    """
    path = frame_path(movie, frame)
    try:
        with _opened(path) as file, Image.open(file, formats=("PNG",)) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise ValueError(f"{image.width} x {image.height} pixels")
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise MovieError(f"{path} is not a readable picture ({error})") from None


def _opened(path: Path) -> BinaryIO:
    if not path.exists():
        raise MovieError(f"{path} is missing")
    try:
        return open_regular(path)
    except ArtifactError as error:
        raise MovieError(str(error).rsplit(": ", 1)[0]) from None
