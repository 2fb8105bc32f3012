"""Where and how precisely an encoder computes."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch

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
