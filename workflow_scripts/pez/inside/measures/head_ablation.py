"""Passes without some heads, and what probes read after each: one row per clip and reading."""

from collections.abc import Mapping

import pandas as pd
import torch

from pez.inside.ablation.attend import Attend
from pez.inside.ablation.changed import run_changed
from pez.inside.ablation.reading import read_passes
from pez.inside.ablation.readings import DIRECTION, PLACE, WHOLE
from pez.inside.depth import blocks_between
from pez.inside.heads.sets import HeadSet, head_sets
from pez.inside.heads.watch import Heads, WithoutHeads, watch_heads
from pez.inside.kinds.head_ablation import Section
from pez.inside.network import Measured, Network
from pez.inside.spec import InsideSpec
from pez.runtime.errors import ArtifactError

_NOTHING = {"heads": WHOLE, "distance": float("nan"), "written": 0.0}


def measure(spec: InsideSpec, network: Network) -> Measured:
    """Measure one network: a pass that looks at its heads, and one for every set of heads.

    Returns:
        Columns ``heads`` (`WHOLE` where none is taken, ``local``, ``other1`` and so on),
        ``distance`` (their mean attention distance), ``written`` (what they write beyond their
        mean, the local set's being 1), and those of `pez.inside.ablation.reading.read_passes`.
        Beside them ``end``, the state after the blocks that lose heads, and ``head_sets``: of every
        set the heads by block.

    Raises:
        ArtifactError: blocks have a single head, or a value is not finite.
    """
    assert isinstance(spec, Section)
    zone = blocks_between(spec.depth, network.blocks)
    end = zone[-1] + 1
    seen = watch_heads(network, zone, spec.distance)
    sets = _sets(spec, network, seen)
    passes = {one.name: _without(network, seen, one) for one in sets}
    found = run_changed(network, passes, end)
    about = {
        WHOLE: _NOTHING,
        **{
            one.name: {"heads": one.name, "distance": one.distance, "written": one.written}
            for one in sets
        },
    }
    rows = [
        read_passes(spec, found.mean_features(state), task, about, network.labels, state)
        for state in found.means
        for task in (DIRECTION, PLACE)
    ]
    taken = {one.name: dict(zip(map(str, zone), one.heads, strict=True)) for one in sets}
    return Measured(pd.concat(rows, ignore_index=True), {"end": end, "head_sets": taken})


def _sets(spec: Section, network: Network, seen: Mapping[int, Heads]) -> list[HeadSet]:
    distance, written = (
        torch.stack([getattr(heads, name) for heads in seen.values()]).numpy()
        for name in ("distance", "written")
    )
    if distance.shape[1] < 2:
        raise ArtifactError(
            f"blocks of {network.identity['model']} have one head each: none is more local than "
            "another. Leave the model out of this measurement's models."
        )
    return head_sets(distance, written, spec.local, spec.others, spec.seed)


def _without(network: Network, seen: Mapping[int, Heads], taken: HeadSet) -> dict[int, Attend]:
    blocks = network.ready.encoder.blocks()
    return {
        block: WithoutHeads(blocks[block].attention.attend, heads, of_block.mean)
        for (block, of_block), heads in zip(seen.items(), taken.heads, strict=True)
    }
