"""A dataset as its readers know it: the labels say which clips there are and what they are made of.

Shards and features carry the same, so that a file of another dataset, of other clips, or made from
other trajectories or movies is refused under whatever name it lies.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from pez.clips.store import open_clips
from pez.runtime.errors import ArtifactError
from pez.runtime.identity import CURE, Identity, expect
from pez.runtime.table_metadata import CHECKSUM, table_metadata
from pez.runtime.tensor_file import check_data

_NUMBER = re.compile(r"^shard_(\d{3,})$")


def dataset_identity(labels: Path | str, dataset: str) -> Identity:
    """Return what the table ``labels`` says of ``dataset``, without reading its rows.

    Raises:
        ArtifactError: the file is missing or damaged, of another dataset, or does not say of which.
    """
    metadata = table_metadata(labels)
    found = Identity.read(labels, metadata)
    expect(labels, found, Identity(dataset=dataset))
    stated = dict(found)
    for field in ("clip_ids", "frame_shape", "source"):
        if stated[field] is None:
            raise ArtifactError(f"{labels} does not state its {field}. {CURE}")
    return Identity(**{**found.metadata(), "labels": metadata[CHECKSUM]})


def clips_identity(paths: Sequence[Path | str], dataset: Identity) -> Identity:
    """Check clip shards that follow one another against their dataset.

    Args:
        paths: shards, named ``shard_{number}``.
        dataset: as `dataset_identity` returns it.

    Returns:
        Dataset, clip ids, size and source of all of them.

    Raises:
        ArtifactError: a shard is damaged, of another dataset, another one under this name, made
            from something else, or holds other clips than the labels name in its place.
    """
    assert dataset.clip_ids is not None and dataset.frame_shape is not None
    together: list[str] = []
    start = None
    for path in paths:
        frames, height, width = dataset.frame_shape
        shard = open_clips(path, frame_shape=(frames, height, width))
        found = Identity.read(path, shard.metadata)
        number = _NUMBER.match(Path(path).stem)
        wanted = Identity(
            dataset=dataset.dataset,
            frame_shape=dataset.frame_shape,
            source=dataset.source,
            shard=int(number[1]) if number else None,
        )
        expect(path, found, wanted, "by the labels of the dataset, and the shard's name")
        start = shard.first_clip if start is None else start
        first = start + len(together)
        named = dataset.clip_ids[first : first + len(shard.clip_ids)]
        expect(path, found, Identity(clip_ids=named), "by the labels of the dataset")
        together += shard.clip_ids
    return Identity(
        dataset=dataset.dataset,
        clip_ids=together,
        frame_shape=dataset.frame_shape,
        source=dataset.source,
    )


def checksums(paths: Sequence[Path | str]) -> list[str]:
    """Checksums of the data of the files ``paths``."""
    return [check_data(path) for path in paths]
