"""Passes with keys taken away, and what probes read after each: one row a clip and reading."""

from collections.abc import Mapping

import pandas as pd
import torch
from torch import Tensor

from pez.inside.ablation.attend import masked_attention
from pez.inside.ablation.passes import Pooled, run_passes
from pez.inside.ablation.plan import plan_passes
from pez.inside.ablation.reading import read_passes
from pez.inside.ablation.readings import DIRECTION, PATCHES, PLACE, WHOLE
from pez.inside.depth import blocks_between
from pez.inside.kinds.window_ablation import Section
from pez.inside.network import Measured, Network
from pez.inside.spec import InsideSpec

_NOTHING = {"window": WHOLE, "keys": "none", "where": "none", "removed": 0.0, "empty": 0.0}


def measure(spec: InsideSpec, network: Network) -> Measured:
    """Measure one network.

    Tasks: direction (sine and cosine) from the mean over all tokens; the same from every patch by
    a probe of its own, at the end of the masked blocks; and where the ball starts, which asks for
    no motion.

    Returns:
        Columns ``window`` (`WHOLE` where nothing is taken), ``keys``, ``where`` (which blocks),
        ``removed`` and ``empty`` (shares of keys taken, and of queries that keep none), and those
        of `pez.inside.ablation.reading.read_passes`. Beside them ``end``, the state after the
        masked blocks.
    """
    assert isinstance(spec, Section)
    ready = network.ready
    planned = plan_passes(spec, network.blocks, ready.grid)
    device = ready.compute.device
    passes = {
        one.name: dict.fromkeys(one.blocks, masked_attention(one.removed, spec.empty, device))
        for one in planned
    }
    end = blocks_between(spec.depth, network.blocks)[-1] + 1
    states = sorted({end, network.blocks})
    kept = _Kept(end)
    for _, found in network.batches(
        lambda pixels: run_passes(ready.encoder, pixels, passes, states, ready.grid)
    ):
        kept.take(found)
    about = {WHOLE: _NOTHING, **{one.name: one.columns() for one in planned}}
    rows = [
        read_passes(spec, kept.features(state, task), task, about, network.labels, state)
        for state, task in kept.tasks()
    ]
    return Measured(pd.concat(rows, ignore_index=True), {"end": end})


class _Kept:
    """Features of all passes, batch by batch; patches of one state, in half precision."""

    def __init__(self, patch_state: int) -> None:
        self._patch_state = patch_state
        self._means: dict[int, dict[str, list[Tensor]]] = {}
        self._patches: dict[str, list[Tensor]] = {}

    def take(self, found: Mapping[str, Mapping[int, Pooled]]) -> None:
        """Add a batch."""
        for name, of_states in found.items():
            for state, pooled in of_states.items():
                self._means.setdefault(state, {}).setdefault(name, []).append(pooled.mean)
                if state == self._patch_state:
                    self._patches.setdefault(name, []).append(pooled.patches.half())

    def tasks(self) -> list[tuple[int, str]]:
        """What is read at which state."""
        found = [(state, task) for state in self._means for task in (DIRECTION, PLACE)]
        return [*found, (self._patch_state, PATCHES)]

    def features(self, state: int, task: str) -> dict[str, Tensor]:
        """Features that ``task`` is read from, float32 [P, clips, D] for every pass."""
        if task == PATCHES:
            return {
                name: torch.cat(parts).transpose(0, 1).float()
                for name, parts in self._patches.items()
            }
        return {name: torch.cat(parts)[None] for name, parts in self._means[state].items()}
