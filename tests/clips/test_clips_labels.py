import numpy as np
import pytest

from pez.clips.labels import angle_of, design
from pez.clips.spec import BallDatasetSpec

DATASET = BallDatasetSpec(motion="velocity", directions=3, magnitudes=(1, 4), starts=5, seed=7)


def test_a_direction_a_hair_below_two_pi_is_zero():
    hair = np.array([[1.0, -1e-17], [1.0, -1e-9], [1.0, 1e-9], [2.0, 0.0]])
    assert angle_of(hair).max() < 1e-8
    assert angle_of(np.array([1.0, -1e-3])) == pytest.approx(2 * np.pi - 1e-3, abs=1e-8)


def test_angle_of_all_quadrants():
    expected = np.arange(16) * np.pi / 8
    vectors = np.stack([np.cos(expected), np.sin(expected)], axis=1)
    np.testing.assert_allclose(angle_of(vectors), expected, atol=1e-12)


def test_design_is_a_full_factorial_in_order():
    plan = design("fast", DATASET)
    index = plan[["direction_index", "magnitude_index", "start_index"]]
    assert len(plan) == DATASET.clips == 30
    assert not index.duplicated().any()
    assert index.equals(index.sort_values(list(index.columns)))
    assert list(plan["clip_id"][[0, 29]]) == ["fast_0000", "fast_0029"]
    assert set(np.hypot(plan["vx_m_s"], plan["vy_m_s"]).round(9)) == {1.0, 4.0}
    assert not plan[["ax_m_s2", "ay_m_s2"]].any(axis=None)


def test_another_seed_draws_other_starts_and_the_same_seed_the_same():
    starts = ["start_x_m", "start_y_m"]
    same, other = DATASET.model_copy(), DATASET.model_copy(update={"seed": 8})
    assert design("a", DATASET)[starts].equals(design("b", same)[starts])
    assert not np.isin(design("a", DATASET)[starts], design("a", other)[starts]).any()
