"""Several objects rendered by this project: each of another kind, some of them moving."""

from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar, Literal

from pydantic import Field

from pez.clips.spec import RenderSpec
from pez.datasets.source import Column, Entry, Frames, Source
from pez.objects.spec import ObjectsSpec


class ObjectsEntry(ObjectsSpec, Entry):
    """Clips of several objects."""

    source: Literal["objects"]
    samples: int = Field(8, ge=1, le=4096, description="Cycles samples per pixel")
    shard_size: int = Field(50, ge=1, description="clips in one shard file (and in one job)")


class Objects(Source[ObjectsEntry]):
    """A dataset of several objects a clip."""

    entry_type = ObjectsEntry
    place: ClassVar[str] = "clips/objects"
    target: ClassVar[str] = "clips"
    labels_rule, clips_rule, preview_rule = "simulate_objects", "render_objects", "preview_objects"

    @cached_property
    def design(self) -> ObjectsSpec:
        """What is simulated."""
        known = dict(self.entry)
        fields = {name: known[name] for name in ObjectsSpec.model_fields}
        return ObjectsSpec.model_validate(fields)

    @cached_property
    def render(self) -> RenderSpec:
        """How it is rendered."""
        return RenderSpec(samples=self.entry.samples, shard_size=self.entry.shard_size)

    @property
    def objects_table(self) -> str:
        """Path of the table that says where every object is at every frame."""
        return self.file("objects.parquet")

    @property
    def has_objects(self) -> bool:
        """See `Source`."""
        return True

    @property
    def kind(self) -> str:
        """See `Source`."""
        return "objects"

    @property
    def varies(self) -> str:
        """See `Source`."""
        return "several objects move or rest"

    @property
    def count(self) -> int:
        """See `Source`."""
        return self.entry.clips

    @property
    def shard_size(self) -> int:
        """See `Source`."""
        return self.entry.shard_size

    @property
    def columns(self) -> tuple[Column, ...]:
        """See `Source`; as `pez.objects.columns.LABEL_COLUMNS`."""
        return (
            Column("objects", "category", "", self.entry.objects[1] - self.entry.objects[0] + 1),
            Column("moving", "category", "", self.entry.moving[1] - self.entry.moving[0] + 1),
            Column("collided", "category", "", 2),
            Column("mean_vx_px", "number", "px/frame"),
            Column("mean_vy_px", "number", "px/frame"),
        )

    @property
    def groupings(self) -> Mapping[str, int]:
        """See `Source`."""
        return {"video": self.count}

    @property
    def frames(self) -> Frames:
        """See `Source`."""
        return Frames(self.clips.renderer, self.entry.samples)

    @property
    def jobs(self) -> list[tuple[str, str]]:
        """See `Source`."""
        return [(self.labels_rule, self.name), *self.clip_jobs(range(self.shards))]


SOURCE = Objects
