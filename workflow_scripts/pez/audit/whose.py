"""Whether files of the audit are whose their names say, and of one set."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pez.runtime.identity import Identity, agree, expect

# What files of one dataset have in common, and what those of encoders do.
_OF_DATASET = ("source", "labels", "clip_ids")
_OF_ENCODERS = ("precision", "preprocessing")


class Set:
    """Files ``{network}.{dataset}....`` that are read together."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, ...], tuple[Path, Identity]] = {}

    def check(self, path: Path, metadata: Mapping[str, Any]) -> None:
        """Compare what a file says of itself with its name, and with the files before it.

        Raises:
            ArtifactError: it is of another network or dataset, or of other clips, labels,
                precision or preprocessing than another file of the set.
        """
        network, dataset = path.name.split(".")[:2]
        found = Identity.read(path, metadata)
        expect(path, found, Identity(model=network, dataset=dataset))
        self._compare(("dataset", dataset), _OF_DATASET, path, found)
        if found.weights_checksum is not None:
            self._compare(("encoders",), _OF_ENCODERS, path, found)

    def _compare(
        self, group: tuple[str, ...], fields: tuple[str, ...], path: Path, found: Identity
    ) -> None:
        other, before = self._first.setdefault(group, (path, found))
        agree(fields, path, found, other, before)
