"""Passes with windows of keys taken away: what is kept of them, to be read by probes."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pez.inside.ablation.passes import Pooled, run_passes
from pez.inside.ablation.plan import plan_passes
from pez.inside.ablation.readings import WHOLE
from pez.inside.ablation.spec import WindowsSpec
from pez.inside.depth import blocks_between
from pez.inside.network import Network

_NOTHING = {"window": WHOLE, "keys": "none", "where": "none", "removed": 0.0, "empty": 0.0}


@dataclass(frozen=True)
class Windowed:
    """Features after every pass.

    Attributes:
        end: state after the masked blocks.
        about: of every pass, what tables say of it: ``window`` (`WHOLE` where nothing is taken),
            ``keys``, ``where`` (which blocks), ``removed`` and ``empty`` (shares of keys taken, and
            of queries that keep none).
        means: by state (`end` and the last) and pass, batches of the mean over all tokens.
        patches: by pass, batches of patches at `end`, in half precision.
    """

    end: int
    about: Mapping[str, Mapping[str, object]]
    means: Mapping[int, Mapping[str, list[Tensor]]]
    patches: Mapping[str, list[Tensor]]

    def mean_features(self, state: int) -> dict[str, Tensor]:
        """Means over all tokens, float32 [1, clips, D] for every pass."""
        return {name: torch.cat(parts)[None] for name, parts in self.means[state].items()}

    def patch_features(self) -> dict[str, Tensor]:
        """Patches at `end`, float32 [patches, clips, D] for every pass."""
        return {
            name: torch.cat(parts).transpose(0, 1).float() for name, parts in self.patches.items()
        }


def run_windows(spec: WindowsSpec, network: Network, keep_patches: bool) -> Windowed:
    """Run all clips of ``network`` through every pass that ``spec`` asks for."""
    ready = network.ready
    planned = plan_passes(spec, network.blocks, ready.grid, ready.compute.device)
    passes = {one.name: dict.fromkeys(one.blocks, one.attention) for one in planned}
    end = blocks_between(spec.depth, network.blocks)[-1] + 1
    states = sorted({end, network.blocks})
    means: dict[int, dict[str, list[Tensor]]] = {}
    patches: dict[str, list[Tensor]] = {}

    def keep(name: str, state: int, pooled: Pooled) -> None:
        means.setdefault(state, {}).setdefault(name, []).append(pooled.mean)
        if keep_patches and state == end:
            patches.setdefault(name, []).append(pooled.patches.half())

    for _, found in network.batches(
        lambda pixels: run_passes(ready.encoder, pixels, passes, states, ready.grid)
    ):
        for name, of_states in found.items():
            for state, pooled in of_states.items():
                keep(name, state, pooled)
    about = {WHOLE: _NOTHING, **{one.name: one.columns() for one in planned}}
    return Windowed(end, about, means, patches)
