"""Where and how precisely an encoder computes."""

from dataclasses import dataclass
from typing import Literal

import torch

Precision = Literal["fp32", "bf16"]


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
    """Return how to compute on ``device`` ("cpu" or "cuda"); auto as `prefers_bf16` says."""
    chosen = torch.device(device)
    if precision == "auto":
        precision = "bf16" if prefers_bf16(chosen) else "fp32"
    return Compute(chosen, precision)


def prefers_bf16(device: torch.device) -> bool:
    """Say whether ``device`` is a GPU with units for bfloat16.

    Some processors have them too, and are faster or slower with them. What is computed on a
    processor is float32 on all of them, so that a result does not depend on whose machine it is.
    """
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
