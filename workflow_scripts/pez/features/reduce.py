"""Reduction of the tokens of the residual streams to what is stored of them, on the device."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from pez.features.paths import STORED_DTYPE
from pez.features.spec import View


def view_of_tokens(view: View, tokens: Tensor, tubelets: int) -> Tensor:
    """Reduce tokens to what is stored for ``view``.

    Args:
        view: the stored view.
        tokens: float32 [n, tubelets * P, D], ordered by tubelet, then row, then column.
        tubelets: number of tubelets T'.

    Returns:
        ``tubelet_mean``: float32 [n, T', D]; the patch views: float16 [n, P, D] (``all_patches``:
        [n, T' * P, D]), where what float16 cannot hold (above 65504) has become infinity.
    """
    grid = tokens.unflatten(1, (tubelets, -1))
    if view == "tubelet_mean":
        return grid.mean(dim=2)
    if view == "all_patches":
        return tokens.to(torch.float16)
    patches = grid[:, 0] if view == "first_tubelet_patches" else grid[:, -1]
    return patches.to(torch.float16)


class Reducer:
    """Collects the views of one batch, stream by stream, and hands them over without waiting."""

    def __init__(self, views: Sequence[View], streams: int, tubelets: int) -> None:
        self._views, self._streams, self._tubelets = views, streams, tubelets
        self._reduced: dict[View, Tensor] = {}

    def take(self, stream: int, tokens: Tensor) -> None:
        """Reduce the tokens [n, T' * P, D] of stream number ``stream``."""
        for view in self._views:
            part = view_of_tokens(view, tokens, self._tubelets)
            if stream == 0:
                self._reduced[view] = part.new_empty(self._streams, *part.shape)
            self._reduced[view][stream] = part

    def finish(self) -> "ReducedBatch":
        """Start the copy of all views to the host."""
        finite = {
            view: torch.isfinite(part).flatten(1).all(dim=1) for view, part in self._reduced.items()
        }
        return ReducedBatch(self._reduced, finite)


class ReducedBatch:
    """The views of one batch on their way to the host.

    Attributes:
        views: of every view, [streams, n, rows, D] in its stored dtype; valid after `wait`.
        finite: of every view, bool [streams]: no NaN and no infinity; valid after `wait`.
    """

    def __init__(self, views: Mapping[View, Tensor], finite: Mapping[View, Tensor]) -> None:
        self.views: dict[View, np.ndarray] = {v: _to_host(t).numpy() for v, t in views.items()}
        self.finite: dict[View, np.ndarray] = {v: _to_host(t).numpy() for v, t in finite.items()}
        assert all(array.dtype == STORED_DTYPE[view] for view, array in self.views.items())
        self._copied: torch.cuda.Event | None = None
        if any(tensor.is_cuda for tensor in views.values()):
            self._copied = torch.cuda.Event()
            self._copied.record()

    def wait(self) -> None:
        """Return when the device has computed the views and the host has them."""
        if self._copied is not None:
            self._copied.synchronize()


def _to_host(tensor: Tensor) -> Tensor:
    """Copy to pinned memory in the order of the device's work, without waiting for it."""
    if not tensor.is_cuda:
        return tensor
    host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    return host.copy_(tensor, non_blocking=True)
