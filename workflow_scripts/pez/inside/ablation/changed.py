"""What is kept of all clips after passes in which some blocks attend otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pez.inside.ablation.attend import Attend
from pez.inside.ablation.passes import run_passes
from pez.inside.network import Network


@dataclass(frozen=True)
class Changed:
    """Features after every pass, and after one in which nothing is changed (`WHOLE`).

    Attributes:
        end: state after the changed blocks.
        means: by state (`end` and the last) and pass, batches of the mean over all tokens.
        patches: by pass, batches of patches at `end`, in half precision.
    """

    end: int
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


def run_changed(
    network: Network,
    passes: Mapping[str, Mapping[int, Attend]],
    end: int,
    keep_patches: bool = False,
) -> Changed:
    """Run all clips of ``network`` through every pass.

    Args:
        network: with its clips.
        passes: by name, how blocks (numbers from 0) attend in it.
        end: state after the last changed block of the measurement's part of the network.
        keep_patches: whether patches at ``end`` are kept.
    """
    ready = network.ready
    states = sorted({end, network.blocks})
    means: dict[int, dict[str, list[Tensor]]] = {state: {} for state in states}
    patches: dict[str, list[Tensor]] = {}
    for _, found in network.batches(
        lambda pixels: run_passes(ready.encoder, pixels, passes, states, ready.grid)
    ):
        for name, of_states in found.items():
            for state, pooled in of_states.items():
                means[state].setdefault(name, []).append(pooled.mean)
                if keep_patches and state == end:
                    patches.setdefault(name, []).append(pooled.patches.half())
    return Changed(end, means, patches)
