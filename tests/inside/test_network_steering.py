"""Edits that run through a network, on networks whose answer is known."""

import numpy as np
import pandas as pd
import pytest
import torch

from encoder_samples import ball_frames, encoder_spec, ready_encoder, telling_weights
from inside.steering_samples import (
    BLOCKS,
    CLIPS,
    GRID,
    TOKENS,
    WIDTH,
    labels,
    network,
    ring_tokens,
    section,
)
from pez.encoders.preprocess import build_transform, preprocess
from pez.encoders.residual_stream import capture_streams
from pez.inside.registry import measure
from pez.inside.steering.design import deal_targets, design_of
from pez.inside.steering.edits import make_edits
from pez.inside.steering.effects import effects
from pez.inside.steering.names import ARMS, EVERYWHERE, NO_STATE, UNDER_BALL, Arm
from pez.inside.steering.passes import run_edited, run_unedited
from pez.inside.steering.tokens import tokens_under_ball
from pez.runtime.errors import ArtifactError, ConfigError, PezError

STATES = [1, 3]
MEANS, LENGTH = Arm(EVERYWHERE, "class means"), Arm(EVERYWHERE, "random, as long")


@pytest.fixture(scope="module")
def ring() -> pd.DataFrame:
    """Effects in a network whose states all hold a ring, up to an invertible map."""
    found = measure(section(), network(ring_tokens(noise=0.02)))
    names = ["tokens", "arm", "edited", "state", "metric"]
    return effects(found.table, 100, 0).set_index(names)["value"].sort_index()


@pytest.mark.parametrize("arm", ["class means", "plane", "probes", "carried"])
@pytest.mark.parametrize(("edited", "state"), [(1, 1), (1, 2), (1, 4), (3, 4)])
def test_an_edit_is_read_wherever_states_are_invertible_maps_of_its_own(
    ring: pd.Series, arm: str, edited: int, state: int
) -> None:
    """`carried` alone is not: an edit of state 1 is no edit of state 4."""
    error = ring["all tokens", arm, edited, state, "to_target"]
    if arm == "carried" and edited != state:
        assert error > 20
    else:
        assert error < 2
        assert ring["all tokens", arm, edited, state, "radius"] == pytest.approx(1, abs=0.05)
        assert ring["all tokens", arm, edited, state, "to_truth"] > 90


def test_a_random_edit_as_long_does_not_steer(ring: pd.Series) -> None:
    for edited in STATES:
        for state in range(edited, BLOCKS + 1):
            of_edit = ring["all tokens", "random, as long", edited, state]
            assert of_edit["to_target"] > 70 and of_edit["toward"] < -30


def test_where_no_direction_is_held_no_edit_steers() -> None:
    """Neither does what edits and probes would share, were they made of the same clips."""
    random = torch.Generator().manual_seed(5)
    tokens = torch.randn(CLIPS, TOKENS, WIDTH, generator=random)
    found = effects(measure(section(), network(tokens)).table, 100, 0)
    rows = found[(found["tokens"] == "all tokens") & (found["metric"] == "to_target")]
    assert rows["value"].min() > 60


def test_probes_that_read_nothing_set_no_edit() -> None:
    """One always does; what more of them say of noise would move by edits without end."""
    random = torch.Generator().manual_seed(5)
    clips = network(torch.randn(CLIPS, TOKENS, WIDTH, generator=random))
    own = run_unedited(clips, tokens_under_ball(clips), STATES)
    probes = Arm(EVERYWHERE, "probes")
    one, four = (
        make_edits(spec, own, STATES, design_of(spec, labels()))[probes]
        for spec in (section(edit_probes=1), section(edit_probes=4))
    )
    assert torch.equal(one, four)
    clips = network(ring_tokens(noise=0.3))
    own = run_unedited(clips, tokens_under_ball(clips), STATES)
    one, four = (
        make_edits(spec, own, STATES, design_of(spec, labels()))[probes]
        for spec in (section(edit_probes=1), section(edit_probes=4))
    )
    assert (four.norm(dim=2) > one.norm(dim=2)).float().mean() > 0.9


def test_what_stands_beside_is_what_it_is_called(ring: pd.Series) -> None:
    """Without an edit what is read is as far from the target as the turn is."""
    design = design_of(section(), labels())
    turn = 45 * ((design.target - design.own) % 8)
    expected = np.minimum(turn, 360 - turn).mean()
    for state in range(BLOCKS + 1):
        nothing = ring["none", "nothing", NO_STATE, state]
        assert nothing["to_truth"] < 2
        assert nothing["to_target"] == pytest.approx(expected, abs=2)
        assert ring["none", "other clip", NO_STATE, state, "to_target"] < 2


def test_an_edit_under_the_ball_moves_the_mean_by_its_share_of_the_tokens() -> None:
    clips = network(ring_tokens(noise=0.02))
    ball = tokens_under_ball(clips)
    own = run_unedited(clips, ball, STATES)
    edit = torch.ones(len(STATES), CLIPS, WIDTH)
    arm = Arm(UNDER_BALL, "class means")
    found = run_edited(clips, {arm: edit}, ball, STATES)[arm]
    share = ball.float().mean(dim=1)
    assert share.min() > 0 and share.max() < 0.5
    moved = found[0, 1] - own.means[1]
    torch.testing.assert_close(moved, share[:, None].expand(-1, WIDTH), rtol=1e-4, atol=1e-5)


def test_edits_are_made_of_other_magnitudes_alone() -> None:
    """Nothing of a clip's own speed decides its edit, but what the clip itself holds."""
    spec, known = section(), labels()
    design = design_of(spec, known)
    held_out = torch.tensor(list(known["magnitude_index"] == 1))
    edits = []
    for moved in (0.0, 5.0):
        tokens = ring_tokens(noise=0.3)
        tokens[held_out] += moved
        clips = network(tokens)
        own = run_unedited(clips, tokens_under_ball(clips), STATES)
        edits.append(make_edits(spec, own, STATES, design))
    torch.testing.assert_close(edits[0][MEANS][:, held_out], edits[1][MEANS][:, held_out])
    assert not torch.allclose(edits[0][MEANS][:, ~held_out], edits[1][MEANS][:, ~held_out])
    for arm, length in ((MEANS, LENGTH), (ARMS[4], ARMS[5])):
        norms = [edits[0][one].norm(dim=2) for one in (arm, length)]
        torch.testing.assert_close(*norms)


def test_an_edit_of_nothing_changes_nothing_bit_for_bit() -> None:
    """In a real encoder, against the capture of its states."""
    spec = encoder_spec()
    encoder, _ = ready_encoder(spec, telling_weights(spec), "fp32")
    frames = torch.from_numpy(ball_frames(clips=CLIPS, size=spec.input_size))
    pixels = preprocess(frames, build_transform("resize", spec.input_size))
    clips = network(ring_tokens(noise=0.02))
    clips.ready.encoder = encoder
    clips.ready.pixels = lambda numbers: pixels[numbers[:, 0, 0, 0, 0].astype(np.int64)]
    tokens = (frames.shape[1] // 2) * (spec.input_size // spec.patch_size) ** 2
    ball = torch.arange(tokens).expand(CLIPS, -1) < 3
    states = [1, len(encoder.layer)]
    edits = {arm: torch.zeros(2, CLIPS, spec.hidden_size) for arm in (MEANS, ARMS[4])}
    found = run_edited(clips, edits, ball, states)
    own = run_unedited(clips, ball, states)
    for means in found.values():
        for state, one in zip(states, means, strict=True):
            assert torch.equal(one[state:], own.means[state:]) and one[:state].isnan().all()
    streams = capture_streams(encoder, pixels[:7], lambda _, tokens: tokens.mean(dim=1))
    assert torch.equal(own.means[:, :7], torch.stack(streams))


def test_every_direction_is_turned_by_all_angles_alike() -> None:
    own = np.repeat(np.arange(8), 14)
    target = deal_targets(own, 8, seed=0)
    turns = (target - own) % 8
    for direction in range(8):
        assert np.bincount(turns[own == direction], minlength=8).tolist() == [0] + [2] * 7
    assert not np.array_equal(target, deal_targets(own, 8, seed=1))


def test_the_other_clip_has_the_target_and_the_magnitude_and_is_not_fitted_to() -> None:
    known = labels()
    design = design_of(section(), known)
    other = known.iloc[design.other].reset_index(drop=True)
    assert (other["direction_index"] == design.target).all()
    assert (other["magnitude_index"] == known["magnitude_index"]).all()
    assert design.counterfactual == 0 and design.apart.min() > 0.01
    for fold in design.folds:
        edited, makes, reads = (
            set(part.tolist()) for part in (fold.edited, fold.makes.clips, fold.reads.clips)
        )
        assert set(design.other[fold.edited]) <= edited
        assert edited | makes | reads == set(range(CLIPS))
        assert len(edited) + len(makes) + len(reads) == CLIPS
        for part in (fold.makes, fold.reads):
            assert (np.bincount(design.own[part.clips]) == len(part.clips) / 8).all()
            assert set(part.fit.tolist()) | set(part.seen.tolist()) == set(range(len(part.clips)))
    same = known.assign(start_x_m=known["start_index"], start_y_m=0.0)
    assert design_of(section(), same).counterfactual == 1


def test_tokens_under_the_ball_are_where_it_is() -> None:
    clips = network(ring_tokens(noise=0.02))
    ball = tokens_under_ball(clips).reshape(CLIPS, *GRID)
    assert ball.shape[1:].numel() == TOKENS
    for clip, place in enumerate(labels()[["start_x_m", "start_y_m"]].to_numpy()):
        column, row = int((place[0] + 4) // 2), int((4 - place[1]) // 2)
        assert ball[clip, :, row, column].all() and ball[clip].sum() <= 8


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(ConfigError, match="folds = 5 for 3 magnitudes"):
        measure(section(folds=5), network(ring_tokens(noise=0.02)))
    with pytest.raises(ConfigError, match="move in one direction"):
        design_of(section(), labels().query("direction_index == 2"))
    clips = network(ring_tokens(noise=0.02))
    assert clips.trajectories is not None
    clips.trajectories["x_m"] += 20.0
    with pytest.raises(PezError, match="velocity_0000 is never in view"):
        measure(section(), clips)
    tokens = ring_tokens(noise=0.02)
    tokens[3] = torch.nan
    with pytest.raises(ArtifactError, match="residual state 0 of tiny on clip velocity_0003"):
        measure(section(), network(tokens))
