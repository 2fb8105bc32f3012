"""Passes with windows of keys taken away."""

from collections.abc import Mapping

from pez.inside.ablation.changed import Changed, run_changed
from pez.inside.ablation.plan import plan_passes
from pez.inside.ablation.readings import WHOLE
from pez.inside.ablation.spec import WindowsSpec
from pez.inside.depth import blocks_between
from pez.inside.network import Network

About = Mapping[str, Mapping[str, object]]
_NOTHING = {"window": WHOLE, "keys": "none", "where": "none", "removed": 0.0, "empty": 0.0}


def run_windows(
    spec: WindowsSpec, network: Network, keep_patches: bool = False
) -> tuple[Changed, About]:
    """Run all clips of ``network`` through every pass that ``spec`` asks for.

    Returns:
        Features after every pass; and of every pass what tables say of it: ``window`` (`WHOLE`
        where nothing is taken), ``keys``, ``where`` (which blocks), ``removed`` and ``empty``
        (shares of keys taken, and of queries that keep none).
    """
    ready = network.ready
    planned = plan_passes(spec, network.blocks, ready.grid, ready.compute.device)
    passes = {one.name: dict.fromkeys(one.blocks, one.attention) for one in planned}
    end = blocks_between(spec.depth, network.blocks)[-1] + 1
    found = run_changed(network, passes, end, keep_patches)
    return found, {WHOLE: _NOTHING, **{one.name: one.columns() for one in planned}}
