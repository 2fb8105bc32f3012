"""The public development movies of IntPhys, where they are there."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from pez.datasets.movies import Movies, MoviesEntry
from pez.datasets.source import Frames
from pez.intphys.spec import DEV_FRAMES, DEV_SCENES, PUBLISHED_FRAMES


class IntphysEntry(MoviesEntry):
    """Movies of the public release."""

    source: Literal["intphys"]
    root: str | None = Field(
        None, description="folder dev of the public release (holds O1, O2, O3); null: not there"
    )
    scenes: int = Field(DEV_SCENES, ge=1, le=99, description="of each block; four movies a scene")
    frames: int = Field(DEV_FRAMES, ge=2, description="of a movie")


class Intphys(Movies[IntphysEntry]):
    """A dataset of published movies."""

    entry_type = IntphysEntry

    @property
    def is_there(self) -> bool:
        """See `Source`."""
        return self.entry.root is not None

    def problem(self) -> str | None:
        """See `Source`."""
        if self.entry.root is None or not Path(self.entry.root).is_dir():
            return (
                f"{self.key}.root = {self.entry.root!r} is not a folder. Set it to the folder of "
                "the public IntPhys development set that holds O1, O2 and O3 (docs/checkpoints.md)."
            )
        return super().problem()

    @property
    def root(self) -> str:
        """See `Movies`."""
        return str(self.entry.root)

    @property
    def movie_files(self) -> list[str]:
        """See `Movies`: the labels, because 36,000 pictures as inputs would take Snakemake longer
        than the check of every one of them. Labels that are missing are left to that check, which
        names them with all else that is wrong."""
        return sorted(map(str, Path(self.root).glob("O[123]/*/*/status.json")))

    @property
    def movie_jobs(self) -> list[tuple[str, str]]:
        """See `Movies`."""
        return []

    @property
    def frames(self) -> Frames:
        """See `Source`."""
        return self.origin(PUBLISHED_FRAMES, None)


SOURCE = Intphys
