"""What the configuration says of a folder of clips."""

from typing import Literal

from pydantic import Field

from pez.runtime.schema import Schema


class LabelSpec(Schema):
    """One column of the table of labels; what is not stated is seen from its values."""

    kind: Literal["number", "category"] | None = Field(
        None, description="a number is regressed on, a category is classified"
    )
    unit: str = Field("", description="of a number, for axes")
    values: dict[str, str] = Field(
        {}, description="what is taken for a value of the table, e.g. one class for two of them"
    )


class WindowSpec(Schema):
    """Which frames of a video make a clip, and in which size."""

    frames: int = Field(16, ge=2, multiple_of=2, description="frames of a clip (tubelets of two)")
    start: int = Field(0, ge=0, description="first frame, counted from 0")
    stride: int | Literal["uniform"] = Field(
        1, description="every n-th frame; uniform: evenly spaced from start to the last frame"
    )
    resize: int | None = Field(
        None,
        ge=16,
        description="scale the shorter side to this many pixels and crop the square in the middle; "
        "null: frames as they are, all of one size",
    )


class FolderSpec(WindowSpec):
    """A folder of clips and its labels."""

    root: str | None = Field(
        None, description="folder of videos, or of folders of pictures; null: not there"
    )
    labels: str | None = Field(
        None, description="CSV or Parquet file, a row for every clip; null: labels.csv in root"
    )
    clip_column: str = Field(
        "clip", description="its column with the clip's file or folder, with or without suffix"
    )
    columns: dict[str, LabelSpec] = Field({}, description="kinds, units and values of labels")
    ignore: tuple[str, ...] = Field((), description="columns that are no labels")
    shard_size: int = Field(40, ge=1, description="clips in one shard file (and in one job)")
    allow_duplicates: bool = Field(False, description="take clips whose files are the same")

    @property
    def window(self) -> WindowSpec:
        """Frames and size alone."""
        return WindowSpec(
            frames=self.frames, start=self.start, stride=self.stride, resize=self.resize
        )


def frames_needed(window: WindowSpec) -> int:
    """Return the fewest frames that a video must have."""
    if isinstance(window.stride, int):
        return window.start + (window.frames - 1) * window.stride + 1
    return window.start + window.frames
