"""Forward passes of one batch of clips, in each of which some blocks attend otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from pez.encoders.family import Grid
from pez.encoders.transformer import Encoder
from pez.inside.ablation.attend import Attend, attending
from pez.inside.ablation.readings import WHOLE


@dataclass(frozen=True)
class Pooled:
    """What is kept of a batch at one residual state.

    Attributes:
        mean: over all tokens, float32 [clips, D].
        patches: over tubelets, float32 [clips, patches, D].
    """

    mean: Tensor
    patches: Tensor


def run_passes(
    encoder: Encoder,
    pixels: Tensor,
    passes: Mapping[str, Mapping[int, Attend]],
    states: Sequence[int],
    grid: Grid,
) -> dict[str, dict[int, Pooled]]:
    """Residual ``states`` after every pass, and after one in which nothing is changed (`WHOLE`).

    Passes share what comes before the first block that any of them changes.

    Args:
        encoder: as loaded by `pez.encoders.load.load_encoder`; called within its autocast.
        pixels: float32 [clips, frames, 3, size, size], normalised.
        passes: by name, how blocks (numbers from 0) attend in it; at least one.
        states: 1 .. L; a pass has those after its first changed block, the whole one those after
            the first changed block of all.
        grid: of the tokens.
    """
    blocks, last = encoder.blocks(), max(states)
    first_of = {name: min(attends) for name, attends in passes.items()}
    tokens = encoder.embed(pixels)
    before = {0: tokens}
    for number, block in enumerate(blocks[: max(first_of.values(), default=0)]):
        tokens = block(tokens)
        if number + 1 in first_of.values():
            before[number + 1] = tokens

    def run(tokens: Tensor, first: int) -> dict[int, Pooled]:
        found = {}
        for number in range(first, last):
            tokens = blocks[number](tokens)
            if number + 1 in states:
                found[number + 1] = _pooled(tokens, grid)
        return found

    earliest = min(first_of.values(), default=0)
    found = {WHOLE: run(before[earliest], earliest)}
    for name, attends in passes.items():
        with attending(encoder, attends):
            found[name] = run(before[first_of[name]], first_of[name])
    return found


def _pooled(tokens: Tensor, grid: Grid) -> Pooled:
    patches = tokens.unflatten(1, (grid.tubelets, -1)).mean(dim=1)
    return Pooled(patches.mean(dim=1), patches)
