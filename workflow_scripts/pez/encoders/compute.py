"""Where and how precisely an encoder computes, and the module made ready for it."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from transformers.models.vjepa2.modeling_vjepa2 import VJEPA2Encoder

from pez.encoders.attention import BLOCKED
from pez.encoders.patches import ExactPatchEmbedding
from pez.encoders.rotary import Rotary

Precision = Literal["fp32", "bf16"]

_PROBE_SIZE, _PROBE_REPEATS = 512, 15


@dataclass(frozen=True)
class Compute:
    """A device and the precision of the matrix products on it.

    Whatever the precision, the residual stream, LayerNorms and patch embedding are float32.
    """

    device: torch.device
    precision: Precision

    def autocast(self) -> torch.autocast:
        """Return the context in which the encoder is called."""
        return torch.autocast(
            self.device.type, dtype=torch.bfloat16, enabled=self.precision == "bf16"
        )


def choose_compute(device: str, precision: Literal["auto", "fp32", "bf16"]) -> Compute:
    """Return how to compute on ``device`` ("cpu" or "cuda"); auto is the faster precision."""
    chosen = torch.device(device)
    if precision == "auto":
        precision = "bf16" if prefers_bf16(chosen) else "fp32"
    return Compute(chosen, precision)


def prefers_bf16(device: torch.device) -> bool:
    """Say whether matrix products on ``device`` are faster in bfloat16 than in float32.

    GPUs with bfloat16 units always are. Of two processors that both list the instructions
    (avx512_bf16), an AMD EPYC took a quarter of float32's time and an Intel Xeon without AMX
    twice as much: so a processor that has them is asked, by two products of some milliseconds.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    # Named differently by instruction set: AVX-512 and AMX of x86, and Arm's.
    if not any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16")):
        return False
    rounded, full = product_seconds((torch.bfloat16, torch.float32))
    return rounded < full


def product_seconds(dtypes: Sequence[torch.dtype]) -> list[float]:
    """Processor time of a matrix product in each of ``dtypes``, the least of some.

    Processor time, as other work may hold the processor in between; and by turns, as it may slow
    down what runs beside it.
    """
    matrices = [torch.ones(_PROBE_SIZE, _PROBE_SIZE, dtype=dtype) for dtype in dtypes]
    least = [math.inf] * len(dtypes)
    for attempt in range(_PROBE_REPEATS + 1):
        for index, matrix in enumerate(matrices):
            started = time.process_time()
            matrix @ matrix
            if attempt:  # the first one prepares the kernel
                least[index] = min(least[index], time.process_time() - started)
    return least


class _Rounded(nn.Module):
    """Rounds a LayerNorm's output to bfloat16 once, in place of once for each matrix it meets."""

    def __init__(self, norm: nn.LayerNorm) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the normalised ``tokens`` in bfloat16."""
        output: Tensor = self.norm(tokens)
        return output.to(torch.bfloat16)


def prepare(encoder: VJEPA2Encoder, compute: Compute) -> VJEPA2Encoder:
    """Move a float32 ``encoder`` to the device and ready it for whole clips, in place.

    Under autocast the patch embedding would give bfloat16, and the residual stream would stay so
    through all blocks. Kept out of autocast, it starts the stream in float32, to which every block
    then adds: 0.45 % error after the 24 untrained blocks of V-JEPA 2 Large in place of 1.24 %.
    Matrices are stored in bfloat16 for bf16, as autocast would round them at every call.
    """
    encoder.embeddings = ExactPatchEmbedding(encoder.embeddings.patch_embeddings.proj)
    dtype = torch.bfloat16 if compute.precision == "bf16" else torch.float32
    rotary = Rotary(encoder.layer[0].attention, dtype, compute.device)
    for block in encoder.layer:
        block.attention.get_position_ids = lambda *_, **__: None  # the table knows them
        block.attention.apply_rotary_embeddings = rotary.rotate
        if compute.precision == "bf16":
            for module in block.modules():
                if isinstance(module, nn.Linear):
                    module.to(torch.bfloat16)
            block.norm1, block.norm2 = _Rounded(block.norm1), _Rounded(block.norm2)
    if compute.device.type == "cpu" and compute.precision == "bf16":
        encoder.config._attn_implementation = BLOCKED
    return encoder.to(compute.device)
