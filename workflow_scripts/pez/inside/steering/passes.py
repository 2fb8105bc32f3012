"""Forward passes: of clips as they are, and with something added to their tokens at a state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pez.encoders.residual_stream import capture_streams
from pez.inside.network import Network
from pez.inside.steering.names import UNDER_BALL, Arm
from pez.runtime.errors import ArtifactError


@dataclass(frozen=True)
class Unedited:
    """What is kept of clips as they are, float32 on the CPU.

    Attributes:
        means: over all tokens of every state 0 .. L, [L + 1, n, D].
        under: over the tokens under the ball of the states that are edited, [F, n, D].
    """

    means: Tensor
    under: Tensor


def run_unedited(network: Network, ball: Tensor, states: Sequence[int]) -> Unedited:
    """Run every clip as it is.

    Args:
        network: with its clips.
        ball: which tokens lie under the ball, bool [n, tokens].
        states: that are edited, F of them.

    Raises:
        ArtifactError: a value is not finite.
    """
    encoder = network.ready.encoder

    def run(rows: slice, pixels: Tensor) -> tuple[Tensor, Tensor]:
        there = ball[rows].to(pixels)[..., None]
        under = []

        def mean(state: int, tokens: Tensor) -> Tensor:
            if state in states:
                under.append((tokens * there).sum(dim=1) / there.sum(dim=1))
            return tokens.mean(dim=1)

        means = capture_streams(encoder, pixels, mean)
        return torch.stack(means).cpu(), torch.stack(under).cpu()

    parts = [found for _, found in network.numbered_batches(run)]
    means, under = (torch.cat(part, dim=1) for part in zip(*parts, strict=True))
    _check(network, means, "")
    return Unedited(means, under)


def run_edited(
    network: Network, edits: Mapping[Arm, Tensor], ball: Tensor, states: Sequence[int]
) -> dict[Arm, Tensor]:
    """Run every clip once for each of ``states`` and ``edits``, added to its tokens there.

    All share what comes before the state.

    Args:
        network: with its clips.
        edits: by arm, what is added to each token that the arm names, [F, n, D].
        ball: which tokens lie under the ball, bool [n, tokens].
        states: that are edited, F of them from 1 on, in order.

    Returns:
        By arm, means over all tokens, float32 [F, L + 1, n, D] on the CPU; NaN before the edit.

    Raises:
        ArtifactError: a value is not finite.
    """
    blocks = network.ready.encoder.blocks()

    def after(tokens: Tensor, state: int) -> Tensor:
        """Means of all states, of ``tokens`` at ``state``; NaN before."""
        means = [tokens.mean(dim=1)]
        for block in blocks[state:]:
            tokens = block(tokens)
            means.append(tokens.mean(dim=1))
        before = torch.full_like(means[0], torch.nan)
        return torch.stack([before] * state + means).cpu()

    def run(rows: slice, pixels: Tensor) -> dict[Arm, Tensor]:
        there = ball[rows].to(pixels)[..., None]
        tokens = network.ready.encoder.embed(pixels)
        found: dict[Arm, list[Tensor]] = {arm: [] for arm in edits}
        for state in range(1, states[-1] + 1):
            tokens = blocks[state - 1](tokens)
            if state not in states:
                continue
            for arm, every in edits.items():
                edit = every[states.index(state), rows].to(tokens)[:, None]
                changed = tokens + (edit * there if arm.tokens == UNDER_BALL else edit)
                found[arm].append(after(changed, state))
        return {arm: torch.stack(means) for arm, means in found.items()}

    parts = [found for _, found in network.numbered_batches(run)]
    joined = {arm: torch.cat([part[arm] for part in parts], dim=2) for arm in edits}
    for arm, means in joined.items():
        for state, of_state in zip(states, means, strict=True):
            _check(network, of_state[state:], f" after an edit ({arm.edit}) at state {state}")
    return joined


def _check(network: Network, means: Tensor, when: str) -> None:
    finite = means.isfinite().all(dim=2)
    if not finite.all():
        state, clip = (int(place) for place in (~finite).nonzero()[0])
        state += network.blocks + 1 - len(means)
        raise ArtifactError(network.not_finite(f"residual state {state}{when}", clip))
