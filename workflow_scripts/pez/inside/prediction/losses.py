"""Errors of every token: of trained predictors, and of two that need no training."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from torch import Tensor

from pez.inside.kinds.layer_prediction import WINDOW_FRAMES
from pez.inside.prediction.frozen import Frozen
from pez.inside.prediction.names import LAST, MEAN, NO_CHANGE, SAME, TRAINED
from pez.inside.prediction.train import TUBELETS, Which

Predict = Callable[[Tensor, int], Tensor]  # context [B, n, D], N -> the other N - n tokens


class Key(NamedTuple):
    """Whose error it is: names as in `pez.inside.prediction.names`, ``context`` in frames."""

    predictor: str
    reading: str
    state: int
    context: int


def token_errors(
    frozen: Frozen,
    predictors: Mapping[Which, Predict],
    means: Mapping[int, Tensor],
    pixels: Tensor,
    contexts: Sequence[int],
) -> dict[Key, Tensor]:
    """Mean absolute error over channels of every token after the context.

    Args:
        frozen: the encoder.
        predictors: by reading and state; from the last state `SAME` serves both readings.
        means: by state, [D].
        pixels: whole windows, float32 [B, 16, 3, side, side], normalised.
        contexts: numbers of frames that are seen.

    Returns:
        Float32 [B, tokens after the context]. `NO_CHANGE` and `MEAN` are of the reading `SAME`.
    """
    states = sorted(means)
    last = states[-1]
    targets = frozen.states(pixels, states)
    tokens = targets[last].shape[1]
    found = {}
    for context in contexts:
        seen = tokens * context // WINDOW_FRAMES
        shown = frozen.states(pixels[:, :context], states)
        for (reading, state), predict in predictors.items():
            target = targets[state if reading == SAME else last]
            key = Key(TRAINED, reading, state, context)
            found[key] = _error(predict(shown[state], tokens), target[:, seen:])
        found[Key(TRAINED, LAST, last, context)] = found[Key(TRAINED, SAME, last, context)]
        for state in states:
            own = targets[state][:, seen:]
            still = repeated(shown[state], tokens)
            found[Key(NO_CHANGE, SAME, state, context)] = _error(still, own)
            found[Key(MEAN, SAME, state, context)] = _error(means[state], own)
    return found


def repeated(context: Tensor, tokens: int) -> Tensor:
    """The last tubelet of ``context`` [B, n, D] in place of each that follows, [B, N - n, D]."""
    size = tokens // TUBELETS
    return context[:, -size:].repeat(1, (tokens - context.shape[1]) // size, 1)


def _error(foreseen: Tensor, target: Tensor) -> Tensor:
    return (foreseen - target).abs().mean(dim=-1)
