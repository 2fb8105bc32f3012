"""Tables of what was measured inside networks: one file a network, which says whose it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pez.evidence.schema import NO_CONTROL
from pez.inside.registry import looked_into
from pez.inside.spec import InsideSpec
from pez.runtime.errors import ArtifactError
from pez.runtime.identity import CURE, Identity, agree, expect
from pez.runtime.tables import open_table

WHOSE = ("model", "control", "seed")  # of what is drawn
CLIP_COLUMNS = ("clip_id", "condition")  # of tables whose rows are of clips
_COMMON = ("dataset", "clip_ids", "source", "labels", "precision", "preprocessing", "input_size")


@dataclass(frozen=True)
class NetworkTable:
    """What was measured in one network.

    Attributes:
        model: that is asked about.
        control: what is replaced in it.
        seed: of the control.
        table: its rows.
        known: what the file says beside them.
    """

    model: str
    control: str
    seed: int | None
    table: pd.DataFrame
    known: Mapping[str, Any]

    def named(self, rows: pd.DataFrame) -> pd.DataFrame:
        """``rows`` of this network with `WHOSE` before their columns."""
        whose = {"model": self.model, "control": self.control, "seed": self.seed}
        return rows.assign(**whose).astype({"seed": "Int64"})[[*WHOSE, *rows.columns]]


def read_measured(
    paths: Sequence[Path | str],
    spec: InsideSpec,
    columns: Sequence[str],
    of_clips: bool = True,
) -> list[NetworkTable]:
    """Open the tables of some networks and check that they belong together.

    Args:
        paths: ``{network}.parquet`` of each, every model before its controls.
        spec: the measurement.
        columns: that the tables must have.
        of_clips: whether their rows are of clips, and say of which (`CLIP_COLUMNS`).

    Raises:
        ArtifactError: a table is missing, damaged, of another kind of measurement, another network
            or dataset than it should be, of other clips or precision than another, or of other
            weights than the model whose clips a control replaces.
    """
    networks, kind = looked_into(spec), spec.kind
    found: list[NetworkTable] = []
    first: tuple[Path | str, Identity] | None = None
    itself: dict[str, tuple[Path | str, Identity]] = {}
    for path in paths:
        name = Path(path).stem
        model, variant = networks[name]
        opened = open_table(path, (*(CLIP_COLUMNS if of_clips else ()), *columns))
        identity = Identity.read(path, opened.metadata)
        replaced = None if variant is None else variant.replaced
        expect(path, identity, Identity(model=name, dataset=spec.dataset, replaced=replaced))
        if opened.metadata.get("kind") != kind:
            raise ArtifactError(
                f"{path} says kind = {opened.metadata.get('kind')!r}, and {kind!r} is expected: it "
                f"is another measurement's file under this name. {CURE}"
            )
        first = first or (path, identity)
        agree(_COMMON, path, identity, *first)
        if variant is None:
            itself[model] = (path, identity)
        elif variant.control.replaces == "clips":  # the same network
            agree(["weights_checksum"], path, identity, *itself[model])
        control, seed = (
            (NO_CONTROL, None) if variant is None else (variant.control.name, variant.seed)
        )
        found.append(NetworkTable(model, control, seed, opened.table, opened.metadata))
    return found
