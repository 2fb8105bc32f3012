"""How often possible movies surprise less than impossible ones, with draws over scenes."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pez.estimands.bootstrap import bootstrap_weights, weighted_mean
from pez.inside.prediction.names import SAME, TRAINED
from pez.runtime.errors import ArtifactError
from pez.scores.plausibility import movie_metrics

# Matched pairs told apart; scenes whose two possible movies surprise less in sum. Ties: one half.
PAIRWISE, RELATIVE = "pairwise", "relative"
SURPRISE = "surprise"  # its mean over movies
_METRICS = {PAIRWISE: "matched_pair", RELATIVE: "logit_sum"}  # of `movie_metrics`
CHANCE = 0.5
Array = NDArray[np.float64]


class Cell(NamedTuple):
    """What has an accuracy by context: names as in `pez.inside.prediction.names`."""

    predictor: str
    reading: str
    state: int
    tokens: str


class Scores(NamedTuple):
    """Scores of one network.

    Attributes:
        contexts: numbers of frames that are seen.
        values: by cell and metric, float64 [1 + B, contexts]: of the scenes, then of B draws.
    """

    contexts: list[int]
    values: Mapping[tuple[Cell, str], Array]

    def mean(self, cell: Cell, metric: str) -> Array:
        """Mean over contexts, [1 + B]."""
        return np.asarray(self.values[cell, metric].mean(axis=1))

    def cells(self) -> list[Cell]:
        """What has scores, each once."""
        return list(dict.fromkeys(cell for cell, _ in self.values))

    def curve(self, tokens: str, predictor: str = TRAINED, reading: str = SAME) -> list[Cell]:
        """Cells of a predictor by state."""
        wanted = (predictor, reading, tokens)
        found = [one for one in self.cells() if (one.predictor, one.reading, one.tokens) == wanted]
        return sorted(found, key=lambda cell: cell.state)


def scores_of(table: pd.DataFrame, draws: int, seed: int) -> Scores:
    """Score one network.

    Args:
        table: rows of `pez.inside.measures.layer_prediction.measure`.
        draws: of scenes; the same for all cells and networks, so that differences are paired.
        seed: of the draws.

    Raises:
        ArtifactError: a movie lacks a row.
    """
    movies = table.drop_duplicates("clip_id").sort_values(["condition", "clip_id"])
    scenes = np.unique(movies["condition"])
    weights = np.vstack([np.ones(len(scenes)), bootstrap_weights(scenes, draws, seed)])
    contexts = sorted(int(context) for context in table["context"].unique())
    values: dict[tuple[Cell, str], Array] = {}
    for cell, rows in _cells(table):
        found = rows.pivot(index="context", columns="clip_id", values="surprise")
        surprise = found.reindex(index=contexts, columns=movies["clip_id"]).to_numpy(float)
        if np.isnan(surprise).any():
            raise ArtifactError(
                f"the table of surprise lacks movies of {cell}: delete it and run again."
            )
        told = [_outcomes(one, movies) for one in surprise]
        for metric in (*_METRICS, SURPRISE):
            of_scenes = np.stack([one[metric] for one in told])
            values[cell, metric] = weighted_mean(of_scenes, weights)
    return Scores(contexts, values)


def _cells(table: pd.DataFrame) -> Iterator[tuple[Cell, pd.DataFrame]]:
    by = ["predictor", "reading", "state", "tokens"]
    for _, rows in table.groupby(by, observed=True, sort=False):
        first = rows.iloc[0]
        yield Cell(first["predictor"], first["reading"], int(first["state"]), first["tokens"]), rows


def _outcomes(surprise: Array, movies: pd.DataFrame) -> dict[str, Array]:
    """Metrics of every scene, float64 [scenes] each, of the surprise of ``movies`` [n].

    Surprise is taken in its standard deviations over movies, because sums of logits count as equal
    when they are nearer to one another than a ten-thousandth.
    """
    spread = float(surprise.std())
    logits = -surprise / spread if spread > 0 else np.zeros(len(surprise))
    found: dict[str, list[float]] = {PAIRWISE: [], RELATIVE: [], SURPRISE: []}
    place = movies["condition"].to_numpy()
    for scene in np.unique(place):
        rows = place == scene
        possible, pairs = (movies[name].to_numpy(int)[rows] for name in ("possible", "pair"))
        metrics = movie_metrics(logits[rows], possible, place[rows], pairs)
        for metric, name in _METRICS.items():
            found[metric].append(metrics[name])
        found[SURPRISE].append(float(surprise[rows].mean()))
    return {metric: np.array(values) for metric, values in found.items()}
