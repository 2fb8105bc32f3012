"""Reduction of the tokens of one residual stream to what is stored of them."""

import torch
from torch import Tensor

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
