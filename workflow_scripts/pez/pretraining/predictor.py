"""The predictor of masked features: a small transformer of transformers' V-JEPA 2 blocks.

Transformers' own predictor sizes its mask tokens by the largest token number of a batch, a value
that a compiled step of fixed shapes cannot depend on; and it is of no use after training.
"""

import torch
from torch import Tensor, nn
from transformers import VJEPA2Config
from transformers.models.vjepa2.modeling_vjepa2 import VJEPA2Layer

from pez.pretraining.spec import PredictorSpec

_STD = 0.02  # of V-JEPA 2's initialisation, as in `pez.encoders.initialise`
MLP_RATIO = 4.0


class Predictor(nn.Module):
    """Predict features of the target tokens from those of the context and both positions."""

    def __init__(self, spec: PredictorSpec, config: VJEPA2Config) -> None:
        super().__init__()
        self.embed = nn.Linear(config.hidden_size, spec.hidden_size)
        self.mask_token = nn.Parameter(torch.zeros(spec.hidden_size))
        self.layer = nn.ModuleList(
            VJEPA2Layer(
                config,
                hidden_size=spec.hidden_size,
                num_attention_heads=spec.heads,
                mlp_ratio=MLP_RATIO,
            )
            for _ in range(spec.layers)
        )
        self.norm = nn.LayerNorm(spec.hidden_size, eps=config.layer_norm_eps)
        self.project = nn.Linear(spec.hidden_size, config.hidden_size)

    def forward(self, context: Tensor, positions: Tensor) -> Tensor:
        """Predict the tokens after those of the context.

        Args:
            context: encoder output [B, C, D].
            positions: token numbers in the frame [B, C + M], first of the context's tokens.

        Returns:
            [B, M, D].
        """
        batch, seen, _ = context.shape
        hidden = positions.shape[1] - seen
        masked = self.mask_token.expand(batch, hidden, -1)
        tokens = torch.cat([self.embed(context).to(masked.dtype), masked], dim=1)
        for block in self.layer:
            tokens = block(tokens, position_mask=positions)[0]
        predicted: Tensor = self.project(self.norm(tokens[:, seen:]))
        return predicted


def initialise_predictor(predictor: Predictor, generator: torch.Generator) -> None:
    """Draw the predictor's weights as those of the encoder: normal of 0.02, biases 0."""
    for name, parameter in predictor.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(parameter)
        elif parameter.ndim > 1 or name == "mask_token":
            nn.init.trunc_normal_(parameter, std=_STD, generator=generator)
        else:
            nn.init.ones_(parameter)
