"""The predictor: a narrow transformer of the encoder's own blocks, with the encoder's positions.

That of the pre-training (`pez.pretraining.predictor`) has transformers' blocks, which take several
times as long on a CPU.
"""

import torch
from torch import Tensor, nn

from pez.encoders.architecture import build_encoder
from pez.encoders.compute import Compute
from pez.encoders.published import vjepa_initial
from pez.encoders.rotary import Rotary
from pez.encoders.spec import EncoderSpec
from pez.encoders.transformer import EPSILON, Block
from pez.pretraining.spec import PredictorSpec

_MLP_RATIO = 4


def predictor_spec(shape: PredictorSpec, encoder: EncoderSpec) -> EncoderSpec:
    """Architecture of the predictor's blocks, on the grid of ``encoder``."""
    sizes = {
        "hidden_size": shape.hidden_size,
        "layers": shape.layers,
        "heads": shape.heads,
        "mlp_size": _MLP_RATIO * shape.hidden_size,
    }
    return encoder.model_copy(update=sizes)


def predictor_rotary(shape: PredictorSpec, encoder: EncoderSpec, compute: Compute) -> Rotary:
    """Rotation of the predictor's queries and keys, of all tokens of whole frames."""
    dtype = torch.bfloat16 if compute.precision == "bf16" else torch.float32
    rotary = build_encoder(predictor_spec(shape, encoder)).rotary(dtype, compute.device)
    assert isinstance(rotary, Rotary)
    return rotary


class LayerPredictor(nn.Module):
    """Predict states of tokens after the context from those of the context."""

    def __init__(self, shape: PredictorSpec, encoder: EncoderSpec) -> None:
        super().__init__()
        spec = predictor_spec(shape, encoder)
        self.embed = nn.Linear(encoder.hidden_size, spec.hidden_size)
        self.mask_token = nn.Parameter(torch.empty(spec.hidden_size))
        self.layer = nn.ModuleList(Block(spec, key_bias=True) for _ in range(spec.layers))
        self.norm = nn.LayerNorm(spec.hidden_size, eps=EPSILON)
        self.project = nn.Linear(spec.hidden_size, encoder.hidden_size)

    def forward(self, context: Tensor, tokens: int, rotate: Rotary) -> Tensor:
        """Predict the tokens that follow those of the context.

        Args:
            context: normalised states of the first tokens, float32 [B, n, D].
            tokens: how many there are in all, N.
            rotate: rotation of these.

        Returns:
            float32 [B, N - n, D].
        """
        batch, seen, _ = context.shape
        masked = self.mask_token.expand(batch, tokens - seen, -1)
        stream = torch.cat([self.embed(context).float(), masked], dim=1)
        for block in self.layer:
            assert isinstance(block, Block)
            block.attention.rotate = rotate
            stream = block(stream)
        predicted: Tensor = self.project(self.norm(stream[:, seen:]))
        return predicted.float()


def new_predictor(shape: PredictorSpec, encoder: EncoderSpec, seed: int) -> LayerPredictor:
    """A predictor as it is before training: drawn by Meta's scheme, the mask token as a matrix."""
    predictor = LayerPredictor(shape, encoder)
    generator = torch.Generator("cpu").manual_seed(seed)
    with torch.no_grad():
        for name, parameter in predictor.named_parameters():
            if name == "mask_token":
                parameter.copy_(vjepa_initial("weight", parameter[None].clone(), generator)[0])
            else:
                vjepa_initial(name, parameter, generator)
    return predictor
