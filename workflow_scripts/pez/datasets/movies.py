"""What both sources of possible and impossible movies have in common (layout of IntPhys)."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Self, TypeVar

from pydantic import Field, model_validator

from pez.datasets.source import Column, Entry, Frames, Source
from pez.intphys.spec import BLOCKS, MOVIES, SamplingSpec


class MoviesEntry(Entry):
    """Which frames make a clip, and how many clips make a shard."""

    sampling: SamplingSpec = SamplingSpec()
    shard_size: int = Field(
        40, ge=MOVIES, multiple_of=MOVIES, description="clips in one shard file; whole scenes"
    )
    scenes: int = Field(20, ge=1, le=99, description="of each block; four movies a scene")
    frames: int = Field(32, ge=2, description="of a movie")

    @model_validator(mode="after")
    def _enough_frames(self) -> Self:
        if self.sampling.frames > self.frames:
            raise ValueError(
                f"sampling.frames = {self.sampling.frames}: the movies have only {self.frames} "
                "frames (frames)"
            )
        return self


AMoviesEntry = TypeVar("AMoviesEntry", bound=MoviesEntry)


class Movies(Source[AMoviesEntry]):
    """Scenes of two possible and two impossible movies in the blocks O1, O2, O3."""

    place: ClassVar[str] = "intphys"
    target: ClassVar[str] = "intphys"
    labels_rule, clips_rule, preview_rule = "sample_intphys", "sample_intphys", "preview_intphys"

    @property
    @abstractmethod
    def root(self) -> str:
        """Folder of the movies: it holds O1, O2 and O3."""

    @property
    @abstractmethod
    def movie_files(self) -> list[str]:
        """What stands for the movies among a rule's inputs."""

    @property
    @abstractmethod
    def movie_jobs(self) -> list[tuple[str, str]]:
        """Jobs that make the movies; none where they are there already."""

    @property
    def places(self) -> list[tuple[str, int]]:
        """Block and number of every scene."""
        return [(block, scene) for block in BLOCKS for scene in range(1, self.entry.scenes + 1)]

    @property
    def kind(self) -> str:
        """See `Source`."""
        return "plausibility"

    @property
    def varies(self) -> str:
        """See `Source`."""
        return "movies are possible or impossible"

    @property
    def count(self) -> int:
        """See `Source`: one clip a movie."""
        return len(BLOCKS) * self.entry.scenes * MOVIES

    @property
    def shard_size(self) -> int:
        """See `Source`."""
        return self.entry.shard_size

    @property
    def columns(self) -> tuple[Column, ...]:
        """See `Source`; as `pez.intphys.sample.sample_movies` writes them."""
        return (
            Column("block", "category", "", len(BLOCKS)),
            Column("scene", "category", "", self.entry.scenes),
            Column("movie", "category", "", MOVIES),
            Column("possible", "category", "", 2),
            Column("frames", "number", "frames"),
            Column("breakpoint", "number", "frames"),
            Column("pair", "category", "", MOVIES // 2),
        )

    @property
    def groupings(self) -> Mapping[str, int]:
        """See `Source`."""
        return {"scene": len(self.places)}

    def origin(self, renderer: str, samples: int | None) -> Frames:
        """See `Source.frames`."""
        return Frames(renderer, samples, self.entry.sampling.model_dump(mode="json"))

    def clip_jobs(self, shards: Sequence[int]) -> list[tuple[str, str]]:
        """See `Source`: one job cuts them all."""
        return [(self.clips_rule, self.name)]

    @property
    def jobs(self) -> list[tuple[str, str]]:
        """See `Source`."""
        return [*self.movie_jobs, ("index_intphys", self.name), (self.clips_rule, self.name)]
