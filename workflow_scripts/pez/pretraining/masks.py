"""Which tokens of a clip the encoder sees, and which the predictor has to predict.

Both kinds of mask show the same number of tokens, so that a batch may mix them and every step has
the same shapes (a compiled step is compiled once for each window size).

* Future: the context is the first tubelets of the clip, the rest is predicted; or, for every other
  such clip, the last ones, so that the past is predicted.
* Blocks: random boxes in space and time are hidden. Tokens that lie in most boxes go first.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from pez.clips.ray_cast import FRAME_PIXELS
from pez.pretraining.spec import TUBELETS

PATCH_PIXELS = 16
FRAME_GRID = FRAME_PIXELS // PATCH_PIXELS
BOXES = 6
BOX_TUBELETS = (3.0, 8.0)
BOX_SIDE = (0.25, 0.7)  # share of the window


class Masks(NamedTuple):
    """Token numbers in the window, int64, ascending; tokens are ordered tubelet, row, column."""

    context: Tensor  # [B, C]
    target: Tensor  # [B, N - C]


def draw_masks(
    clips: int, window: int, context_tubelets: int, future_share: float, generator: torch.Generator
) -> Masks:
    """Draw masks for ``clips`` clips with windows of side ``window`` pixels."""
    device = generator.device
    grid = window // PATCH_PIXELS
    tokens = TUBELETS * grid * grid
    boxes = torch.rand(clips, BOXES, 6, generator=generator, device=device)
    noise = torch.rand(clips, tokens, generator=generator, device=device)
    # noise below 1 decides only between tokens that lie in equally many boxes
    hidden = box_cover(boxes, grid) + noise
    future, backwards = future_clips(clips, future_share, device)
    time = torch.arange(tokens, device=device) // (grid * grid)
    age = torch.where(backwards[:, None], TUBELETS - 1 - time, time).to(hidden.dtype)
    hidden = torch.where(future[:, None], age, hidden)
    # a stable sort: tokens of one tubelet are equal, and only whole tubelets change sides
    order = hidden.argsort(dim=1, stable=True)
    context = order[:, : context_tubelets * grid * grid]
    target = order[:, context_tubelets * grid * grid :]
    return Masks(context.sort(dim=1).values, target.sort(dim=1).values)


def future_clips(clips: int, share: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Which clips predict the future, evenly mixed with the others, and which of those backwards.

    Returns:
        bool [clips] each.
    """
    count = torch.floor(torch.arange(clips + 1, device=device) * share + 1e-6)
    future = count[1:] > count[:-1]
    return future, future & (count[1:] % 2 == 0)


def box_cover(draws: Tensor, grid: int) -> Tensor:
    """Number of boxes that every token lies in: float [B, tokens], from uniform [B, boxes, 6]."""
    covered = [
        _inside(draws[..., 0], draws[..., 1], BOX_TUBELETS, TUBELETS),
        _inside(draws[..., 2], draws[..., 3], (BOX_SIDE[0] * grid, BOX_SIDE[1] * grid), grid),
        _inside(draws[..., 4], draws[..., 5], (BOX_SIDE[0] * grid, BOX_SIDE[1] * grid), grid),
    ]
    return torch.einsum("bnt,bni,bnj->btij", *covered).flatten(1)


def _inside(length: Tensor, start: Tensor, lengths: tuple[float, float], cells: int) -> Tensor:
    """Cells [B, boxes, cells] within a random interval of at least one cell, as 0 or 1."""
    whole = (lengths[0] + (lengths[1] - lengths[0]) * length).round().clamp(1, cells)
    first = (start * (cells - whole + 1)).floor()
    cell = torch.arange(cells, device=length.device)
    return ((cell >= first[..., None]) & (cell < (first + whole)[..., None])).to(length.dtype)


def frame_positions(origin: Tensor, window: int) -> Tensor:
    """Numbers [B, tokens], int64, that a window's tokens have among those of the whole frame.

    The encoder's rotary positions are computed from them. A window anywhere in the frame trains
    all positions, which matters because they are not shift invariant in V-JEPA 2.

    Args:
        origin: [B, 2] row and column of the windows in the frame, pixels.
        window: side of the windows, pixels.
    """
    cells = torch.arange(window // PATCH_PIXELS, device=origin.device)
    corner = (origin / PATCH_PIXELS).round().long()
    row = (corner[:, 0, None] + cells)[:, None, :, None] * FRAME_GRID
    column = (corner[:, 1, None] + cells)[:, None, None, :]
    time = torch.arange(TUBELETS, device=origin.device)[None, :, None, None] * FRAME_GRID**2
    return (time + row + column).flatten(1)
