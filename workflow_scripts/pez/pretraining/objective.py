"""V-JEPA 2's objective: predict the features that a slow copy of the encoder gives hidden tokens.

The encoder sees the context tokens of a clip and nothing else; the target encoder, a moving
average of it, sees the whole clip; the predictor turns the one into the other at the hidden
tokens. The loss is the mean absolute difference (arXiv 2506.09985, section 2).
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pez.pretraining.masks import Masks
from pez.pretraining.predictor import Predictor


class Targets(NamedTuple):
    """What the target encoder says of a batch of whole clips."""

    features: Tensor  # float32 [B, N, D], every token normalised over its channels
    spread: Tensor  # float32 [], see `spread_over_clips`


def encode(encoder: Any, patches: Tensor, positions: Tensor) -> Tensor:
    """Run the transformer on some tokens of a clip; the others do not exist for it.

    Args:
        encoder: transformers' V-JEPA 2 encoder, built for whole frames.
        patches: [B, n, 1536], any tokens of every clip.
        positions: their numbers in the whole frame, int64 [B, n].

    Returns:
        The residual stream after the last block, [B, n, D], before the final LayerNorm.
    """
    projection = encoder.embeddings.patch_embeddings.proj
    tokens: Tensor = F.linear(patches, projection.weight.flatten(1)) + projection.bias
    for block in encoder.layer:
        tokens = block(tokens, position_mask=positions)[0]
    return tokens


def pick(values: Tensor, tokens: Tensor) -> Tensor:
    """Gather ``values`` [B, N, ...] at token numbers [B, n]: [B, n, ...]."""
    if values.ndim == 2:
        return values.gather(1, tokens)
    return values.gather(1, tokens[..., None].expand(-1, -1, values.shape[2]))


def spread_over_clips(stream: Tensor) -> Tensor:
    """Standard deviation over clips of raw features [B, N, D], averaged over tokens and channels.

    At a fixed token and before any LayerNorm: a network that gives every clip the same features
    has spread 0, however large they are, while a LayerNorm would blow what is left up to 1.
    """
    return stream.float().std(dim=0).mean()


@torch.no_grad()
def target_features(target: Any, patches: Tensor, positions: Tensor) -> Targets:
    """Features of all tokens of whole clips, as the predictor is to predict them."""
    stream = encode(target, patches, positions)
    features = target.layernorm(stream).float()
    return Targets(F.layer_norm(features, features.shape[-1:]), spread_over_clips(stream))


class Objective(nn.Module):
    """The trained part: encoder and predictor, whose forward pass is the loss."""

    def __init__(self, encoder: nn.Module, predictor: Predictor) -> None:
        super().__init__()
        self.encoder: Any = encoder
        self.predictor = predictor

    def forward(self, patches: Tensor, positions: Tensor, targets: Tensor, masks: Masks) -> Tensor:
        """Mean absolute error of the predicted features, a scalar.

        Args:
            patches: [B, N, 1536], whole windows.
            positions: [B, N], token numbers in the frame.
            targets: [B, N, D].
            masks: which of the N tokens are context and which are predicted.
        """
        seen = pick(positions, masks.context)
        hidden = pick(positions, masks.target)
        stream = encode(self.encoder, pick(patches, masks.context), seen)
        context = self.encoder.layernorm(stream)
        predicted = self.predictor(context, torch.cat([seen, hidden], dim=1))
        return F.l1_loss(predicted.float(), pick(targets, masks.target))
