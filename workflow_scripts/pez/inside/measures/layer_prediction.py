"""Surprise of every movie by predictors on several states: one row per movie and predictor."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from pez.inside.kinds.layer_prediction import Section
from pez.inside.movies import Movies
from pez.inside.network import Measured
from pez.inside.prediction.losses import Key, Predict, token_errors
from pez.inside.prediction.predictor import predictor_rotary
from pez.inside.prediction.surprise import differing, movie_surprise, partners
from pez.inside.prediction.train import Which
from pez.inside.prediction.windows import Windows, cut_windows
from pez.inside.spec import InsideSpec
from pez.runtime.errors import ArtifactError
from pez.runtime.moments import moment
from pez.runtime.progress import progress


def measure(spec: InsideSpec, movies: Movies) -> Measured:
    """Score all movies of one network, scene by scene.

    Returns:
        Columns ``clip_id``, ``condition``, ``block``, ``pair`` and ``possible`` of the movie;
        ``predictor``, ``reading``, ``state``, ``context`` (frames) and ``tokens``
        (`pez.inside.prediction.names`); ``surprise``. Beside them, ``states``, and how many
        ``windows`` a movie has and how many ``distinct`` ones were computed in all.

    Raises:
        ArtifactError: a movie is damaged, or surprise is not finite.
        ConfigError: movies are too short.
    """
    assert isinstance(spec, Section)
    predict = _callable(spec, movies)
    parts, distinct, each = [], 0, 0
    scenes = movies.labels.groupby("condition")
    for _, scene in progress(scenes, str(movies.identity["model"]), len(scenes), "scene"):
        frames = np.stack([movies.frames(row) for row in scene.to_dict("records")])
        windows = cut_windows(frames, spec.frame_step, spec.window_stride)
        distinct, each = distinct + len(windows.frames), windows.of.shape[1]
        errors, differ = _errors(spec, movies, predict, windows, scene)
        parts += [
            scene[["clip_id", "condition", "block", "pair", "possible"]].assign(
                **key._asdict(), tokens=tokens, surprise=found
            )
            for key, tokens, found in movie_surprise(errors, windows, differ)
        ]
    moment("computed")
    table = pd.concat(parts, ignore_index=True)
    if not np.isfinite(table["surprise"]).all():
        raise ArtifactError(
            f"surprise of {movies.identity['model']} has NaN or infinite values: set "
            "extraction.precision to fp32; if they remain, delete the model's weights and its "
            "predictors and run again."
        )
    names = ["clip_id", "block", "predictor", "reading", "tokens"]
    table = table.astype(dict.fromkeys(names, "category"))
    known = {"states": sorted(movies.means), "windows": each, "distinct": distinct}
    return Measured(table, known)


def _callable(spec: Section, movies: Movies) -> dict[Which, Predict]:
    """The predictors as functions of a context and the number of all tokens."""
    rotary = predictor_rotary(
        spec.predictors.shape, movies.frozen.encoder.spec, movies.frozen.compute
    )

    def function(which: Which) -> Predict:
        predictor = movies.predictors[which]
        return lambda context, tokens: predictor(context, tokens, rotary)

    return {which: function(which) for which in movies.predictors}


def _errors(
    spec: Section,
    movies: Movies,
    predict: Mapping[Which, Predict],
    windows: Windows,
    scene: pd.DataFrame,
) -> tuple[dict[Key, NDArray[np.float32]], NDArray[np.bool_]]:
    """Errors of the distinct windows of a scene, and tokens in which movies of a pair differ."""
    parts, seen = [], []
    with movies.frozen.compute.autocast(), torch.inference_mode():
        for first in range(0, len(windows.frames), movies.batch_size):
            pixels = movies.ready.pixels(windows.frames[first : first + movies.batch_size])
            contexts = spec.predictors.contexts
            parts.append(token_errors(movies.frozen, predict, movies.means, pixels, contexts))
            seen.append(pixels)
        patch = movies.frozen.encoder.spec.patch_size
        others = partners(scene["pair"].tolist())
        differ = differing(windows, others, torch.cat(seen), patch)
        errors = {key: torch.cat([part[key] for part in parts]).cpu().numpy() for key in parts[0]}
    return errors, differ
