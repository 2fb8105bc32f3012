"""Which heads are taken, what a pass learns of them, and what is left without them."""

import numpy as np
import pytest
import torch

from inside.inside_samples import IDS, SPEC, opened, write_dataset
from pez.encoders.hooks import HookPoint, run_with_hooks
from pez.inside.ablation.attend import attending
from pez.inside.distances import patch_distances
from pez.inside.heads.sets import LOCAL, head_sets
from pez.inside.heads.watch import WithoutHeads, watch_heads
from pez.inside.registry import find_inside_section


def test_the_nearest_heads_of_every_block_are_the_local_set() -> None:
    distance = np.array([[3.0, 1.0, 2.0, 9.0], [0.5, 7.0, 0.1, 6.0]])
    local, *others = head_sets(distance, np.ones((2, 4)), share=0.5, others=8, seed=0)
    assert local.name == LOCAL and local.heads == ((1, 2), (0, 2))
    assert local.distance == pytest.approx((1 + 2 + 0.5 + 0.1) / 4)
    assert [one.heads for one in others] == [((0, 3), (1, 3))]  # the only other set


def test_others_hold_no_local_head_and_write_most_nearly_as_much() -> None:
    distance = np.array([[1.0, 2.0, 3.0, 4.0]])
    written = np.array([[5.0, 9.0, 5.5, 1.0]])
    local, *others = head_sets(distance, written, share=0.25, others=2, seed=0)
    assert local.heads == ((0,),) and local.written == 1
    assert [one.heads for one in others] == [((2,),), ((1,),)]
    assert [one.written for one in others] == pytest.approx([1.1, 1.8])


def test_where_sets_are_many_they_are_drawn_once_each() -> None:
    rng = np.random.default_rng(0)
    distance, written = rng.random((6, 16)), rng.random((6, 16))
    found = head_sets(distance, written, share=0.34, others=20, seed=3)
    assert len({one.heads for one in found}) == 21
    local = set(enumerate(found[0].heads))
    for one in found[1:]:
        assert all(len(heads) == 5 for heads in one.heads)
        assert not any(
            set(heads) & set(dict(local)[block]) for block, heads in enumerate(one.heads)
        )
        assert one.written == pytest.approx(1, abs=0.02)
    assert found == head_sets(distance, written, share=0.34, others=20, seed=3)


def test_a_single_head_leaves_no_other() -> None:
    with pytest.raises(ValueError, match="one head"):
        head_sets(np.ones((2, 1)), np.ones((2, 1)), 0.5, 8, 0)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dataset")
    write_dataset(folder)
    section = find_inside_section("head_ablation")
    spec = section.model_validate(
        {
            "kind": "head_ablation",
            "dataset": "velocity",
            "clips_per_condition": 3,
            "models": ["tiny"],
        }
    )
    return opened(folder, spec)


def every_clip(network) -> torch.Tensor:
    return torch.cat([pixels.clone() for _, pixels in network.batches(lambda pixels: pixels)])


def test_a_pass_learns_what_patterns_and_projections_say(network) -> None:
    """Distances and what heads write, against weights and values spelled out."""
    seen = watch_heads(network, [1, 2], "spatial")
    pixels, encoder = every_clip(network), network.ready.encoder
    patterns, values = {}, {}
    with torch.inference_mode():
        run_with_hooks(
            encoder,
            pixels,
            {
                HookPoint(name, block): lambda value, kept=kept, block=block: kept.update(
                    {block: value.clone()}
                )
                for block in (1, 2)
                for name, kept in (("pattern", patterns), ("v", values))
            },
        )
    grid = network.ready.grid
    apart = torch.from_numpy(np.tile(patch_distances(grid), (grid.tubelets, grid.tubelets)))
    for block in (1, 2):
        distance = (patterns[block].double() * apart).sum(-1).mean(dim=(0, 2))
        torch.testing.assert_close(seen[block].distance, distance, rtol=1e-5, atol=1e-5)
        attended = torch.einsum("chqk,ckhd->cqhd", patterns[block], values[block])
        torch.testing.assert_close(seen[block].mean, attended.mean(dim=0), rtol=1e-4, atol=1e-5)
        beyond = (attended - attended.mean(dim=0)).double()
        weight = encoder.blocks()[block].attention.proj.weight.double()
        columns = weight.unflatten(1, (SPEC.heads, -1))
        written = torch.einsum("ohd,cqhd->cqho", columns, beyond).square().sum(-1).mean(dim=(0, 1))
        torch.testing.assert_close(seen[block].written, written, rtol=1e-4, atol=1e-8)


def test_without_all_its_heads_a_block_writes_the_same_for_every_clip(network) -> None:
    seen, encoder = watch_heads(network, [1], "spatial"), network.ready.encoder
    own = encoder.blocks()[1].attention.attend
    pixels = every_clip(network)

    def written(heads: list[int]) -> torch.Tensor:
        found: list[torch.Tensor] = []
        taken = WithoutHeads(own, heads, seen[1].mean)
        with torch.inference_mode(), attending(encoder, {1: taken}):
            run_with_hooks(encoder, pixels, {HookPoint("attn_out", 1): found.append})
        return found[0]

    plain, one, none = written([]), written([0]), written([0, 1])
    assert len(plain) == len(IDS)
    assert plain.std(dim=0).max() > 1e-4
    torch.testing.assert_close(none, none[:1].expand_as(none))
    torch.testing.assert_close(none.mean(dim=0), plain.mean(dim=0), rtol=1e-4, atol=1e-5)
    assert one.var(dim=0).sum() > 0 and not torch.equal(one, plain)
    assert encoder.blocks()[1].attention.attend is own
