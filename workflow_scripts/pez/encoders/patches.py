"""The patch embedding as a matrix product: a convolution whose stride is its kernel is no more."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PATCH_PIXELS = 16  # side of V-JEPA's patches
TUBELET_FRAMES = 2


def patchify(pixels: Tensor, patch: int = PATCH_PIXELS, frames: int = TUBELET_FRAMES) -> Tensor:
    """Cut [B, T, 3, S, S] into tokens [B, N, 3 * frames * patch * patch].

    Tokens are ordered tubelet, row, column; the values of one channel, frame, row, column: the
    order of the patch embedding's weights.
    """
    batch, time, channels, height, width = pixels.shape
    cut = pixels.reshape(
        batch, time // frames, frames, channels, height // patch, patch, width // patch, patch
    )
    return cut.permute(0, 1, 4, 6, 3, 2, 5, 7).reshape(
        batch, (time // frames) * (height // patch) * (width // patch), -1
    )


class PatchEmbedding(nn.Module):
    """The embedding of all patches in float32, outside autocast.

    In bfloat16 it would start the residual stream in bfloat16, and the stream would stay so. As a
    product it takes a fifth of the time of cuDNN's float32 convolution on an H100.
    """

    def __init__(self, width: int, patch: int, frames: int = TUBELET_FRAMES) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width, 3, frames, patch, patch))
        self.bias = nn.Parameter(torch.empty(width))

    def forward(self, pixels: Tensor) -> Tensor:
        """Return tokens float32 [B, N, D] of ``pixels`` float32 [B, T, 3, S, S]."""
        _, _, frames, patch, _ = self.weight.shape
        with torch.autocast(pixels.device.type, enabled=False):
            return F.linear(patchify(pixels, patch, frames), self.weight.flatten(1), self.bias)
