"""torch.compile of the blocks, where the clips at hand repay the time that it takes."""

import torch

from pez.encoders.architecture import forward_flop
from pez.encoders.compute import Compute
from pez.encoders.spec import EncoderSpec
from pez.encoders.transformer import Encoder

# On an H100 a job compiles for about 9 s and then saves 1.3 ms of every clip of V-JEPA 2 Large,
# which are 1.66e12 operations (docs/benchmarks.md).
_PAYS_FROM_FLOP = 1.2e16


def compiling_pays(spec: EncoderSpec, frames: int, clips: int, compute: Compute) -> bool:
    """Say whether compiled blocks finish ``clips`` clips of ``frames`` frames sooner.

    On a CPU they never do: the matrix products are the same, and the rest is little.
    """
    work = clips * sum(forward_flop(spec, frames).values())
    return compute.device.type == "cuda" and work >= _PAYS_FROM_FLOP


def compile_blocks(encoder: Encoder) -> None:
    """Compile the forward pass of every block, in place.

    All blocks run one piece of code, which is compiled once for each batch size; a whole encoder
    would be compiled block by block. Hooks stay outside.
    """
    for block in encoder.layer:
        block.forward = torch.compile(block.forward, dynamic=False)
