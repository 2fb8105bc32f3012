"""Which passes a measurement makes: what is taken away, and from which blocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch

from pez.encoders.family import Grid
from pez.inside.ablation.attend import Empty, MaskedAttention, MassMatched, masked_attention
from pez.inside.ablation.spec import WindowSpec, WindowsSpec
from pez.inside.ablation.windows import Keys, keys_within, random_draws, removed_keys
from pez.inside.depth import blocks_between

Where = Literal["zone", "first", "last"]


@dataclass(frozen=True)
class Planned:
    """One pass.

    Attributes:
        window: which keys are near.
        keys: which of them, or how many others, are taken.
        where: in which part of the network.
        blocks: of it, from 0.
        attention: how these attend.
    """

    window: WindowSpec
    keys: Keys
    where: Where
    blocks: Sequence[int]
    attention: MaskedAttention | MassMatched

    @property
    def name(self) -> str:
        """Name that no other pass has."""
        return f"{self.window.name} {self.keys} {self.where}"

    def columns(self) -> dict[str, object]:
        """What tables say of it, once it was made."""
        return {
            "window": self.window.name,
            "keys": self.keys,
            "where": self.where,
            **self.attention.shares(),
        }


def plan_passes(spec: WindowsSpec, layers: int, grid: Grid, device: torch.device) -> list[Planned]:
    """Return all passes that ``spec`` asks of a network of ``layers`` blocks on ``device``."""
    zone = blocks_between(spec.depth, layers)
    blocks: dict[Where, list[int]] = {
        "zone": zone,
        "first": list(range(len(zone))),
        "last": list(range(layers - len(zone), layers)),
    }
    taken: tuple[Keys, ...] = ("window", *spec.matched)
    asked: list[tuple[WindowSpec, Keys, Where]] = [
        (window, keys, "zone") for window in spec.windows for keys in taken
    ]
    elsewhere: tuple[Where, ...] = ("first", "last")
    asked += [(window, "window", where) for window in spec.elsewhere for where in elsewhere]
    return [
        Planned(
            window, keys, where, blocks[where], _attention(window, keys, grid, spec.empty, device)
        )
        for window, keys, where in asked
    ]


def _attention(
    window: WindowSpec, keys: Keys, grid: Grid, empty: Empty, device: torch.device
) -> MaskedAttention | MassMatched:
    if keys == "mass":
        near, draws = keys_within(window, grid), random_draws(grid)
        return MassMatched(near.to(device), draws.to(device), empty)
    return masked_attention(removed_keys(window, keys, grid), empty, device)
