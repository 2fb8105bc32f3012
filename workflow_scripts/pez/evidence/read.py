"""Tables of evidence as their readers open them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pez.evidence.schema import check_evidence
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import read_table


@dataclass(frozen=True)
class EvidenceTable:
    """Evidence of one fit on one network.

    Attributes:
        rows: the columns of `pez.evidence.schema.COLUMNS`.
        layers: layers that it must hold.
        source: its path, for messages.
    """

    rows: pd.DataFrame
    layers: int
    source: str

    @property
    def recipe(self) -> str:
        """Name of the recipe, without a suffix of a control."""
        first = self.rows.iloc[0]
        return f"{first['probe']}.{first['protocol']}"

    def matrices(self, metric: str, subset: str, column: str = "value") -> dict[str, np.ndarray]:
        """One matrix of ``column`` per selection, float64 [layers, folds].

        Args:
            metric: of which rows.
            subset: of which rows.
            column: value, or a number beside it.

        Raises:
            ArtifactError: the table holds no such metric or subset, or other layers.
        """
        rows = self.rows[(self.rows["metric"] == metric) & (self.rows["subset"] == subset)]
        if rows.empty:
            raise ArtifactError(
                f"{self.source} holds no rows of metric {metric} and subset {subset}: delete it "
                "and run again."
            )
        found = {}
        for selection, part in rows.groupby("selection"):
            values = part.pivot(index="layer", columns="fold", values=column).sort_index()
            if list(values.index) != list(range(self.layers)):
                raise ArtifactError(
                    f"{self.source} holds {len(values)} layers ({selection}) where the model has "
                    f"{self.layers}: it belongs to another model. Delete it and run again."
                )
            found[str(selection)] = values.to_numpy(np.float64)
        return found


def open_evidence(path: Path | str, layers: int) -> EvidenceTable:
    """Open the evidence at ``path``, of a network of ``layers`` layers.

    Raises:
        ArtifactError: the file is missing, damaged, or no evidence.
    """
    rows = read_table(path)
    check_evidence(path, rows)
    return EvidenceTable(rows, layers, str(path))
