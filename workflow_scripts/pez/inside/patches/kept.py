"""What a pass keeps of every clip: patches averaged over tubelets, halves of the frame, pixels.

Away from the ball a feature varies little about a large level, which half precision would round
away. So what is kept of a patch is its difference from the first clip's: no probe minds a level.
"""

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from pez.encoders.family import Grid
from pez.encoders.residual_stream import capture_streams
from pez.encoders.transformer import Encoder
from pez.inside.patches.track import HALVES, patches_of

WHOLE = "whole"
REGIONS = (WHOLE, *HALVES)


class Kept:
    """Features of all clips, batch by batch.

    A network of S residual states of width D and P patches takes 2 n S P D bytes, on the host: the
    embedded model 0.5 GB for 392 clips, V-JEPA 2 Large 5.1 GB.
    """

    def __init__(self, clips: int, grid: Grid) -> None:
        self._clips, self._grid = clips, grid
        self._inside = [torch.from_numpy(patches_of(side, grid)) for side in HALVES]
        self._patches: list[Tensor] = []  # by state, [n, P, D]
        self._levels: list[Tensor] = []
        self._regions: list[list[Tensor]] = []
        self._pixels: list[Tensor] = []

    def run(self, encoder: Encoder, pixels: Tensor) -> tuple[list[Tensor], Tensor]:
        """Run a batch, without keeping anything: it may run again with fewer clips.

        Args:
            encoder: called within its autocast.
            pixels: float32 [clips, T, 3, size, size], normalised.

        Returns:
            Patches of every residual state, float32 [clips, P, D]; and the mean of every colour in
            every patch and frame, float32 [clips, P, T x 3].
        """
        tubelets, rows, columns = self._grid

        def reduced(_: int, tokens: Tensor) -> Tensor:
            return tokens.unflatten(1, (tubelets, -1)).mean(dim=1)

        patch = (pixels.shape[-2] // rows, pixels.shape[-1] // columns)
        means = F.avg_pool2d(pixels.flatten(1, 2), patch)
        return capture_streams(encoder, pixels, reduced), means.flatten(2).mT

    def take(self, clips: slice, found: tuple[Sequence[Tensor], Tensor]) -> None:
        """Keep what `run` returned for ``clips``."""
        states, pixels = found
        if not self._patches:
            self._levels = [state[0] for state in states]
            self._patches = [
                torch.empty(self._clips, *state.shape[1:], dtype=torch.float16) for state in states
            ]
            self._regions = [[] for _ in states]
        self._pixels.append(pixels.cpu())
        for number, state in enumerate(states):
            self._patches[number][clips] = (state - self._levels[number]).half().cpu()
            halves = [state[:, inside.to(state.device)].mean(dim=1) for inside in self._inside]
            self._regions[number].append(torch.stack([state.mean(dim=1), *halves]).cpu())

    @property
    def states(self) -> range:
        """Numbers of the residual states."""
        return range(len(self._patches))

    def is_finite(self, state: int) -> bool:
        """Whether all values of a state are numbers."""
        return bool(self._patches[state].isfinite().all())

    def patches(self, state: int, part_bytes: int) -> Iterator[Tensor]:
        """Some patches at a time, as many as make up ``part_bytes`` in float64.

        Yields:
            float32 [patches, n, D], in order.
        """
        features = self._patches[state]
        clips, _, width = features.shape
        for part in features.split(max(1, part_bytes // (8 * clips * width)), dim=1):
            yield part.transpose(0, 1).float()

    def pixels(self) -> list[Tensor]:
        """The patches' own pixels, float32 [P, n, T x 3]."""
        return [torch.cat(self._pixels).transpose(0, 1)]

    def regions(self, state: int) -> Tensor:
        """Means over the tokens of the whole frame and of its halves, float32 [`REGIONS`, n, D]."""
        return torch.cat(self._regions[state], dim=1)
