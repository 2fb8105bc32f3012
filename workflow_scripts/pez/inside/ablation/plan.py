"""Which passes a measurement makes: what is taken away, and from which blocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from pez.encoders.family import Grid
from pez.inside.ablation.spec import WindowSpec, WindowsSpec
from pez.inside.ablation.windows import Keys, removed_keys
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
        removed: keys that are taken, bool [queries, keys].
    """

    window: WindowSpec
    keys: Keys
    where: Where
    blocks: Sequence[int]
    removed: Tensor

    @property
    def name(self) -> str:
        """Name that no other pass has."""
        return f"{self.window.name} {self.keys} {self.where}"

    def columns(self) -> dict[str, object]:
        """What tables say of it; shares of keys taken, and of queries that keep none."""
        return {
            "window": self.window.name,
            "keys": self.keys,
            "where": self.where,
            "removed": self.removed.float().mean().item(),
            "empty": self.removed.all(dim=1).float().mean().item(),
        }


def plan_passes(spec: WindowsSpec, layers: int, grid: Grid) -> list[Planned]:
    """Return all passes that ``spec`` asks of a network of ``layers`` blocks."""
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
        Planned(window, keys, where, blocks[where], removed_keys(window, keys, grid))
        for window, keys, where in asked
    ]
