"""Clips of people's own: a folder of videos, or of folders of pictures, and a table of labels."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

from pez.datasets.source import Column, Entry, Frames, Source
from pez.own_clips.files import ClipFiles, find_clips
from pez.own_clips.labels import LabelTable, labels_path, read_labels
from pez.own_clips.spec import FolderSpec
from pez.runtime.errors import ArtifactError


class FolderEntry(FolderSpec, Entry):
    """A folder of clips and its labels."""

    source: Literal["folder"]


class Folder(Source[FolderEntry]):
    """A dataset of people's own clips."""

    entry_type = FolderEntry
    place: ClassVar[str] = "clips/folder"
    target: ClassVar[str] = "clips"
    labels_rule, clips_rule, preview_rule = "label_folder", "decode_folder", "preview_folder"

    @property
    def is_there(self) -> bool:
        """See `Source`."""
        return self.entry.root is not None

    def problem(self) -> str | None:
        """See `Source`."""
        if self.entry.root is None or not Path(self.entry.root).is_dir():
            return f"{self.key}.root = {self.entry.root!r} is no folder: name that of the clips"
        if self._problem_of_labels:
            return f"{self.key}.{self._problem_of_labels}"
        if not self.count:
            return f"{self.key}.root = {self.entry.root!r} holds no clips (see docs/own_clips.md)"
        return super().problem()

    @cached_property
    def spec(self) -> FolderSpec:
        """What the source's scripts are given."""
        known = dict(self.entry)
        return FolderSpec.model_validate({name: known[name] for name in FolderSpec.model_fields})

    @cached_property
    def files(self) -> list[ClipFiles]:
        """What lies in the folder."""
        return [] if self.entry.root is None else find_clips(self.entry.root)

    @property
    def labels_file(self) -> Path:
        """The table of labels as it is given."""
        return labels_path(self.spec)

    @cached_property
    def _table(self) -> LabelTable | str:
        if self.entry.root is None:
            return "root is null"
        try:
            return read_labels(self.spec)
        except ArtifactError as error:
            return str(error)

    @property
    def _problem_of_labels(self) -> str | None:
        return self._table if isinstance(self._table, str) else None

    @property
    def kind(self) -> str:
        """See `Source`."""
        return "own"

    @property
    def varies(self) -> str:
        """See `Source`."""
        names = ", ".join(column.name for column in self.columns) or "nothing"
        return f"labels are {names}"

    @property
    def count(self) -> int:
        """See `Source`."""
        return len(self.files)

    @property
    def shard_size(self) -> int:
        """See `Source`."""
        return self.entry.shard_size

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """See `Source`: those of the table of labels."""
        table = self._table
        if isinstance(table, str):
            return ()
        stated = self.entry.columns
        return tuple(
            Column(
                name,
                table.kind(name, stated),
                stated[name].unit if name in stated else "",
                len(set(values)),
            )
            for name, values in table.columns.items()
        )

    @property
    def groupings(self) -> Mapping[str, int]:
        """See `Source`."""
        return {"video": self.count}

    @property
    def frames(self) -> Frames:
        """See `Source`."""
        spaced = {1: "consecutive", "uniform": "evenly spaced"}
        stride = spaced.get(self.entry.stride, f"every {self.entry.stride} frames")
        size = "" if self.entry.resize is None else f", {self.entry.resize} pixels"
        return Frames(f"own clips of {self.entry.frames} frames, {stride}{size}")

    @property
    def clip_list(self) -> str:
        """See `Source`: new labels are no new clips."""
        return self.file("index.parquet")

    @property
    def jobs(self) -> list[tuple[str, str]]:
        """See `Source`."""
        first = [("index_folder", self.name), (self.labels_rule, self.name)]
        return [*first, *self.clip_jobs(range(self.shards))]


SOURCE = Folder
