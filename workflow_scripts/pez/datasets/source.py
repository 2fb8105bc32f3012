"""What a source says of a dataset; planning, checks and captions know datasets by this alone."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pez.clips.spec import ClipsConfig
from pez.recipes.kinds import TARGETS
from pez.runtime.schema import Schema

Kind = Literal["number", "category"]
MOST_SHARDS = 1000  # shards have three digits in their names


class Entry(Schema):
    """An entry under ``datasets``; every source derives its own, with its name in ``source``."""


@dataclass(frozen=True)
class Column:
    """A label of every clip, a column of ``labels.parquet``.

    Attributes:
        name: of the column.
        kind: ``number``: to be regressed on; ``category``: text, a truth value or a code.
        unit: of a number, in words for axes; empty for none.
        most: upper bound on the number of distinct values; None where only the clips bound it.
    """

    name: str
    kind: Kind
    unit: str = ""
    most: int | None = None


@dataclass(frozen=True)
class Frames:
    """Where the frames of clips come from, for captions and verdicts.

    Attributes:
        renderer: a renderer, or other words for the origin.
        samples: rendered samples per pixel; None where nobody rendered.
        sampling: which frames of a movie make a clip, as plain data; None where a movie is a clip.
    """

    renderer: str
    samples: int | None = None
    sampling: Mapping[str, Any] | None = None


AnEntry = TypeVar("AnEntry", bound=Entry)


@dataclass(frozen=True)
class Source(ABC, Generic[AnEntry]):
    """One dataset.

    Attributes:
        name: its key under ``datasets``.
        entry: what stands there.
        clips: section ``clips``, what rendered datasets have in common.
        out: folder in which everything is built.
    """

    name: str
    entry: AnEntry
    clips: ClipsConfig
    out: str

    entry_type: ClassVar[type[Entry]]
    place: ClassVar[str]  # folder of the source's datasets, in `out`
    target: ClassVar[str]  # of the workflow, that builds all datasets of the source
    labels_rule: ClassVar[str]  # rules that write labels, clip shards and previews
    clips_rule: ClassVar[str]
    preview_rule: ClassVar[str]

    @property
    def has_trajectories(self) -> bool:
        """Whether ``trajectories.parquet`` says where its ball is."""
        return False

    @property
    def has_objects(self) -> bool:
        """Whether ``objects.parquet`` says where each of several objects is."""
        return False

    @property
    def key(self) -> str:
        """The key of the configuration, for messages."""
        return f"datasets.{self.name}"

    @property
    def is_there(self) -> bool:
        """Whether the configuration says where the dataset comes from; one may stand unused."""
        return True

    def problem(self) -> str | None:
        """Say what keeps the dataset from being built, if anything does: key, value and cure.

        Asked only when something needs the dataset.
        """
        if self.shards <= MOST_SHARDS:
            return None
        return (
            f"{self.key}: {self.count} clips make {self.shards} shards, and at most "
            f"{MOST_SHARDS} have names of three digits: raise {self.shard_size_key} "
            f"(now {self.shard_size})"
        )

    def contradictions(self) -> Iterable[str]:
        """Yield what of the entry does not go together, as far as the entry alone does not tell."""
        return ()

    @property
    @abstractmethod
    def kind(self) -> str:
        """What varies in it, as `pez.recipes.kinds.TARGETS` has it."""

    @property
    @abstractmethod
    def varies(self) -> str:
        """The same in words, to follow 'in which'."""

    @property
    @abstractmethod
    def count(self) -> int:
        """Number of clips."""

    @property
    @abstractmethod
    def shard_size(self) -> int:
        """Clips in a shard."""

    @property
    def shard_size_key(self) -> str:
        """Key of the configuration that says so."""
        return f"{self.key}.shard_size"

    @property
    def shards(self) -> int:
        """Number of shard files."""
        return -(-self.count // self.shard_size)

    @property
    @abstractmethod
    def columns(self) -> Sequence[Column]:
        """Every label, beside clip_id and dataset."""

    @property
    @abstractmethod
    def groupings(self) -> Mapping[str, int]:
        """Groupings that make sense by name, and how many groups each makes at most."""

    @property
    @abstractmethod
    def frames(self) -> Frames:
        """Where its frames come from."""

    @cached_property
    def targets(self) -> list[str]:
        """Names of the targets that can be read from it."""
        return [name for name, info in TARGETS.items() if self.kind in info.kinds]

    def column(self, name: str) -> Column | None:
        """Return the label called ``name``, or None."""
        return next((column for column in self.columns if column.name == name), None)

    def most_groups(self, columns: Sequence[str]) -> int:
        """Return the most groups that clips with equal values of the label ``columns`` form."""
        bounds = [found.most for name in columns if (found := self.column(name))]
        known = [self.count if bound is None else bound for bound in bounds]
        return min(prod(known), self.count)

    def file(self, name: str) -> str:
        """Path of a file of the dataset."""
        return f"{self.out}/{self.place}/{self.name}/{name}"

    @property
    def labels(self) -> str:
        """Path of its labels."""
        return self.file("labels.parquet")

    @property
    def clip_list(self) -> str:
        """Path of a table whose metadata say which clips there are, for the extraction."""
        return self.labels

    @property
    def shard_files(self) -> list[str]:
        """Paths of its clip shards."""
        return [self.file(f"shard_{shard:03d}.safetensors") for shard in range(self.shards)]

    def clip_jobs(self, shards: Sequence[int]) -> list[tuple[str, str]]:
        """Jobs that write the clip ``shards``, as (rule, name of the job's note and benchmark)."""
        return [(self.clips_rule, f"{self.name}.{shard:03d}") for shard in shards]

    @property
    @abstractmethod
    def jobs(self) -> list[tuple[str, str]]:
        """Every job that makes the clips, in the same form."""
