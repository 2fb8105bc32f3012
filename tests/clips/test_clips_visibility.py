"""Balls that leave the picture: labelled, counted by magnitude, and refused where they are most."""

import logging

import numpy as np
import pandas as pd
import pytest

from pez.clips.simulate import simulate_dataset
from pez.clips.spec import BallDatasetSpec, SceneSpec
from pez.clips.visibility import count_out_of_view, visibility
from pez.runtime.errors import PezError

SCENE = SceneSpec()
# In 64 frames a ball from the middle comes 2.6 m far at 1 m/s, 5.3 m at 2 m/s; 4.2 m are in view.
SMALL = BallDatasetSpec(
    motion="velocity", directions=4, magnitudes=(1, 2, 7), starts=2, start_half_range_m=0
)


def labels(**columns: list) -> pd.DataFrame:
    """Six clips at 2 and 5 m/s, three each; by default all end with the ball in the picture."""
    known = {
        "magnitude_index": [0, 0, 0, 1, 1, 1],
        "speed_m_s": [2.0, 2.0000001, 2.0, 5.0, 5.0, 5.0],
        "acceleration_m_s2": [0.0] * 6,
        "in_view_at_end": [True] * 6,
        "in_view_in_last_tubelet": [True] * 6,
    }
    return pd.DataFrame(known | columns)


def test_visibility_follows_the_ball_out_of_the_picture_and_in_again():
    x = np.array([[0.0, 0.0, 4.1, 4.3], [0.0, 4.0, 4.3, 4.4], [4.4, 4.3, 4.0, 3.0], [0, 1, 2, 3]])
    position = np.stack([x, np.zeros((4, 4)), np.full((4, 4), 0.3)], axis=-1)
    found = visibility(SCENE, position)
    assert found["frames_out_of_view"].tolist() == [1, 2, 2, 0]
    assert found["in_view_at_end"].tolist() == [False, False, True, True]
    assert found["in_view_in_last_tubelet"].tolist() == [True, False, True, True]
    assert list(found.dtypes) == [np.int64, bool, bool]


def test_counts_by_magnitude_and_what_absence_tells():
    end, tubelet = [True] * 4 + [False] * 2, [True] * 5 + [False]
    counts = count_out_of_view(labels(in_view_at_end=end, in_view_in_last_tubelet=tubelet))
    rows = [tuple(row.model_dump().values()) for row in counts.by_magnitude]
    assert rows == [(2.0, 3, 0, 0), (5.0, 3, 2, 1)]
    assert (counts.clips, counts.at_end, counts.in_last_tubelet) == (6, 2, 1)
    assert counts.r2_of_absence == pytest.approx(0.5)  # phi coefficient of 0/3 and 2/3, squared
    assert counts.in_words() == "2 of 3 at 5 m/s, none at 2 m/s"


def test_absence_tells_nothing_where_none_or_all_are_absent_or_the_magnitude_is_one():
    assert count_out_of_view(labels()).r2_of_absence is None
    assert count_out_of_view(labels(in_view_at_end=[False] * 6)).r2_of_absence is None
    alone = labels(in_view_at_end=[True] * 5 + [False]).iloc[3:]
    assert count_out_of_view(alone).r2_of_absence is None


def test_accelerations_are_counted_in_their_own_unit():
    pushed = labels(speed_m_s=[0.0] * 6, acceleration_m_s2=[4.0] * 3 + [8.0] * 3)
    assert count_out_of_view(pushed).in_words() == "none at 4, 8 m/s²"


def test_a_set_in_which_most_balls_leave_is_refused_before_anything_is_written(
    tmp_path,
):
    files = tmp_path / "labels", tmp_path / "trajectories"
    with pytest.raises(PezError) as refused:
        simulate_dataset("fast", SceneSpec(frames=64), SMALL, *files)
    message = str(refused.value)
    assert "dataset 'fast': 16 of 24 clips end with the ball wholly out of the picture" in message
    assert "8 of 8 at 2 m/s, 8 of 8 at 7 m/s, none at 1 m/s" in message
    for cure in (
        "clips.scene.frames (now 64)",
        "datasets.fast.magnitudes",
        "clips.scene.view_m (now 8)",
        "datasets.fast.allow_out_of_view: true",
    ):
        assert cure in message
    assert not list(tmp_path.iterdir())


def test_it_is_built_where_it_is_asked_for_and_the_log_has_the_table(tmp_path, caplog):
    files = tmp_path / "labels", tmp_path / "trajectories"
    asked = SMALL.model_copy(update={"allow_out_of_view": True})
    with caplog.at_level(logging.INFO):
        simulate_dataset("fast", SceneSpec(frames=64), asked, *files)
    assert not pd.read_parquet(files[0])["in_view_at_end"].iloc[-1]
    table = caplog.messages[0].splitlines()
    assert table[0].startswith("fast: 16 of 24 clips end with the ball wholly out")
    assert table[1].split() == ["m/s", "clips", "last", "frame", "last", "tubelet"]
    assert table[-1].split() == ["7", "8", "8", "8"]


def test_half_of_the_clips_may_leave(tmp_path):
    half = SMALL.model_copy(update={"magnitudes": (1.0, 7.0)})
    simulate_dataset("half", SceneSpec(frames=64), half, tmp_path / "l", tmp_path / "t")
    counts = count_out_of_view(pd.read_parquet(tmp_path / "l"))
    assert (counts.at_end, counts.clips) == (8, 16)
    assert counts.r2_of_absence == pytest.approx(1)
