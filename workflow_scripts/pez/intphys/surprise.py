"""Violation of expectation: how badly a V-JEPA 2 predictor foresees what a movie goes on to show.

In every window of a movie the encoder sees the first frames alone; the predictor says what features
the others will have; surprise is the mean absolute difference to what the target encoder makes of
the whole window. Impossible movies should surprise more (Garrido et al. 2025, arXiv 2502.11831).

No rule of the workflow needs this: encoder files hold no predictor. It is for who has the weights.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import VJEPA2Model
from transformers.models.vjepa2.modeling_vjepa2 import VJEPA2Encoder

from pez.encoders.patches import TUBELET_FRAMES

WINDOW_FRAMES, WINDOW_STRIDE = 16, 2
CONTEXT_FRAMES = (2, 4, 6, 8, 10)

Encode = Callable[[Tensor], Tensor]  # pixels [B, T, 3, S, S] -> tokens [B, N, D]
Predict = Callable[[Tensor, int], Tensor]  # context [B, n, D], N -> the other N - n tokens


def surprise(
    encode_context: Encode,
    encode_target: Encode,
    predict: Predict,
    pixels: Tensor,
    contexts: Sequence[int] = CONTEXT_FRAMES,
) -> np.ndarray:
    """Surprise of every window of one movie under every length of context.

    Args:
        encode_context: called with the first frames of windows, and nothing after them.
        encode_target: called with whole windows; its tokens are normalised over their channels, as
            in training.
        predict: what the predictor expects of the tokens after the context.
        pixels: the movie, float32 [T, 3, S, S], normalised; at least `WINDOW_FRAMES` frames.
        contexts: numbers of frames that are seen, each a multiple of the tubelet.

    Returns:
        float64 [contexts, windows]; windows start every `WINDOW_STRIDE` frames.

    Raises:
        ValueError: the movie is too short, or a context is no whole number of tubelets.
    """
    if len(pixels) < WINDOW_FRAMES:
        raise ValueError(f"a movie of {len(pixels)} frames: a window has {WINDOW_FRAMES}")
    wrong = [c for c in contexts if c % TUBELET_FRAMES or not 0 < c < WINDOW_FRAMES]
    if wrong:
        raise ValueError(f"contexts {wrong}: take even numbers of frames below {WINDOW_FRAMES}")
    windows = pixels.unfold(0, WINDOW_FRAMES, WINDOW_STRIDE).movedim(-1, 1)
    with torch.inference_mode():
        target = encode_target(windows)
        target = F.layer_norm(target, target.shape[-1:])
        losses = []
        for frames in contexts:
            expected = predict(encode_context(windows[:, :frames]), target.shape[1])
            actual = target[:, -expected.shape[1] :]
            losses.append((expected - actual).abs().mean(dim=(1, 2)))
    return torch.stack(losses).double().cpu().numpy()


def movie_scores(losses: np.ndarray) -> np.ndarray:
    """Plausibility of a movie for each context: minus the mean surprise over windows, [contexts].

    Args:
        losses: [contexts, windows].
    """
    return -losses.mean(axis=1)


def of_model(model: VJEPA2Model, target: VJEPA2Encoder) -> tuple[Encode, Encode, Predict]:
    """Return the three parts of `surprise` for transformers' V-JEPA 2.

    The context is encoded by itself: the model's own masks hide tokens only after the encoder has
    seen the whole window. The predictor's first mask token is used, as in Meta's evaluation;
    transformers' default is the second.

    Args:
        model: encoder and predictor.
        target: the moving average of the encoder; where there is none, ``model.encoder`` again.
    """
    predictor = model.predictor
    embed = predictor.embeddings.forward
    predictor.embeddings.forward = lambda *args, **kwargs: embed(
        *args, **kwargs | {"mask_index": 0}
    )
    grid = (model.config.crop_size // model.config.patch_size) ** 2

    def encode_with(encoder: VJEPA2Encoder) -> Encode:
        return lambda pixels: encoder(pixels).last_hidden_state

    def predict(context: Tensor, tokens: int) -> Tensor:
        seen = context.shape[1]
        assert seen % grid == 0 and tokens % grid == 0
        places = torch.arange(tokens, device=context.device).expand(len(context), -1)
        output = predictor(
            encoder_hidden_states=context,
            context_mask=[places[:, :seen]],
            target_mask=[places[:, seen:]],
        )
        predicted: Tensor = output.last_hidden_state
        return predicted

    return encode_with(model.encoder), encode_with(target), predict
