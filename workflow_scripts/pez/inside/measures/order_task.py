"""Passes over clips in their own and in other orders, and what probes read: one row per clip."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pez.audit.folds import make_plan
from pez.encoders.patches import TUBELET_FRAMES
from pez.estimands.landmarks import noise_floor
from pez.inside.kinds.order_task import Section
from pez.inside.network import Measured, Network
from pez.inside.order.orders import other_orders
from pez.inside.order.passes import pooled_states
from pez.inside.order.tasks import (
    DIRECTION,
    PLACE,
    Order,
    direction_task,
    place_task,
)
from pez.inside.spec import InsideSpec
from pez.inside.tasks.course import above_chance
from pez.inside.tasks.reading import Read, read_rows, read_task, twice
from pez.inside.tasks.task import Task
from pez.runtime.errors import ConfigError


def measure(spec: InsideSpec, network: Network) -> Measured:
    """Measure one network: a pass for the clips and one for each other order of them.

    Tasks: for each order, which of two versions of a clip is the clip itself; the direction of
    motion; the sector of the start. All are read from the mean over all tokens, the latter two from
    the pass over the clips themselves.

    Returns:
        Columns ``task``, ``state``, ``clip_id``, ``condition`` and ``right``: whether the clip is
        told right, of an order the mean over both versions. Beside them, by task, ``chance`` and
        ``floor``, the rise above chance that an onset needs
        (`pez.estimands.landmarks.noise_floor`); and ``unequal``, the largest difference that the
        order of tubelets makes at state 0, as a share of the feature's standard deviation.

    Raises:
        ArtifactError: a value is not finite.
        ConfigError: clips are too short, or form fewer conditions than there are folds.
    """
    assert isinstance(spec, Section)
    labels, frames = network.labels, TUBELET_FRAMES * network.ready.grid.tubelets
    conditions = labels["condition"].nunique()
    if conditions < spec.folds:
        raise ConfigError(
            f"inside: folds = {spec.folds} for {conditions} conditions of {spec.dataset}: take "
            "fewer folds."
        )
    folds = make_plan(labels, "condition", spec.fold_seed, spec.folds, spec.training_clips).folds
    both = [twice(fold, len(labels)) for fold in folds]
    own = pooled_states(network)
    found: dict[str, tuple[Task, Read]] = {}

    def read(name: str, task: Task, states: Tensor) -> None:
        among = both if isinstance(task, Order) else folds
        read = read_task(task, states, among, spec.alphas, spec.permutations, spec.order_seed)
        found[name] = (task, read)

    unequal = {}
    for variant in spec.variants:
        orders = other_orders(variant, labels["clip_id"].tolist(), frames, spec.order_seed)
        other = pooled_states(network, orders)
        unequal[variant] = _difference(own[0], other[0])
        read(variant, Order(np.ones(len(labels))), torch.cat([own, other], dim=1))
    read(DIRECTION, direction_task(labels), own)
    read(PLACE, place_task(labels), own)
    floors = {
        name: noise_floor(above_chance(one.permuted, task.chance))
        for name, (task, one) in found.items()
    }
    known = {
        "chance": {name: task.chance for name, (task, _) in found.items()},
        "floor": floors,
        "unequal": unequal["tubelets"],
    }
    rows = [
        read_rows(one.right, labels, task=name).astype({"task": "category", "clip_id": "category"})
        for name, (_, one) in found.items()
    ]
    return Measured(pd.concat(rows, ignore_index=True), known)


def _difference(one: Tensor, other: Tensor) -> float:
    """Largest difference of a feature [n, D], in its standard deviations over clips."""
    spread = one.double().std(dim=0)
    apart = (one.double() - other.double()).abs().amax(dim=0)
    varies = spread > 0
    return float((apart[varies] / spread[varies]).max()) if varies.any() else 0.0
