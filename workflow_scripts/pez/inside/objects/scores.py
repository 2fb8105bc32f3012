"""Scores by kind and their mean, under draws of clips: own, another's, beyond scene and place."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pez.estimands.bootstrap import bootstrap_weights
from pez.inside.objects.targets import OTHER, OWN

DIFFERENCE, BEYOND, SCENE = "difference", "beyond", "scene"  # estimands, beside OWN and OTHER
BEYOND_PLACE, PLACE = "beyond_place", "place"
ESTIMANDS = (OWN, OTHER, DIFFERENCE, BEYOND, SCENE, BEYOND_PLACE, PLACE)
PARTS = {"material": 0, "shape": -1}  # of `pez.objects.kinds.Kind.name`, and where they stand
_LOSSES = ["loss", "beside", "scene", "beside_place", "place", "total"]
Array = NDArray[np.float64]


class Scores(NamedTuple):
    """Scores of one target, read from some tokens.

    Attributes:
        kinds: of object, in order.
        values: by estimand, float64 [1 + B, states, kinds]: of the clips, then of B draws. `OWN`
            and `OTHER`: R2; `DIFFERENCE`: of these; `BEYOND`: R2 of the own velocity by features
            and the scene's motion, less that by the scene's motion alone, which is `SCENE`;
            `BEYOND_PLACE` and `PLACE` likewise of where the object was.
    """

    kinds: list[str]
    values: dict[str, Array]

    def mean(self, estimand: str) -> Array:
        """Mean over kinds, [1 + B, states]."""
        return _mean(self.values[estimand])

    def means_by(self, part: str, estimand: str) -> dict[str, Array]:
        """Means over the kinds that share a part of their name, one of `PARTS`: [1 + B, states]."""
        names = np.array([kind.split("_")[PARTS[part]] for kind in self.kinds])
        return {
            str(name): _mean(self.values[estimand][:, :, names == name])
            for name in dict.fromkeys(names)
        }


AllScores = Mapping[str, Mapping[str, Scores]]  # of a network, by tokens and target


def scores_of(table: pd.DataFrame, target: str, draws: int, seed: int) -> Scores:
    """Score one ``target`` of one network.

    Args:
        table: rows of `pez.inside.measures.object_probes.measure`, of the same tokens.
        target: which rows.
        draws: of clips; the same for all kinds, states and networks, so that differences are
            paired.
        seed: of the draws.
    """
    clips = np.unique(table["condition"])
    weights = bootstrap_weights(clips, draws, seed)
    weights = np.vstack([np.ones(len(clips)), weights])
    asked = table[table["target"] == target]
    kinds = sorted(asked["kind"].unique())
    own, beside, scene, beside_place, place = _scores(
        asked[asked["whose"] == OWN], kinds, clips, weights
    )
    other, *_ = _scores(asked[asked["whose"] == OTHER], kinds, clips, weights)
    return Scores(
        kinds,
        {
            OWN: own,
            OTHER: other,
            DIFFERENCE: own - other,
            BEYOND: beside - scene,
            SCENE: scene,
            BEYOND_PLACE: beside_place - place,
            PLACE: place,
        },
    )


def _mean(values: Array) -> Array:
    """Mean over the last axis of what is known; NaN where nothing is."""
    known = (~np.isnan(values)).sum(axis=-1)
    return np.asarray(np.nansum(values, axis=-1) / np.where(known > 0, known, np.nan))


def _scores(
    rows: pd.DataFrame, kinds: list[str], clips: NDArray[np.int64], weights: Array
) -> list[Array]:
    """R2 by each of `_LOSSES` but the last, [1 + B, states, kinds] each."""
    states = int(rows["state"].max()) + 1
    sums = np.zeros((len(_LOSSES), states, len(kinds), len(clips)))
    place = np.searchsorted(clips, rows["condition"]), np.searchsorted(kinds, rows["kind"])
    sums[:, rows["state"].to_numpy(), place[1], place[0]] = rows[_LOSSES].to_numpy().T
    *losses, total = np.einsum("lskn,bn->lbsk", sums, weights, optimize=True)
    total = np.where(total > 0, total, np.nan)  # a draw may hold no clip of a kind
    return [1 - loss / total for loss in losses]
