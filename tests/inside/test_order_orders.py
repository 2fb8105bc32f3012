"""Other orders of frames: what may be mixed, never the clip's own, the same for a clip anywhere."""

import numpy as np
import pytest

from inside.inside_samples import IDS
from pez.controls.kinds import tubelets_shuffled
from pez.inside.order.orders import other_orders
from pez.runtime.errors import ConfigError


@pytest.mark.parametrize("variant", ["tubelets", "frames", "reversed"])
def test_every_order_holds_all_frames_and_is_never_the_clips_own(variant: str) -> None:
    ids = [f"clip_{number}" for number in range(200)]
    for frames in (4, 16):  # of two tubelets every other draw is the clip's own order
        found = other_orders(variant, ids, frames, seed=1)
        np.testing.assert_array_equal(np.sort(found, axis=1), np.tile(np.arange(frames), (200, 1)))
        assert (found != np.arange(frames)).any(axis=1).all()


def test_shuffled_tubelets_keep_pairs_of_frames_and_shuffled_frames_do_not() -> None:
    tubelets = other_orders("tubelets", IDS, 16, seed=1)
    assert (tubelets[:, ::2] % 2 == 0).all() and (np.diff(tubelets)[:, ::2] == 1).all()
    frames = other_orders("frames", IDS, 16, seed=1)
    assert not (np.diff(frames)[:, ::2] == 1).all(axis=1).any()
    assert (other_orders("reversed", IDS, 16, seed=1) == np.arange(16)[::-1]).all()


def test_orders_are_those_of_the_control_and_a_clip_has_its_own_anywhere() -> None:
    frames = np.arange(16, dtype=np.uint8)[None, :, None, None, None].repeat(len(IDS), axis=0)
    control = tubelets_shuffled.reorder(frames, IDS, 3)[:][..., 0, 0, 0]
    found = other_orders("tubelets", IDS, 16, seed=3)
    np.testing.assert_array_equal(found, control)
    np.testing.assert_array_equal(other_orders("tubelets", IDS[5:7], 16, seed=3), found[5:7])
    assert len(np.unique(found, axis=0)) > len(IDS) // 2


def test_a_clip_of_one_tubelet_has_no_other_order() -> None:
    with pytest.raises(ConfigError, match=r"clips\.scene\.frames to 4 or more"):
        other_orders("tubelets", IDS, 2, seed=1)
