"""Tuning of every unit of some blocks of one network; see `pez.inside.tuning`."""

from collections.abc import Mapping

import pandas as pd
import torch
from torch import Tensor

from pez.encoders.hooks import HookFunction, HookPoint, run_with_hooks
from pez.inside.depth import blocks_between
from pez.inside.kinds.unit_tuning import Section
from pez.inside.network import Measured, Network
from pez.inside.spec import InsideSpec
from pez.inside.tuning.design import VARIABLES, Design, design_of
from pez.inside.tuning.models import Ridge
from pez.inside.tuning.occupancy import Occupancy, occupancy_of
from pez.inside.tuning.readings import READINGS
from pez.inside.tuning.sums import Adder, Sums, add_beside
from pez.inside.tuning.tune import tune
from pez.inside.tuning.units import unit_rows
from pez.runtime.errors import ArtifactError
from pez.runtime.moments import moment
from pez.runtime.progress import progress


def measure(spec: InsideSpec, network: Network) -> Measured:
    """Measure one network in one pass.

    Returns:
        Columns ``point``, ``block``, ``reading`` (`pez.inside.tuning.readings`), ``variable`` and
        those of `pez.inside.tuning.units.unit_rows`. Beside them ``zone``, the block at the end of
        the zone, ``speeds``, the least and largest, and by point, block, reading and variable the
        ``limits`` and ``edges`` from there.

    Raises:
        ArtifactError: an activation is not finite, or the labels or tracks do not fit.
    """
    assert isinstance(spec, Section)
    design = design_of(spec, network.labels)
    zone, blocks = _blocks(spec, network.blocks)
    points = [HookPoint(point, block) for point in spec.points for block in blocks]
    occupancy = occupancy_of(network)
    moment("occupancy")
    sums = _sums(network, points, design, occupancy)
    ridge = Ridge(spec.ridge, spec.beside_ridge)
    parts = []
    limits: dict[str, float] = {}
    edges: dict[str, list[float]] = {}
    asked = [
        (point, reading, variable)
        for point in points
        for reading in READINGS
        for variable in VARIABLES
    ]
    for point, reading, variable in progress(asked, "models", unit="model"):
        under_ball, given = READINGS[reading]
        own = sums[point, under_ball]
        tuned = tune(own, design, variable, given, ridge, spec.permutations, spec.permutation_seed)
        rows = unit_rows(own, design, variable, tuned, spec.bins)
        name = f"{point.name}/{point.block}/{reading}/{variable}"
        limits[name], edges[name] = rows.limit, rows.edges
        whose = {
            "point": point.name,
            "block": point.block,
            "reading": reading,
            "variable": variable,
        }
        parts.append(rows.table.assign(**whose)[[*whose, *rows.table.columns]])
    moment("models")
    table = pd.concat(parts, ignore_index=True)
    kinds = dict.fromkeys(("point", "reading", "variable"), "category")
    speeds = [float(design.speed.min()), float(design.speed.max())]
    about = {"zone": zone, "speeds": speeds, "limits": limits, "edges": edges}
    return Measured(table.astype(kinds), about)


def _blocks(spec: Section, layers: int) -> tuple[int, list[int]]:
    """The block at the end of the zone, and all that are looked at, in order."""
    zone = blocks_between(spec.depth, layers)[-1]
    others = {"first": 0, "last": layers - 1}
    return zone, sorted({zone, *(others[name] for name in spec.elsewhere)})


def _sums(
    network: Network, points: list[HookPoint], design: Design, occupancy: Occupancy
) -> Mapping[tuple[HookPoint, bool], Sums]:
    """Sums at every point over all positions, and (True) over the tokens under the ball."""
    beside = {False: occupancy.everywhere(), True: occupancy.under_ball()}
    adders: dict[tuple[HookPoint, bool], Adder] = {}
    for under, own in beside.items():
        added = add_beside(design, own)
        adders |= {(point, under): Adder(design, own, added) for point in points}
    for rows, found in network.batches(lambda pixels: _activations(network, points, pixels)):
        for point, values in found.items():
            _check(network, point, values, rows)
            adders[point, False].take(values, rows.start)
            adders[point, True].take(_under(values, occupancy.ball[rows]), rows.start)
    return {key: adder.sums() for key, adder in adders.items()}


def _activations(
    network: Network, points: list[HookPoint], pixels: Tensor
) -> dict[HookPoint, Tensor]:
    """Values at ``points``, [clips, tokens, units]."""
    found: dict[HookPoint, Tensor] = {}

    def keeper(point: HookPoint) -> HookFunction:
        return lambda value: found.update({point: value})

    run_with_hooks(network.ready.encoder, pixels, {point: keeper(point) for point in points})
    return found


def _under(values: Tensor, ball: Tensor) -> Tensor:
    """Values at the token under the ball, [clips, tubelets, units]; any where it is out of view."""
    clips, tubelets = ball.shape
    by_tubelet = values.unflatten(1, (tubelets, -1))
    place = ball.clamp(min=0).to(values.device)
    clip = torch.arange(clips, device=values.device)[:, None]
    return by_tubelet[clip, torch.arange(tubelets, device=values.device), place]


def _check(network: Network, point: HookPoint, values: Tensor, rows: slice) -> None:
    finite = values.isfinite().flatten(1).all(dim=1)
    if finite.all():
        return
    clip = rows.start + int((~finite).nonzero()[0, 0])
    raise ArtifactError(network.not_finite(f"{point.name} of block {point.block}", clip))
