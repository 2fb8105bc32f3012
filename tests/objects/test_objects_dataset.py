"""Clips of several objects: what is drawn, how it moves, where it is seen, what is written."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from pez.clips.spec import RenderSpec
from pez.clips.store import open_clips
from pez.intphys.mini_view import project
from pez.objects.columns import LABEL_COLUMNS, OBJECT_COLUMNS
from pez.objects.kinds import COLOURS, KINDS, Kind, first_kinds
from pez.objects.physics import simulate
from pez.objects.render import poses, render_shard
from pez.objects.renderer import ObjectsRenderer, moving
from pez.objects.scene import Thing, camera_of, deal_kinds, draw_scene
from pez.objects.simulate import objects_table, write_tables
from pez.objects.spec import ObjectsSpec
from pez.objects.view import in_picture, turned
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import open_table

SMALL = ObjectsSpec(clips=3, kinds=4, objects=(2, 3), frames=4, resolution=64)


def test_all_kinds_are_different_and_twelve_are_balanced() -> None:
    assert len(set(first_kinds(KINDS))) == KINDS == 48
    for start in range(KINDS - 11):
        twelve = first_kinds(KINDS)[start : start + 12]
        assert set(Counter(kind.shape for kind in twelve).values()) == {4}
    assert Counter(kind.material for kind in first_kinds(12)) == {"matte": 6, "glossy": 6}
    assert {kind.colour for kind in first_kinds(12)} == set(COLOURS)


def test_every_kind_is_in_sixty_clips_and_at_most_once_in_each() -> None:
    dealt = deal_kinds(ObjectsSpec())
    held = Counter(kind for kinds in dealt for kind in kinds)
    assert min(held.values()) >= 60 and max(held.values()) - min(held.values()) <= 1
    assert all(len(set(kinds)) == len(kinds) for kinds in dealt)
    sizes = Counter(map(len, dealt))
    assert set(sizes) == {2, 3, 4, 5} and max(sizes.values()) - min(sizes.values()) <= 1
    # and for as many kinds as there are
    many = deal_kinds(ObjectsSpec(kinds=48, clips=850))
    assert min(Counter(kind for kinds in many for kind in kinds).values()) >= 60


def test_what_is_drawn_depends_on_seed_and_clip_and_keeps_its_distance() -> None:
    spec = ObjectsSpec()
    dealt = deal_kinds(spec)
    drawn = [draw_scene(spec, clip, dealt[clip]) for clip in range(30)]
    assert drawn[7] == draw_scene(spec, 7, dealt[7])
    assert drawn[7] != draw_scene(ObjectsSpec(seed=1), 7, dealt[7])
    for things in drawn:
        assert 1 <= sum(thing.moves for thing in things) <= 3
        for one, thing in enumerate(things):
            assert 1.0 <= np.hypot(*thing.velocity_m_s) <= 4.0 or not thing.moves
            for other in things[:one]:
                apart = np.subtract(thing.start_m, other.start_m)
                assert np.linalg.norm(apart) > thing.half_size_m[0] + other.half_size_m[0]
            seen = project(camera_of("oblique"), 256, np.array([*thing.start_m, 0.0]))
            assert seen.min() > 0 and seen.max() < 256


def thing(shape: str, start: tuple[float, float], velocity: tuple[float, float]) -> Thing:
    kind = Kind(shape, "matte", "red")  # type: ignore[arg-type]
    return Thing(kind, (0.3, 0.3, 0.3), 0.2, start, velocity)


@pytest.mark.parametrize("shape", ["cube", "cylinder"])
def test_friction_slows_what_slides(shape: str) -> None:
    """By the coefficient times gravity: 1 m/s2. The other, far away, stays where it is."""
    spec = ObjectsSpec(frames=12)
    motion = simulate(spec, [thing(shape, (-2.0, 0.0), (3.0, 0.0)), thing(shape, (0, 2), (0, 0))])
    time = np.arange(12) / 24
    assert motion.velocity_m_s[0, :, 0] == pytest.approx(3.0 - time, abs=0.05)
    assert motion.position_m[0, :, 0] == pytest.approx(-2.0 + 3 * time - time**2 / 2, abs=0.03)
    assert np.abs(motion.position_m[:, :, 2] - 0.3).max() < 5e-3
    assert np.abs(motion.position_m[1] - (0, 2, 0.3)).max() < 1e-2
    assert not motion.collided.any() and moving(motion.position_m, motion.quaternion)[0]


def test_a_collision_is_flagged_when_it_happens_and_hands_motion_on() -> None:
    spec = ObjectsSpec(frames=12, friction=0.0)
    motion = simulate(spec, [thing("sphere", (-1.0, 0), (3.0, 0)), thing("sphere", (0, 0), (0, 0))])
    (frames,) = np.nonzero(motion.collided[0])
    # 0.4 m between the surfaces, at 3 m/s: 3.2 frames
    assert frames[0] == 4 and np.array_equal(motion.collided[0], motion.collided[1])
    assert motion.velocity_m_s[1, 3, 0] == pytest.approx(0, abs=1e-6)
    momentum = motion.velocity_m_s[:, :, 0].sum(axis=0)
    assert momentum == pytest.approx(3.0, abs=0.05) and motion.velocity_m_s[1, -1, 0] > 2


def test_velocity_in_the_picture_is_that_of_the_place() -> None:
    spec = ObjectsSpec()
    time = np.arange(16)[:, None] / 24
    velocity = np.array([0.7, 1.3, 0.0])
    place, speed = in_picture(spec, velocity * time + (0, -1, 0.3), np.tile(velocity, (16, 1)))
    middle = (place[2:] - place[:-2]) / 2
    assert speed[1:-1] == pytest.approx(middle, abs=2e-3)
    assert speed[0, 0] > 0 > speed[0, 1]  # to the right and away: y points down


def test_a_quarter_turn_brings_x_to_y() -> None:
    half = np.sqrt(0.5)
    assert turned(np.array([half, 0, 0, half]), np.eye(3)) == pytest.approx(
        np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]]), abs=1e-12
    )


def test_a_dataset_is_written_and_rendered_the_same_twice(tmp_path: Path) -> None:
    shards = []
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        labels, objects = folder / "labels.parquet", folder / "objects.parquet"
        write_tables("some", SMALL, labels, objects)
        shards.append(folder / "shard_000.safetensors")
        render = RenderSpec(samples=2, shard_size=2)
        render_shard("some", 0, SMALL, render, objects, shards[-1])
    assert shards[0].read_bytes() == shards[1].read_bytes()
    of_clips, of_objects = open_table(labels), open_table(objects)
    assert tuple(of_clips.table) == LABEL_COLUMNS and len(of_clips.table) == SMALL.clips
    assert tuple(of_objects.table) == OBJECT_COLUMNS
    assert of_clips.metadata["source"] == of_objects.checksum
    means = of_objects.table.groupby("clip_id")[["vx_px", "vy_px"]].mean()
    known = of_clips.table.set_index("clip_id")[["mean_vx_px", "mean_vy_px"]]
    assert known.to_numpy() == pytest.approx(means.loc[known.index].to_numpy())
    counts = of_objects.table.groupby("clip_id")["object"].nunique()
    assert (of_clips.table.set_index("clip_id")["objects"] == counts).all()
    shard = open_clips(shards[0])
    assert shard.clip_ids == ("some_0000", "some_0001")
    assert shard.frames.shape == (2, 4, 64, 64, 3)
    assert (shard.frames[:, 0] != shard.frames[:, -1]).any(axis=(1, 2, 3)).all()
    with pytest.raises(ArtifactError, match="lacks clips of shard 2 of some"):
        render_shard("some", 2, SMALL, render, objects, tmp_path / "none")
    rows = of_objects.table[of_objects.table["clip_id"] == "some_0000"]
    with pytest.raises(ArtifactError, match=r"some_0000 are not there in each of 4 frames"):
        poses(SMALL, rows.iloc[1:])


def test_frames_put_together_are_whole_frames() -> None:
    """And the label of place is where the object is seen."""
    spec = ObjectsSpec(frames=6, resolution=128)
    things = [thing("sphere", (-1.0, 0.0), (4.0, 1.0)), thing("cube", (1.0, 1.0), (0.0, 0.0)),
              thing("cylinder", (1.0, -1.5), (-2.0, 1.0))]  # fmt: skip
    motion = simulate(spec, things)
    with ObjectsRenderer(spec, things, samples=2, threads=1) as renderer:
        film = renderer.film(motion.position_m, motion.quaternion)
        rests = ~moving(motion.position_m, motion.quaternion)
        assert list(rests) == [False, True, False]
        for poses_of in (motion.position_m, motion.quaternion):
            poses_of[rests] = poses_of[rests, :1]  # it is drawn where it began
        for frame in (0, 3, 5):
            whole = renderer.full_frame(motion.position_m[:, frame], motion.quaternion[:, frame])
            assert np.array_equal(film[frame], whole)
    table = objects_table(spec, "one", things, motion)
    assert table["in_view"].all()
    for row in table.to_dict("records"):
        red, green, _ = film[row["frame"], int(row["y_px"]), int(row["x_px"])].astype(int)
        assert red > 1.5 * green  # of the red object, not of the grey floor


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"objects": (2, 5), "kinds": 3}, "holds every kind at most once, and there are 3"),
        ({"radius_m": (0.5, 0.4)}, r"radius_m = \[0.5, 0.4\]: the second is to be the larger"),
        ({"moving": (3, 3)}, r"some clips have only 2 objects"),
    ],
)
def test_what_does_not_go_together_is_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        ObjectsSpec.model_validate(values)


def test_every_row_of_the_table_is_an_object_in_a_frame() -> None:
    spec = ObjectsSpec(frames=4)
    things = [thing("cube", (0, 0), (1, 0)), thing("sphere", (1, 1), (0, 0))]
    table = objects_table(spec, "one", things, simulate(spec, things))
    assert list(table["object"]) == [0] * 4 + [1] * 4
    assert list(table["frame"]) == [0, 1, 2, 3] * 2
    assert isinstance(table, pd.DataFrame) and table["kind"].iloc[0] == "matte_red_cube"
