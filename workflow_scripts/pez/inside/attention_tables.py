"""Attention distances of a model and of what stands beside it, as arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pez.estimands.bootstrap import bootstrap_weights
from pez.evidence.schema import NO_CONTROL
from pez.inside.tables import NetworkTable
from pez.runtime.errors import ArtifactError


@dataclass(frozen=True)
class Heads:
    """Every measure of one network: by name, float64 [n clips, L blocks, H heads]."""

    seed: int | None
    of: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Beside:
    """A model and its controls, on the same clips.

    Attributes:
        model: the model.
        own: its heads.
        controls: by name, with each of their seeds, in order.
        uniform: every measure under attention to all tokens alike.
        weights: how often each clip counts in every draw, float64 [B, n].
    """

    model: str
    own: Heads
    controls: Mapping[str, Sequence[Heads]]
    uniform: Mapping[str, float]
    weights: NDArray[np.float64]


def beside(tables: Sequence[NetworkTable], model: str, draws: int, seed: int) -> Beside:
    """Arrays of ``model`` and its controls among ``tables``.

    Raises:
        ArtifactError: a table lacks a clip, block, head or measure, or says no uniform values.
    """
    own = [table for table in tables if table.model == model]
    found: dict[str, list[Heads]] = {}
    for table in own:
        found.setdefault(table.control, []).append(_heads(table))
    (itself,) = found.pop(NO_CONTROL)
    first = next(table for table in own if table.control == NO_CONTROL)
    clips = first.table.drop_duplicates("clip_id", keep="first")
    weights = bootstrap_weights(clips["condition"].to_numpy(), draws, seed)
    return Beside(model, itself, found, first.known["uniform"], weights)


def _heads(table: NetworkTable) -> Heads:
    rows = table.table
    clips = len(table.known["clip_ids"])
    blocks, heads = int(rows["block"].max()) + 1, int(rows["head"].max()) + 1
    of = {}
    for measure, own in rows.groupby("measure", observed=True, sort=False):
        if len(own) != clips * blocks * heads:
            raise ArtifactError(
                f"the table of attention of {table.known['model']} has {len(own)} rows of "
                f"{measure} for {clips} clips, {blocks} blocks and {heads} heads: delete it and "
                "run again."
            )
        of[str(measure)] = own["value"].to_numpy(np.float64).reshape(clips, blocks, heads)
    return Heads(table.seed, of)
