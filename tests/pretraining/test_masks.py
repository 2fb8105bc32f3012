import torch

from pez.clips.ray_cast import FRAME_PIXELS
from pez.pretraining import spec
from pez.pretraining.masks import box_cover, draw_masks, frame_positions, future_clips

CLIPS, WINDOW, TOKENS, CONTEXT = 16, 64, 8 * 16, 3 * 16


def masks(share, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return draw_masks(CLIPS, WINDOW, 3, share, generator)


def test_the_specification_knows_the_size_of_a_frame():
    assert spec.FRAME_PIXELS == FRAME_PIXELS


def test_context_and_target_are_all_tokens_and_every_clip_has_as_many():
    for share in (0.0, 0.5, 1.0):
        drawn = masks(share)
        assert drawn.context.shape == (CLIPS, CONTEXT)
        assert drawn.target.shape == (CLIPS, TOKENS - CONTEXT)
        both = torch.cat(drawn, dim=1).sort(dim=1).values
        assert (both == torch.arange(TOKENS)).all()


def test_future_masks_show_the_first_tubelets_or_the_last():
    time = masks(1.0).context // 16
    _, backwards = future_clips(CLIPS, 1.0, torch.device("cpu"))
    assert backwards.sum() == CLIPS // 2
    expected = torch.arange(3).repeat_interleave(16)
    assert (time[~backwards] == expected).all()
    assert (time[backwards] == expected + 5).all()


def test_half_of_the_clips_are_future_and_evenly_mixed():
    future, backwards = future_clips(CLIPS, 0.5, torch.device("cpu"))
    assert future.tolist() == [False, True] * (CLIPS // 2)
    assert backwards.sum() == CLIPS // 4


def test_block_masks_hide_the_tokens_that_most_boxes_cover():
    generator = torch.Generator().manual_seed(0)
    cover = box_cover(torch.rand(CLIPS, 6, 6, generator=generator), WINDOW // 16)
    drawn = masks(0.0)
    seen, hidden = cover.gather(1, drawn.context), cover.gather(1, drawn.target)
    assert (seen.max(dim=1).values <= hidden.min(dim=1).values).all()
    assert cover.max() > 1 and cover.min() == 0


def test_boxes_are_boxes():
    cover = box_cover(torch.rand(CLIPS, 1, 6), WINDOW // 16).unflatten(1, (8, 4, 4))
    for clip in cover:
        t, i, j = (clip.sum(dim=other) > 0 for other in ((1, 2), (0, 2), (0, 1)))
        assert (clip == (t[:, None, None] & i[None, :, None] & j).float()).all()
        for axis in (t, i, j):
            inside = axis.nonzero().flatten()
            assert len(inside) == inside[-1] - inside[0] + 1


def test_masks_differ_between_clips_and_seeds():
    drawn = masks(0.0).context
    assert not (drawn[0] == drawn[1]).all()
    assert not (drawn == masks(0.0, seed=1).context).all()


def test_positions_of_a_window_are_those_of_its_tokens_in_the_frame():
    positions = frame_positions(torch.tensor([[0.0, 0.0], [32.0, 208.0]]), 48)
    assert positions.shape == (2, 8 * 9)
    assert positions[0, :4].tolist() == [0, 1, 2, 16]
    assert positions[0, 9] == 256
    assert positions[1, 0] == 2 * 16 + 13
    assert positions[1, -1] == 7 * 256 + 4 * 16 + 15
    assert (frame_positions(torch.zeros(1, 2), 256)[0] == torch.arange(2048)).all()
