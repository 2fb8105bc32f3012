"""A small set of videos of a moving square, with labels."""

import csv
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

CODECS = {".webm": ("libvpx", "yuv420p"), ".gif": ("gif", "gray")}
SPEEDS, DIRECTIONS = (1, 2, 3), ("left", "right")


def moving_square(
    speed: int, direction: str, top: int, frames: int = 16, side: int = 64, level: int = 220
) -> np.ndarray:
    """Frames uint8 [T, side, side, 3]."""
    pictures = np.full((frames, side, side, 3), 40, np.uint8)
    for moment, picture in enumerate(pictures):
        left = 4 + speed * moment if direction == "right" else side - 16 - speed * moment
        picture[top : top + 12, left : left + 12] = level
    return pictures


def write_video(path: Path, frames: np.ndarray) -> Path:
    """Write ``frames`` [T, H, W, 3] in the format that the suffix of ``path`` asks for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    codec, pixels = CODECS.get(path.suffix, ("mpeg4", "yuv420p"))
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pixels
        if path.suffix != ".gif":
            stream.bit_rate = 4_000_000
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path


def write_labels(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def write_set(root: Path, clips: int = 24) -> Path:
    """Write ``clips`` mp4 files of 16 frames of 64 x 64, and labels.csv, to ``root``."""
    rows = []
    for number in range(clips):
        speed, direction = SPEEDS[number % 3], DIRECTIONS[number // 3 % 2]
        name = f"clip_{number:02d}.mp4"
        shade, level = (("bright", 220), ("dark", 120))[number % 2]
        write_video(root / name, moving_square(speed, direction, top=2 * number, level=level))
        rows.append((name, speed, direction, shade, number // 6))
    header = ("clip", "speed", "direction", "shade", "group")
    write_labels(root / "labels.csv", header, rows)
    return root
