"""The generated quadruplets: physics, full occlusion, frame-exact splices, labels nowhere else."""

import hashlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pez.intphys import mini_write
from pez.intphys.index import index_movies
from pez.intphys.layout import is_possible, movie_folders, read_frame
from pez.intphys.mini_plan import plan_scene
from pez.intphys.mini_render import StageRenderer
from pez.intphys.mini_scene import panel_lift
from pez.intphys.mini_view import project
from pez.intphys.mini_write import splice, write_scene
from pez.intphys.spec import BLOCKS, MOVIES, MiniSpec
from pez.runtime.errors import PezError

SPEC = MiniSpec(frames=24, resolution=96, samples=2)
SCENE = 1


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mini")
    for block in BLOCKS:
        write_scene(SPEC, block, SCENE, folder / block / f"{SCENE:02d}")
    return folder


def movies_of(root: Path, block: str) -> tuple[np.ndarray, np.ndarray]:
    """Frames of the possible movies and of the impossible ones, [2, T, H, W, 3] each."""
    found: dict[bool, list[np.ndarray]] = {True: [], False: []}
    for folder in movie_folders(root, block, SCENE):
        frames = np.stack([read_frame(folder, frame) for frame in range(SPEC.frames)])
        found[is_possible(folder)].append(frames)
    return np.stack(found[True]), np.stack(found[False])


def hashes(movies: np.ndarray) -> Counter[bytes]:
    frames = movies.reshape(-1, *movies.shape[2:])
    return Counter(hashlib.sha256(frame.tobytes()).digest() for frame in frames)


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS)
def test_every_impossible_frame_is_a_frame_of_a_possible_movie_at_its_own_time(root, block) -> None:
    possible, impossible = movies_of(root, block)
    assert hashes(possible) == hashes(impossible)
    # frame by frame too: no statistic of single frames, at any time, tells the labels
    for frame in range(SPEC.frames):
        assert hashes(possible[:, frame : frame + 1]) == hashes(impossible[:, frame : frame + 1])
    brightness = np.sort(possible.mean(axis=(2, 3, 4)), axis=0)
    np.testing.assert_array_equal(brightness, np.sort(impossible.mean(axis=(2, 3, 4)), axis=0))
    assert not np.array_equal(possible[0], possible[1])


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS)
def test_the_object_is_fully_hidden_at_the_splice_and_seen_before_and_after(root, block) -> None:
    made = json.loads((root / block / f"{SCENE:02d}" / "provenance.json").read_text())
    change, (first, second) = made["change_frame"], movies_of(root, block)[0]
    lift = panel_lift(SPEC.frames)
    assert lift[change - 1] == lift[change] == 1.0
    # the empty stage: the pixelwise median over frames with raised panels, all movies
    raised = np.concatenate([movie[lift == 1.0] for movie in (first, second)])
    empty = np.median(raised, axis=0)
    for movie in (first, second):
        for frame in (change - 1, change):
            assert np.array_equal(movie[frame], first[change - 1])
            assert np.abs(movie[frame] - empty).mean() < 1.0
    moving = [np.abs(movie.astype(int) - movie[change]).max(axis=(1, 2, 3)) > 40
              for movie in (first, second)]  # fmt: skip
    seen = np.stack(moving)[:, lift == 1.0]
    assert seen.any(), "nothing moves while the panels are up"


@pytest.mark.slow
def test_a_plan_that_its_pictures_refute_is_drawn_again(monkeypatch, caplog) -> None:
    """What the plan calls hidden is rendered all the same."""
    plans = iter([plan_scene(SPEC, "O1", SCENE), plan_scene(SPEC, "O1", SCENE)])
    first = next(plans)
    take = first.takes[0]
    assert take is not None
    raised = panel_lift(SPEC.frames) == 1.0
    wrong = replace(
        first,
        takes=(replace(take, hidden=np.ones_like(take.hidden)), None),
        change=int(np.flatnonzero(take.seen & raised)[1]),
    )
    answers = iter([wrong, next(plans)])
    monkeypatch.setattr(mini_write, "plan_scene", lambda *_: next(answers))
    with caplog.at_level("INFO"):
        plan, _ = mini_write.film_scene(SPEC, "O1", SCENE, threads=1)
    assert plan.change == first.change
    assert "refute attempt" in caplog.text


def test_hidden_is_judged_by_pictures_to_the_bit() -> None:
    movies = np.random.default_rng(0).integers(0, 256, (2, 9, 4, 4, 3), np.uint8)
    empty = movies[0].copy()
    movies[:, 4:6] = empty[4:6]
    assert mini_write.change_is_hidden(movies, empty, 5)
    assert not mini_write.change_is_hidden(movies, empty, 6)  # frame 6 of B
    betrayed = movies.copy()
    betrayed[:, 4, 0, 0, 0] ^= 1  # in both alike
    assert not mini_write.change_is_hidden(betrayed, empty, 5)
    alike = movies.copy()
    alike[1, 6:] = alike[0, 6:]  # nothing tells A from B after the change
    assert not mini_write.change_is_hidden(alike, empty, 5)


@pytest.mark.slow
def test_a_failed_writing_leaves_no_scene(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mini_write, "_provenance", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_scene(SPEC, "O1", SCENE, tmp_path / "O1" / "01")
    assert list((tmp_path / "O1").iterdir()) == []


@pytest.mark.slow
def test_the_index_accepts_what_was_written(root: Path) -> None:
    table = index_movies(root, scenes=1, frames=SPEC.frames)
    assert len(table) == len(BLOCKS) * MOVIES
    for block, movies in table.groupby("block"):
        made = json.loads((root / str(block) / f"{SCENE:02d}" / "provenance.json").read_text())
        assert movies["possible"].tolist() == [len(name) == 1 for name in made["movies"]]
        assert (movies["breakpoint"] > made["change_frame"]).all()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes(root: Path, tmp_path: Path) -> None:
    write_scene(SPEC, "O2", SCENE, tmp_path / "again")
    before = root / "O2" / f"{SCENE:02d}"
    files = sorted(path.relative_to(before) for path in before.rglob("*") if path.is_file())
    assert len(files) == MOVIES * (SPEC.frames + 1) + 1
    assert all((tmp_path / "again" / f).read_bytes() == (before / f).read_bytes() for f in files)


@pytest.mark.slow
def test_objects_are_rendered_where_the_physics_engine_has_them() -> None:
    plan = plan_scene(SPEC, "O2", SCENE)
    take = plan.takes[0]
    assert take is not None
    frame = int(np.flatnonzero(take.seen & (panel_lift(SPEC.frames) == 1.0))[0])
    with StageRenderer(SPEC, plan.scene, threads=2) as stage:
        actor = plan.scene.play.index(take.actor)
        picture = stage.frame(actor, take.position_m[frame], 1.0).astype(int)
        full = stage.full_frame(actor, take.position_m[frame], 1.0).astype(int)
        changed = np.abs(picture - stage.empty(1.0)).max(axis=2) > 60
    assert np.abs(picture - full).max() <= 1  # only its region was rendered
    rows, columns = np.nonzero(changed)
    expected = project(plan.scene.camera, SPEC.resolution, take.position_m[frame][None])[0]
    # the shadow pulls the middle of what changed aside, by less than the object's size
    assert abs(columns.mean() + 0.5 - expected[0]) < 6 and abs(rows.mean() + 0.5 - expected[1]) < 6


def test_objects_move_at_constant_speed_on_their_lane_and_hide_where_the_plan_says() -> None:
    for block in BLOCKS:
        plan = plan_scene(MiniSpec(), block, SCENE)
        for take in plan.takes:
            if take is None:
                continue
            steps = np.diff(take.position_m[:, 0])
            np.testing.assert_allclose(steps, take.actor.step_m, rtol=1e-3)
            assert np.abs(take.position_m[:, 1] - take.actor.lane_y_m).max() < 0.01
            assert take.hidden[plan.change - 1] and take.hidden[plan.change]
            assert take.seen[: plan.change].any() and take.seen[plan.change :].any()


def test_the_blocks_differ_in_what_the_second_movie_shows() -> None:
    one, two, three = (plan_scene(MiniSpec(), block, SCENE).takes for block in BLOCKS)
    assert sum(take is None for take in one) == 1
    assert two[0] and two[1] and two[0].actor.shape != two[1].actor.shape
    assert three[0] and three[1] and three[0].actor.shape == three[1].actor.shape
    assert three[0].actor.start_x_m != three[1].actor.start_x_m


def test_places_of_the_possible_movies_vary() -> None:
    movies = np.arange(2 * 6).reshape(2, 6)
    spliced = splice(movies, 4)
    assert spliced[2].tolist() == [0, 1, 2, 3, 10, 11]
    assert spliced[3].tolist() == [6, 7, 8, 9, 4, 5]


@pytest.mark.slow
def test_movies_too_short_for_a_change_are_refused_with_the_cure() -> None:
    with pytest.raises(PezError, match=r"never hidden.*Raise frames \(now 16\)"):
        plan_scene(MiniSpec(frames=16, resolution=32), "O3", SCENE)
