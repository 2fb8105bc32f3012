"""Out-of-fold predictions for the explorer: what a click on a point of a curve shows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pez.controls.registry import find_control
from pez.evidence.schema import NO_CONTROL
from pez.features.spec import residual_state
from pez.page.pack import pack_array, pack_numbers
from pez.recipes.kinds import Angle
from pez.recipes.recipe import Recipe
from pez.recipes.targets import probe_angle
from pez.runtime.tables import read_table
from pez.scores.regression import angles, circular_errors_deg

_COLUMNS = ("layer", "selection", "clip_id", "output", "target", "prediction")
MOST_OUTPUTS = 8  # of a probe whose predictions are shown


@dataclass(frozen=True)
class Predictions:
    """Predictions of one curve.

    Attributes:
        network: whose features were read.
        fit: name of the recipe, with a suffix where labels were shuffled; or of the audit's cell.
        selection: how hyper-parameters were picked.
        dataset: whose clips.
        clip_ids: the n clips.
        outputs: names of the k outputs.
        angle: how outputs turn into a direction (`pez.scores.regression.angles`); None: not at all.
        states: residual states, of every row of ``values``.
        truth: float64 [n, k].
        values: float64 [states, n, k].
        control: what is replaced, as in the evidence.
        seed: of the control.
    """

    network: str
    fit: str
    selection: str
    dataset: str
    clip_ids: Sequence[str]
    outputs: Sequence[str]
    angle: Angle | None
    states: Sequence[int]
    truth: np.ndarray
    values: np.ndarray
    control: str = NO_CONTROL
    seed: str = "none"

    @property
    def is_control(self) -> bool:
        """Whether something is replaced."""
        return self.control != NO_CONTROL

    @property
    def size(self) -> int:
        """Bytes that `pack_predictions` makes of it, before they are compressed."""
        return 2 * (self.values.size + self.truth.size + len(self.clip_ids))


def read_predictions(
    path: Path, recipe: Recipe, control: str = NO_CONTROL, seed: str = "none"
) -> Iterable[Predictions]:
    """Yield the predictions at ``path``, ``.../{network}/{fit}.predictions.parquet``.

    One for each selection; none for a probe of more than `MOST_OUTPUTS` outputs.

    Raises:
        ArtifactError: the table is missing or damaged.
    """
    table = read_table(path, _COLUMNS, ("target", "prediction"))
    outputs = list(dict.fromkeys(table["output"]))
    if len(outputs) > MOST_OUTPUTS:
        return
    flat = control != NO_CONTROL and find_control(control).replaces == "features"
    for selection, rows in table.groupby("selection", sort=False):
        layers, clips = np.unique(rows["layer"]), sorted(set(rows["clip_id"]))
        yield Predictions(
            network=path.parent.name,
            fit=path.name.removesuffix(".predictions.parquet"),
            selection=str(selection),
            dataset=recipe.spec.dataset,
            clip_ids=clips,
            outputs=outputs,
            angle=probe_angle(recipe.spec),
            states=[
                0 if flat else residual_state(int(layer), recipe.spec.capture) for layer in layers
            ],
            truth=_cube(rows[rows["layer"] == layers[0]], "target", outputs)[0],
            values=_cube(rows, "prediction", outputs),
            control=control,
            seed=seed,
        )


def _cube(rows: pd.DataFrame, column: str, outputs: Sequence[str]) -> np.ndarray:
    """Values of ``column``, float64 [layers, clips, outputs], clips in the order of their names."""
    wide = rows.pivot(index=["layer", "clip_id"], columns="output", values=column).sort_index()
    layers = rows["layer"].nunique()
    return wide[list(outputs)].to_numpy(np.float64).reshape(layers, -1, len(outputs))


def errors(found: Predictions) -> np.ndarray:
    """How far each prediction is off, float64 [states, n].

    Degrees where outputs turn into a direction, else the distance from the truth in its unit.
    """
    if found.angle is None:
        return np.asarray(np.linalg.norm(found.values - found.truth, axis=-1))
    truth = angles(found.truth, found.angle)
    return np.array([circular_errors_deg(truth, angles(one, found.angle)) for one in found.values])


def within(found: Iterable[Predictions], budget: int) -> list[Predictions]:
    """As many of ``found`` as fit into ``budget`` bytes: the models' own before the controls'."""
    kept, used = [], 0
    for one in sorted(found, key=lambda one: one.is_control):
        if used + one.size <= budget:
            kept.append(one)
            used += one.size
    return kept


def pack_predictions(found: Predictions, clips: Mapping[str, int]) -> dict[str, Any]:
    """``found`` as the explorer reads it; ``clips``: place of every clip in the dataset's list."""
    return {
        "network": found.network,
        "control": found.control,
        "seed": found.seed,
        "fit": found.fit,
        "selection": found.selection,
        "dataset": found.dataset,
        "outputs": list(found.outputs),
        "angle": found.angle,
        "states": list(found.states),
        "clips": pack_array(np.array([clips[clip] for clip in found.clip_ids], np.uint16)),
        "truth": [pack_numbers(column) for column in found.truth.T],
        "values": [
            pack_numbers(np.ascontiguousarray(found.values[..., output]))
            for output in range(len(found.outputs))
        ],
    }
