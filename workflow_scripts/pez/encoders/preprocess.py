"""Frames to normalised pixels: torchvision transforms in place of the Hugging Face processor.

That processor resizes a 256-pixel clip to 292 and crops 256: a 14 % zoom that shifts every
position, so it is not used.
"""

from typing import Literal

import torch
from torch import Tensor
from torchvision.transforms import v2

Preprocessing = Literal["resize", "eval_preproc"]

# Statistics of ImageNet, with which V-JEPA 2 was trained.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)

# Short side before the crop, as a share of the crop: 293 for 256 pixels (256/224 of it, rounded, as
# in Meta's evaluation transform, which rounds down).
_EVAL_SCALE = 293 / 256


def build_transform(preprocessing: Preprocessing, size: int) -> v2.Transform:
    """Return the transform from float frames in 0..1, [..., 3, H, W], to [..., 3, size, size]."""
    if preprocessing == "resize":
        steps: list[v2.Transform] = [v2.Resize((size, size), antialias=True)]
    else:
        steps = [v2.Resize(round(_EVAL_SCALE * size), antialias=True), v2.CenterCrop(size)]
    return v2.Compose([*steps, v2.Normalize(MEAN, STD)])


def preprocess(frames: Tensor, transform: v2.Transform) -> Tensor:
    """Turn uint8 RGB frames [clips, T, H, W, 3] into float32 [clips, T, 3, size, size].

    Computed on the device of ``frames``, in float32 before resizing, so that nothing is rounded.
    """
    clips = frames.shape[0]
    images = frames.permute(0, 1, 4, 2, 3).flatten(0, 1).to(torch.float32) / 255
    pixels: Tensor = transform(images)
    return pixels.unflatten(0, (clips, -1))
