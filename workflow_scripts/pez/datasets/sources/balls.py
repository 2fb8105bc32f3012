"""Balls rendered by this project: a full factorial of directions, magnitudes and starts."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import Field

from pez.clips.spec import BallDatasetSpec, RenderSpec, SceneSpec
from pez.datasets.overlay import lay_over, part_of
from pez.datasets.source import Column, Entry, Frames, Source
from pez.recipes.kinds import REGIONS
from pez.runtime.errors import ConfigError

PartOfScene: Any = part_of(SceneSpec, "PartOfScene")
PartOfRender: Any = part_of(RenderSpec, "PartOfRender")


class BallsEntry(BallDatasetSpec, Entry):
    """Moving balls: directions x magnitudes x starts."""

    source: Literal["balls"]
    scene: PartOfScene = Field(PartOfScene(), description="what differs from clips.scene")
    render: PartOfRender = Field(PartOfRender(), description="what differs from clips.render")


class Balls(Source[BallsEntry]):
    """A dataset of balls."""

    entry_type = BallsEntry
    target: ClassVar[str] = "clips"
    labels_rule, clips_rule, preview_rule = "simulate_clips", "render_clips", "preview_clips"

    @property
    def place(self) -> str:  # type: ignore[override]
        """See `Source`."""
        return f"clips/{self.clips.renderer}"

    @cached_property
    def design(self) -> BallDatasetSpec:
        """What moves."""
        known = dict(self.entry)
        fields = {name: known[name] for name in BallDatasetSpec.model_fields}
        return BallDatasetSpec.model_validate(fields)

    @cached_property
    def scene(self) -> SceneSpec:
        """The scene: clips.scene, and what this dataset has otherwise."""
        where = f"{self.key}.scene (laid over clips.scene)"
        return lay_over(self.clips.scene, self.entry.scene, where)

    @cached_property
    def render(self) -> RenderSpec:
        """How it is rendered."""
        where = f"{self.key}.render (laid over clips.render)"
        return lay_over(self.clips.render, self.entry.render, where)

    def contradictions(self) -> Iterable[str]:
        """See `Source`."""
        try:
            _ = self.scene, self.render
        except ConfigError as error:
            yield str(error)

    @property
    def kind(self) -> str:
        """See `Source`."""
        return self.entry.motion

    @property
    def varies(self) -> str:
        """See `Source`."""
        return f"balls move with constant {self.entry.motion}"

    @property
    def has_trajectories(self) -> bool:
        """See `Source`."""
        return True

    @property
    def count(self) -> int:
        """See `Source`."""
        return self.entry.clips

    @property
    def shard_size(self) -> int:
        """See `Source`."""
        return self.render.shard_size

    @property
    def shard_size_key(self) -> str:
        """See `Source`."""
        return "clips.render.shard_size"

    @property
    def columns(self) -> tuple[Column, ...]:
        """See `Source`; as `pez.clips.labels.LABEL_COLUMNS`."""
        sizes = self.entry.directions, len(self.entry.magnitudes), self.entry.starts
        names = "direction_index", "magnitude_index", "start_index"
        return (
            *(Column(name, "category", "", most) for name, most in zip(names, sizes, strict=True)),
            Column("direction_rad", "number", "rad"),
            Column("speed_m_s", "number", "m/s"),
            Column("acceleration_m_s2", "number", "m/s²"),
            *(Column(f"start_{axis}_m", "number", "m") for axis in "xy"),
            *(Column(f"start_{axis}_px", "number", "px") for axis in "xy"),
            *(Column(f"v{axis}_px", "number", "px/frame") for axis in "xy"),
            *(Column(f"a{axis}_px", "number", "px/frame²") for axis in "xy"),
            Column("frames_out_of_view", "number", "frames"),
            Column("in_view_at_end", "category", "", 2),
            Column("in_view_in_last_tubelet", "category", "", 2),
        )

    @property
    def groupings(self) -> Mapping[str, int]:
        """See `Source`."""
        directions, magnitudes = self.entry.directions, len(self.entry.magnitudes)
        bounds = {
            "start_index": self.entry.starts,
            "condition": directions * magnitudes,
            "video": self.count,
            "direction": directions,
            "magnitude": magnitudes,
            # spatial ones depend on where the starts fall and may come out with fewer groups
            "pixel_region": REGIONS,
            "spatial_sector": REGIONS,
            "spatial_cluster": REGIONS,
            "direction_spatial_sector": directions * REGIONS,
            "magnitude_spatial_sector": magnitudes * REGIONS,
        }
        return {name: min(bound, self.count) for name, bound in bounds.items()}

    @property
    def frames(self) -> Frames:
        """See `Source`."""
        return Frames(self.clips.renderer, self.render.samples)

    @property
    def jobs(self) -> list[tuple[str, str]]:
        """See `Source`."""
        return [(self.labels_rule, self.name), *self.clip_jobs(range(self.shards))]


SOURCE = Balls
