"""Frames to normalised pixels: torchvision's transforms in three lines, without the library.

Importing torchvision takes as long as importing torch; the tests hold this against it, bit for bit.
The processor of Hugging Face is not used: it resizes a 256-pixel clip to 292 and crops 256, a 14 %
zoom that shifts every position.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Preprocessing = Literal["resize", "eval_preproc"]
Transform = Callable[[Tensor], Tensor]  # frames in 0..1, [n, 3, H, W] -> [n, 3, size, size]

# Statistics of ImageNet, with which most encoders were trained.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)

# Short side before the crop, as a share of the crop: 293 for 256 pixels (256/224 of it, rounded, as
# in Meta's evaluation transform, which rounds down).
_EVAL_SCALE = 293 / 256


def build_transform(
    preprocessing: Preprocessing,
    size: int,
    mean: Sequence[float] = MEAN,
    std: Sequence[float] = STD,
) -> Transform:
    """Return the transform from float frames in 0..1, [n, 3, H, W], to [n, 3, size, size].

    ``mean`` and ``std`` of the three channels are those of the encoder's family.
    """

    def transform(images: Tensor) -> Tensor:
        if preprocessing == "resize":
            images = _resized(images, size, size)
        else:
            images = _centre(_short_side(images, round(_EVAL_SCALE * size)), size)
        centre, scale = (images.new_tensor(values)[:, None, None] for values in (mean, std))
        return (images - centre) / scale

    return transform


def _resized(images: Tensor, height: int, width: int) -> Tensor:
    if tuple(images.shape[-2:]) == (height, width):
        return images
    return F.interpolate(images, size=(height, width), mode="bilinear", antialias=True)


def _short_side(images: Tensor, side: int) -> Tensor:
    """Resize so that the shorter side is ``side`` pixels."""
    height, width = images.shape[-2:]
    shorter = min(height, width)
    return _resized(images, side * height // shorter, side * width // shorter)


def _centre(images: Tensor, size: int) -> Tensor:
    """Crop the square of ``size`` pixels in the middle."""
    top, left = (round((side - size) / 2) for side in images.shape[-2:])
    return images[..., top : top + size, left : left + size]


def preprocess(frames: Tensor, transform: Transform) -> Tensor:
    """Turn uint8 RGB frames [clips, T, H, W, 3] into float32 [clips, T, 3, size, size].

    Computed on the device of ``frames``, in float32 before resizing, so that nothing is rounded.
    """
    clips = frames.shape[0]
    images = frames.permute(0, 1, 4, 2, 3).flatten(0, 1).to(torch.float32) / 255
    return transform(images).unflatten(0, (clips, -1))
