"""Outcomes of cells in every bootstrap draw: what shares of variance have their intervals from."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pez.audit.cell_draws import DRAWN, map_draws
from pez.audit.outcomes import UNTRAINED
from pez.audit.whose import Set
from pez.evidence.schema import NO_CONTROL
from pez.runtime.errors import ArtifactError
from pez.runtime.tensor_file import read_metadata


class NetworkDraws:
    """Draws of the cells of some networks of one model; clips are drawn alike for all of them.

    Args:
        estimands: table of all networks, rows in the order of the networks' own tables.
        files: ``{network}.{dataset}.draws.safetensors``.

    Raises:
        ArtifactError: a file is missing, damaged, of other cells than the table, or of other clips
            than another.
    """

    def __init__(self, estimands: pd.DataFrame, files: Iterable[Path]) -> None:
        drawn = estimands[estimands["estimand"] == DRAWN[0]]
        together = Set()
        self._networks: dict[tuple[str, str], list[tuple[pd.Index, np.ndarray]]] = {}
        for path in files:
            together.check(path, read_metadata(path))
            network, dataset = path.name.split(".")[:2]
            rows = drawn[(drawn["network"] == network) & (drawn["dataset"] == dataset)]
            values = map_draws(path, len(rows))
            _check(path, rows, values)
            for control in (NO_CONTROL, UNTRAINED):
                own = (rows["control"] == control).to_numpy()
                if own.any():
                    of_control = self._networks.setdefault((control, dataset), [])
                    of_control.append((pd.Index(rows["cell"][own]), values[own]))

    def outcomes(self, cells: pd.DataFrame) -> Mapping[str, np.ndarray]:
        """Outcomes of some cells of the model in one dataset, float64 [B, cells] each.

        Args:
            cells: rows of `pez.audit.outcomes.outcomes` of the model itself.

        Returns:
            By the names that they have there; ``margin`` only beside untrained networks.
        """
        dataset, blocks = cells["dataset"].iloc[0], cells["blocks"].to_numpy(float)
        (own,) = self._of(NO_CONTROL, dataset, cells["cell"])
        half_rise, step, sharpness, peak = (own[:, column].T for column in range(len(DRAWN)))
        found = {
            "half_rise_depth": half_rise / blocks,
            "step_depth": step / blocks,
            "sharpness": sharpness,
            "has_onset": (~np.isnan(half_rise)).astype(float),
        }
        bare = self._of(UNTRAINED, dataset, cells["cell"])
        if bare:
            column = DRAWN.index("peak")
            found["margin"] = peak - np.mean([one[:, column].T for one in bare], axis=0)
        return found

    def _of(self, control: str, dataset: str, cells: pd.Series) -> Sequence[np.ndarray]:
        """Draws of ``cells`` in every network of ``control``, float64 [cells, DRAWN, B] each."""
        networks = self._networks.get((control, dataset), [])
        wanted = pd.Index(cells)
        return [values[names.get_indexer(wanted)].astype(float) for names, values in networks]


def _check(path: Path, rows: pd.DataFrame, values: np.ndarray) -> None:
    """Compare draws with what the table says of them: how many have no half-rise."""
    if not np.allclose(np.isnan(values[:, 0]).mean(axis=1), rows["none_share"]):
        raise ArtifactError(
            f"{path} and the table of estimands disagree on how many draws have no half-rise: "
            "they are not of one run. Delete both and run again."
        )
