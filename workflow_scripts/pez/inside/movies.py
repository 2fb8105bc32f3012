"""A network, its predictors and the movies that they are to foresee, opened and compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from pez.clips.dataset import dataset_identity
from pez.encoders.ready import ReadyEncoder, open_encoder
from pez.encoders.spec import EncoderSpec
from pez.features.spec import ExtractionSpec
from pez.inside.kinds.layer_prediction import WINDOW_FRAMES, Section
from pez.inside.prediction.files import read_predictors
from pez.inside.prediction.frozen import Frozen, freeze
from pez.inside.prediction.predictor import LayerPredictor
from pez.inside.prediction.train import Which
from pez.inside.registry import measure
from pez.inside.spec import InsideSpec
from pez.intphys.layout import MovieError, movie_folders, read_frame
from pez.runtime.errors import ArtifactError
from pez.runtime.moments import moment
from pez.runtime.tables import read_table, write_table
from pez.scores.plausibility import check_movies


@dataclass(frozen=True)
class Movies:
    """What is scored, and by what.

    Attributes:
        ready: the encoder, its grid of tokens, device and precision.
        frozen: the same, for its states.
        predictors: by reading and state.
        means: mean targets in training, by state.
        root: folder of the movies.
        labels: one row per movie, whole scenes; with their ``condition``, the number of the scene
            among all.
        identity: whose movies and weights they are, for the metadata of what is measured.
        batch_size: windows of a forward pass.
    """

    ready: ReadyEncoder
    frozen: Frozen
    predictors: Mapping[Which, LayerPredictor]
    means: Mapping[int, Tensor]
    root: Path
    labels: pd.DataFrame
    identity: Mapping[str, Any]
    batch_size: int

    def frames(self, row: Mapping[str, Any]) -> NDArray[np.uint8]:
        """All frames of a movie, a row of `labels`: uint8 [T, H, W, 3].

        Raises:
            ArtifactError: one cannot be read.
        """
        folder = movie_folders(self.root, row["block"], int(row["scene"]))[int(row["movie"]) - 1]
        try:
            return np.stack([read_frame(folder, frame) for frame in range(int(row["frames"]))])
        except (MovieError, ValueError) as error:
            raise ArtifactError(f"movie {folder}: {error}. Correct it and run again.") from error


def open_movies(
    root: Path | str,
    labels: Path | str,
    predictors: Path | str,
    checkpoint: Path | str,
    model: str,
    encoder_spec: EncoderSpec,
    extraction: ExtractionSpec,
    spec: Section,
    device: str,
) -> Movies:
    """Open a network, its predictors, and the movies that ``spec`` takes of its dataset.

    Args:
        root: folder of the movies, in the layout of IntPhys' public release.
        labels: of the dataset, one row per movie.
        predictors: file of `pez.inside.prediction.files.write_predictors`.
        checkpoint: encoder file (see `pez.encoders.load.load_encoder`).
        model: under which name the network is known, for the metadata.
        encoder_spec: its architecture and the origin of its weights.
        extraction: preprocessing, batch size and precision.
        spec: the measurement.
        device: "cpu" or "cuda".

    Raises:
        ArtifactError: an input is damaged or does not fit, or scenes are not whole.
        ConfigError: the encoder embeds positions.
    """
    dataset = dataset_identity(labels, spec.dataset)
    table = read_table(labels, ["clip_id", "frames"])
    check_movies(table, spec.dataset)
    own = table if spec.first_scenes is None else table[table["scene"] <= spec.first_scenes]
    own = own.reset_index(drop=True)
    own = own.assign(condition=own.groupby(["block", "scene"]).ngroup())
    ready = open_encoder(
        checkpoint, model, encoder_spec, WINDOW_FRAMES, device, extraction.preprocessing,
        extraction.precision,
    )  # fmt: skip
    frozen = freeze(ready.encoder, ready.compute)
    trained, means = read_predictors(predictors, spec.predictors, frozen, ready.metadata)
    moment("loaded")
    identity = {
        **ready.metadata,
        **dataset.metadata(),
        "clip_ids": [str(clip) for clip in own["clip_id"]],
    }
    return Movies(ready, frozen, trained, means, Path(root), own, identity, extraction.batch_size)


def score_movies(spec: InsideSpec, movies: Movies, output: Path | str) -> None:
    """Write what ``spec`` finds in ``movies``, and all that tells whose it is.

    Raises:
        ArtifactError: a movie is damaged, surprise is not finite, or the disk is full.
        ConfigError: movies are too short.
    """
    found = measure(spec, movies)
    grid = movies.ready.grid
    tokens = {"tubelets": grid.tubelets, "rows": grid.rows, "columns": grid.columns}
    known = {**movies.identity, **found.known, "kind": spec.kind, "grid": tokens}
    write_table(output, found.table, known)
