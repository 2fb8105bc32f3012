"""What probes of single patches and of halves read in one network: one row per clip and reading."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from pez.inside.kinds.patch_probes import Section
from pez.inside.network import Measured, Network
from pez.inside.patches.kept import REGIONS, WHOLE, Kept
from pez.inside.patches.reading import Probing, Transfer, read_apart, read_clips, read_regions
from pez.inside.patches.rows import (
    BY_PATH,
    BY_START,
    NO_STATE,
    PATCH,
    PIXELS,
    POOLED,
    TOKENS,
    half_rows,
    joined,
    patch_rows,
    track_rows,
)
from pez.inside.patches.track import HALVES, Track, track_of
from pez.inside.spec import InsideSpec
from pez.recipes.splits import group_k_fold
from pez.recipes.targets import target_values
from pez.runtime.errors import ArtifactError, PezError
from pez.runtime.progress import progress

_PART_BYTES = {"cpu": 2**25, "cuda": 2**29}  # of the features of some patches, float64


def measure(spec: InsideSpec, network: Network) -> Measured:
    """Measure one network.

    Returns:
        Columns as in `pez.inside.patches.rows`: answers (``sin``, ``cos``) out of fold about the
        direction of every clip, ``direction_rad``. ``read``: by a probe for each ``patch`` of the
        stream, of the patch's own pixels, or of how much of it the ball covers in every frame (the
        last two have `NO_STATE`, and the last also ``distance`` from patch to path, patches, and
        the share of frames in which the ball ``touched`` it); by a probe of all tokens; by probes
        of a half, from ``source`` to ``target``.

    Raises:
        ArtifactError: a feature is not finite.
        PezError: frames are cropped on their way to the encoder.
    """
    assert isinstance(spec, Section)
    track = _track(network)
    kept = Kept(len(network.labels), network.ready.grid)
    for clips, found in network.batches(lambda pixels: kept.run(network.ready.encoder, pixels)):
        kept.take(clips, found)
    _check(kept, network)
    return Measured(joined(_rows(kept, track, _probing(spec, network), network)), {})


def _track(network: Network) -> Track:
    if network.identity["preprocessing"] != "resize":
        raise PezError(
            f"extraction.preprocessing = {network.identity['preprocessing']!r} crops frames, and a "
            "patch is to be compared with the place of the ball: set it to resize."
        )
    assert network.trajectories is not None
    side = network.identity["frame_shape"][1]
    return track_of(network.trajectories, len(network.labels), side, network.ready.grid)


def _check(kept: Kept, network: Network) -> None:
    for state in kept.states:
        if not kept.is_finite(state):
            raise ArtifactError(
                f"state {state} of {network.identity['model']} has NaN or infinite values, or "
                "some beyond half precision: set extraction.precision to fp32; if they remain, "
                "the model's weights are damaged: delete its file in checkpoints/ and run again."
            )


def _probing(spec: Section, network: Network) -> Probing:
    conditions = network.labels["condition"].to_numpy()
    return Probing(
        targets=target_values(network.labels, "direction_sincos"),
        conditions=conditions,
        splits=group_k_fold(np.arange(len(conditions)), conditions, spec.folds, spec.fold_seed),
        alphas=spec.alphas,
        count=spec.folds,
        seed=spec.fold_seed,
        device=network.ready.compute.device,
    )


def _rows(kept: Kept, track: Track, probing: Probing, network: Network) -> Iterator[pd.DataFrame]:
    labels = network.labels
    cover = torch.from_numpy(track.cover).permute(2, 0, 1)  # [P, n, T]
    yield track_rows(read_apart([cover], probing), track, labels)
    yield patch_rows(PIXELS, NO_STATE, read_apart(kept.pixels(), probing), labels)
    every = slice(None)
    sides = {
        BY_PATH: {side: track.on_side(side, every) for side in HALVES},
        BY_START: {side: track.on_side(side, slice(1)) for side in HALVES},
    }
    size = _PART_BYTES[probing.device.type]
    for state in progress(kept.states, "probes", unit="state"):
        yield patch_rows(PATCH, state, read_apart(kept.patches(state, size), probing), labels)
        regions = kept.regions(state)
        pooled, halves = read_regions(regions, probing)
        yield half_rows(POOLED, state, pooled, labels)
        yield from (_transfer(TOKENS, state, one, labels) for one in halves)
        whole = regions[REGIONS.index(WHOLE)]
        for read, clips in sides.items():
            for one in read_clips(whole, clips, probing):
                yield _transfer(read, state, one, labels)


def _transfer(read: str, state: int, one: Transfer, labels: pd.DataFrame) -> pd.DataFrame:
    where = {"source": one.source, "target": one.target, "reading": one.reading}
    return half_rows(read, state, one.answers, labels, one.clips, **where)
