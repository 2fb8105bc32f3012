"""Frames of a clip from its file or pictures."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from PIL import Image

from pez.own_clips.files import ClipFiles
from pez.own_clips.spec import WindowSpec, frames_needed
from pez.runtime.errors import ArtifactError
from pez.runtime.regular import open_regular

_CURE = "copy or encode it again, or drop the clip and its row"
_MOST_PIXELS = 1 << 26  # of a frame: 8192 x 8192; a small file may claim to hold far more


class ClipError(Exception):
    """A clip cannot be used; the message says why, without its name."""


def frame_numbers(window: WindowSpec, length: int) -> np.ndarray:
    """Numbers of the frames that make a clip of a video of ``length`` frames, int64.

    Raises:
        ClipError: it is too short.
    """
    if length < frames_needed(window):
        raise ClipError(
            f"it has {length} frame(s), and frames = {window.frames}, start = {window.start}, "
            f"stride = {window.stride} need {frames_needed(window)}: lower them, or drop the clip "
            "and its row"
        )
    if isinstance(window.stride, int):
        return window.start + window.stride * np.arange(window.frames)
    return np.linspace(window.start, length - 1, window.frames).round().astype(np.int64)


def read_frames(clip: ClipFiles) -> Iterator[np.ndarray]:
    """Yield every frame of ``clip`` in order, uint8 [H, W, 3], RGB, upright.

    Raises:
        ClipError: it cannot be decoded to its end.
    """
    if clip.is_video:
        yield from _video(clip.files[0])
    else:
        yield from map(_picture, clip.files)


def fit(frame: np.ndarray, resize: int | None) -> np.ndarray:
    """Scale the shorter side of a frame [H, W, 3] to ``resize`` and crop the square in the middle.

    Bicubic with antialiasing (Pillow's), the longer side rounded; an odd pixel is cut at the right
    or the bottom.
    """
    if resize is None:
        return frame
    height, width = frame.shape[:2]
    scale = resize / min(height, width)
    size = max(resize, round(width * scale)), max(resize, round(height * scale))
    scaled = Image.fromarray(frame)
    if scaled.size != size:
        scaled = scaled.resize(size, Image.Resampling.BICUBIC)
    left, top = (size[0] - resize) // 2, (size[1] - resize) // 2
    return np.asarray(scaled.crop((left, top, left + resize, top + resize)))


def content(clip: ClipFiles) -> str:
    """Digest of the bytes of the files of ``clip``, whatever their names.

    Raises:
        ClipError: a file cannot be read.
    """
    found = hashlib.blake2b(digest_size=16)
    for path in clip.files:
        try:
            with open_regular(path) as file:
                while part := file.read(1 << 20):
                    found.update(part)
        except (ArtifactError, OSError) as error:
            raise ClipError(str(error)) from None
    return found.hexdigest()


def _video(path: Path) -> Iterator[np.ndarray]:
    packets = 0
    try:
        with av.open(str(path), options={"err_detect": "explode"}) as container:
            if not container.streams.video:
                raise ClipError("it holds no video")
            stream = container.streams.video[0]
            if stream.codec_context is None:
                raise ClipError("nothing here decodes its codec")
            if stream.codec_context.width * stream.codec_context.height > _MOST_PIXELS:
                raise ClipError("its frames are larger than 8192 x 8192 pixels")
            stream.codec_context.thread_count = 1
            for packet in container.demux(stream):
                packets += packet.size > 0
                if packet.is_corrupt:
                    raise ClipError(f"it is damaged after {packets} frames: {_CURE}")
                for frame in packet.decode():
                    if frame.is_corrupt:
                        raise ClipError(f"it is damaged after {packets} frames: {_CURE}")
                    turns = round(frame.rotation / 90)
                    yield np.rot90(frame.to_ndarray(format="rgb24"), turns)
            if packets < stream.frames:
                raise ClipError(
                    f"it is cut short, {packets} of {stream.frames} frames are there: {_CURE}"
                )
    except (av.FFmpegError, OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error  # without FFmpeg's number and names
        raise ClipError(f"it cannot be decoded ({said}): {_CURE}") from None


def _picture(path: Path) -> np.ndarray:
    try:
        with open_regular(path) as file, Image.open(file, formats=("PNG", "JPEG")) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise ValueError(f"{image.width} x {image.height} pixels")
            return np.asarray(image.convert("RGB"))
    except (ArtifactError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ClipError(f"{path.name} is no readable picture ({error})") from None
