"""Clips in a folder: which there are. Cheap, for planning."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VIDEOS = (".mp4", ".webm", ".mkv", ".mov", ".avi", ".gif")
PICTURES = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True)
class ClipFiles:
    """A clip as it lies in its folder.

    Attributes:
        name: path of the video, or of the folder of pictures, relative to the root, with slashes.
        files: the video; or the pictures in the order of the numbers in their names.
    """

    name: str
    files: tuple[Path, ...]
    is_video: bool

    @property
    def clip_id(self) -> str:
        """The name without the suffix of a video."""
        return self.name.rpartition(".")[0] if self.is_video else self.name


def find_clips(root: Path | str) -> list[ClipFiles]:
    """Return every clip under ``root`` in the order of its id.

    A video is a clip; so is a folder below ``root`` that holds pictures. Hidden files are passed
    over.
    """
    return sorted(_clips(Path(root)), key=lambda clip: (clip.clip_id, clip.name))


def _clips(root: Path) -> Iterator[ClipFiles]:
    for folder, inner, files in os.walk(root, followlinks=True):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        place, shown = Path(folder), [name for name in files if not name.startswith(".")]
        for name in shown:
            if name.lower().endswith(VIDEOS):
                yield ClipFiles((place / name).relative_to(root).as_posix(), (place / name,), True)
        pictures = sorted(filter(_is_picture, shown), key=_by_number)
        if pictures and place != root:
            name = place.relative_to(root).as_posix()
            yield ClipFiles(name, tuple(place / picture for picture in pictures), False)


def _is_picture(name: str) -> bool:
    return name.lower().endswith(PICTURES)


def _by_number(name: str) -> list[tuple[int, str]]:
    """Key in which frame_2 comes before frame_10."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
