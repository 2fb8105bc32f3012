"""One measurement in one network, from the opened clips to its table."""

from pathlib import Path

from pez.inside.network import Network
from pez.inside.registry import measure
from pez.inside.spec import InsideSpec
from pez.runtime.tables import write_table


def measure_network(spec: InsideSpec, network: Network, output: Path | str) -> None:
    """Write what ``spec`` finds in ``network``, and all that tells whose it is.

    Raises:
        ArtifactError: a clip is damaged, what is measured is not finite, or the disk is full.
    """
    found = measure(spec, network)
    grid = network.ready.grid
    tokens = {"tubelets": grid.tubelets, "rows": grid.rows, "columns": grid.columns}
    known = {**network.identity, **found.known, "kind": spec.kind, "grid": tokens}
    write_table(output, found.table, known)
