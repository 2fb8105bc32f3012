"""Whether feature files are what a probe asks for: their headers, before any of them is read."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from pez.features.paths import TENSOR, FeatureKey, parse_feature_path
from pez.runtime.checksum import checksum
from pez.runtime.errors import ArtifactError
from pez.runtime.identity import Identity, agree, expect
from pez.runtime.tensor_file import read_header, stored_checksum

# What all features of a probe have in common beside their dataset and model.
COMMON = ("precision", "preprocessing", "input_size")


def check_features(paths: Sequence[Path | str], wanted: Identity) -> Identity:
    """Check that ``paths`` are the features of one model on all clips of one dataset.

    Args:
        paths: as named by `pez.features.paths.feature_path`: of every view and stream all shards.
        wanted: model, weights_checksum, what a control replaced, and what the dataset's labels
            say.

    Returns:
        What they have in common, and one checksum for all of them.

    Raises:
        ArtifactError: a file is damaged, or of another model, dataset, stream or shard than its
            path says, was made with other weights or from other clips than ``wanted``, or differs
            from another one in precision or preprocessing; the message names files and values.
    """
    dataset = {"dataset", "frame_shape", "source"} & wanted.model_fields_set
    given = wanted.part({"model", "weights_checksum", "replaced", *dataset})
    of_stream: dict[tuple[str, int], list[FeatureKey]] = defaultdict(list)
    clips: dict[FeatureKey, list[str]] = {}
    first: tuple[Path | str, Identity] | None = None
    for path in paths:
        key = parse_feature_path(path)
        entries, metadata, _ = read_header(path)
        found = Identity.read(path, metadata)
        expect(path, found, Identity(**given, view=key.view, stream=key.stream, shard=key.shard))
        first = first or (path, found)
        agree(COMMON, path, found, *first)
        held = found.clip_ids or []
        if TENSOR not in entries or entries[TENSOR]["shape"][:1] != [len(held)]:
            raise ArtifactError(
                f"{path} names {len(held)} clips, and holds features of another number: delete it "
                "and run again."
            )
        of_stream[key.view, key.stream].append(key)
        clips[key] = held
    assert first is not None and wanted.clip_ids is not None
    for keys in of_stream.values():
        together = [clip for key in sorted(keys) for clip in clips[key]]
        where = Path(paths[0]).parents[1] / keys[0].view
        expect(where, Identity(clip_ids=together), Identity(clip_ids=wanted.clip_ids))
    common = first[1].part({*COMMON, "model", "weights_checksum", "replaced"})
    every = "".join(str(stored_checksum(path)) for path in paths)
    return Identity(**common, features=checksum(every.encode()))
