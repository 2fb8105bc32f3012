"""A network and the clips that a measurement looks at, opened and compared before anything runs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from pez.clips.dataset import checksums, clips_identity, dataset_identity
from pez.clips.labels import TRAJECTORY_COLUMNS
from pez.clips.spec import SceneSpec
from pez.clips.trajectories import read_trajectories
from pez.encoders.ready import ReadyEncoder, open_encoder
from pez.encoders.spec import EncoderSpec
from pez.features.batches import Clips, in_batches
from pez.features.frames import ReplaceClips, open_shard, shapes_of
from pez.features.spec import ExtractionSpec
from pez.inside.choose import choose_clips
from pez.inside.spec import InsideSpec
from pez.runtime.errors import ArtifactError
from pez.runtime.identity import Identity, expect
from pez.runtime.moments import moment
from pez.runtime.progress import progress
from pez.runtime.tables import read_table

T = TypeVar("T")


@dataclass(frozen=True)
class Measured:
    """What a measurement found in a network.

    Attributes:
        table: its rows, with the columns `pez.inside.tables.CLIP_COLUMNS` where they are of clips.
        known: what the file says beside them (JSON-able).
    """

    table: pd.DataFrame
    known: Mapping[str, Any]


@dataclass(frozen=True)
class Network:
    """A network ready to be looked into, and its clips.

    Attributes:
        ready: the encoder, its grid of tokens, device and precision.
        labels: of the chosen clips, one row each in the dataset's order, with their ``condition``.
        identity: whose clips and weights they are, for the metadata of what is measured.
        shards: some of the chosen clips each, in order.
        batch_size: clips of a forward pass.
        trajectories: rows of the chosen clips, all columns, clip by clip and frame by frame in
            the order that the network sees; None where the measurement does not ask for them.
        scene: that they are of; None likewise.
        objects: table of where each of several objects is, for measurements that ask.
    """

    ready: ReadyEncoder
    labels: pd.DataFrame
    identity: Mapping[str, Any]
    shards: Sequence[Callable[[], Clips]]
    batch_size: int
    trajectories: pd.DataFrame | None = None
    scene: SceneSpec | None = None
    objects: Path | str | None = None

    @property
    def blocks(self) -> int:
        """Number of blocks L."""
        return len(self.ready.encoder.layer)

    def not_finite(self, where: str, clip: int | None = None) -> str:
        """Say what is wrong ``where`` in the network, such as "residual state 3", and the cure.

        Args:
            where: what has values that are no numbers.
            clip: row of `labels` that it was seen on, where one is known.
        """
        on = "" if clip is None else f" on clip {self.labels['clip_id'][clip]}"
        return (
            f"{where} of {self.identity['model']}{on} has NaN or infinite values: set "
            "extraction.precision to fp32; if they remain, the model's weights are damaged: delete "
            "its file in checkpoints/ and run again."
        )

    def batches(self, run: Callable[[Tensor], T]) -> Iterator[tuple[slice, T]]:
        """Run every clip once, in order, as many at a time as memory takes.

        Args:
            run: called without gradients, in the network's precision, with pixels float32
                [clips, T, 3, size, size] on the device.

        Yields:
            Rows of `labels` that the batch is of, and what ``run`` returned.

        Raises:
            ArtifactError: a clip shard is damaged.
            PezError: memory is too small for a single clip.
        """

        def inside(clips: NDArray[np.uint8]) -> T:
            with self.ready.compute.autocast(), torch.inference_mode():
                return run(self.ready.pixels(clips))

        total, place, first, last = len(self.labels), 0, 0, 0
        opened = (shard() for shard in self.shards)
        with progress(None, str(self.identity["model"]), total=total, unit="clip") as bar:
            for shard, rows, found in in_batches(opened, inside, self.batch_size):
                if shard != place:
                    first, place = first + last, shard
                last = rows.stop
                yield slice(first + rows.start, first + rows.stop), found
                bar.update(rows.stop - rows.start)
        moment("computed")

    def numbered_batches(self, run: Callable[[slice, Tensor], T]) -> Iterator[tuple[slice, T]]:
        """As `batches`; ``run`` is also told the rows of `labels` that its clips are."""
        done = 0

        def numbered(pixels: Tensor) -> T:
            return run(slice(done, done + len(pixels)), pixels)

        for rows, found in self.batches(numbered):
            yield rows, found
            done = rows.stop


class ChosenClips:
    """Some clips of a shard; read as an array of their frames is.

    Attributes:
        shape: (n, T, H, W, 3).
    """

    def __init__(self, clips: Clips, rows: NDArray[np.int64]) -> None:
        self._clips, self._rows = clips, rows
        self.shape = (len(rows), *clips.shape[1:])

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: slice, /) -> NDArray[np.uint8]:
        return np.concatenate([self._clips[row : row + 1] for row in self._rows[rows]])


def open_network(
    clips: Sequence[Path | str],
    labels: Path | str,
    checkpoint: Path | str,
    model: str,
    encoder_spec: EncoderSpec,
    extraction: ExtractionSpec,
    spec: InsideSpec,
    device: str,
    replaced: str | None = None,
    replace_clips: ReplaceClips | None = None,
    trajectories: Path | str | None = None,
    scene: Mapping[str, Any] | None = None,
    objects: Path | str | None = None,
) -> Network:
    """Open a network and the clips that ``spec`` takes of its dataset.

    Args:
        clips: every clip shard of the dataset in order.
        labels: its labels.
        checkpoint: encoder file (see `pez.encoders.load.load_encoder`).
        model: under which name the network is known, for the metadata.
        encoder_spec: its architecture and the origin of its weights.
        extraction: preprocessing, batch size and precision.
        spec: the measurement.
        device: "cpu" or "cuda".
        replaced: what a control puts in place of the clips, for the metadata; None for nothing.
        replace_clips: gives what is read in place of the frames of a shard and the clips so named.
        trajectories: table of the dataset's, for a measurement that asks where the ball is.
        scene: of the dataset, for the same.
        objects: table of where each of several objects is, where the measurement asks.

    Raises:
        ArtifactError: an input is damaged or does not fit, or the labels lack conditions.
    """
    dataset = dataset_identity(labels, spec.dataset)
    table = read_table(labels, ["clip_id"])
    rows = Identity(clip_ids=[str(clip) for clip in table["clip_id"]])
    expect(labels, rows, Identity(clip_ids=dataset.clip_ids), "by the table's own list of clips")
    own = choose_clips(table, spec.clips_per_condition, spec.clip_groups)
    chosen = own.index.to_numpy()
    lengths, frames = shapes_of(clips)
    first = np.concatenate([[0], np.cumsum(lengths)])
    taken = {}
    for number, path in enumerate(clips):
        there = chosen[(chosen >= first[number]) & (chosen < first[number + 1])]
        if len(there):
            taken[path] = there - first[number]
    found = [clips_identity([path], dataset) for path in taken]
    ready = open_encoder(
        checkpoint, model, encoder_spec, frames, device, extraction.preprocessing,
        extraction.precision,
    )  # fmt: skip
    moment("loaded")
    whose = {**found[0].metadata(), "clip_ids": [str(clip) for clip in own["clip_id"]]}
    identity = {
        **ready.metadata,
        **whose,
        "labels": dataset.labels,
        "clips": [Path(path).name for path in taken],
        "clips_checksums": checksums(list(taken)),
        **({} if replaced is None else {"replaced": replaced}),
    }
    shards = [_opener(replace_clips, path, rows) for path, rows in taken.items()]
    asked: dict[str, Any] = {"objects": objects}
    if trajectories is not None:
        names = [str(clip) for clip in own["clip_id"]]
        asked["trajectories"] = _places(trajectories, dataset, names, replace_clips)
        asked["scene"] = SceneSpec.model_validate(scene)
    own = own.reset_index(drop=True)
    return Network(ready, own, identity, shards, extraction.batch_size, **asked)


def _places(
    path: Path | str, dataset: Identity, clips: Sequence[str], replace_clips: ReplaceClips | None
) -> pd.DataFrame:
    """Rows of ``clips``, in the order of frames that the network sees."""
    every = read_trajectories(path, dataset, TRAJECTORY_COLUMNS[2:])
    own = every[every["clip_id"].isin(clips)].reset_index(drop=True)
    frames = (dataset.frame_shape or [0])[0]
    if len(own) != len(clips) * frames or own.isna().any(axis=None):
        raise ArtifactError(
            f"{path} does not hold every frame of every clip: delete it and run again."
        )
    if replace_clips is None:
        return own
    # What reorders the frames of a clip reorders where the ball is.
    rows: Any = np.arange(len(own)).reshape(len(clips), frames)
    return own.iloc[replace_clips(rows, clips)[:].ravel()].reset_index(drop=True)


def _opener(
    replace_clips: ReplaceClips | None, path: Path | str, rows: NDArray[np.int64]
) -> Callable[[], Clips]:
    return lambda: ChosenClips(open_shard(replace_clips, path), rows)
