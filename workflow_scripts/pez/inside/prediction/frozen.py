"""Residual states of a frozen encoder, of whole frames or of a window within them."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from pez.encoders.compute import Compute
from pez.encoders.rotary import Rotary
from pez.encoders.transformer import Encoder
from pez.runtime.errors import ConfigError


def normalised(tokens: Tensor) -> Tensor:
    """``tokens`` [..., D], each about its mean and divided by its deviation over channels."""
    return F.layer_norm(tokens.float(), tokens.shape[-1:])


@dataclass(frozen=True)
class Frozen:
    """An encoder whose states are predicted.

    Attributes:
        encoder: prepared.
        compute: its device and precision.
        rotary: rotation of all tokens of whole frames.
    """

    encoder: Encoder
    compute: Compute
    rotary: Rotary

    @property
    def grid(self) -> int:
        """Patches along a side of a frame."""
        return self.encoder.spec.input_size // self.encoder.spec.patch_size

    def states(
        self, pixels: Tensor, wanted: Sequence[int], places: Tensor | None = None
    ) -> dict[int, Tensor]:
        """States of clips that the encoder sees by themselves, normalised over channels.

        Args:
            pixels: float32 [B, T, 3, side, side], T even.
            wanted: states, 0 to L, ascending.
            places: numbers that the tokens have among those of whole frames, int64 [N]; None where
                they are of whole frames.

        Returns:
            By state, float32 [B, N, D].
        """
        found = {}
        rotate = self.rotary if places is None else self.rotary.at_positions(places)
        with torch.no_grad(), self.compute.autocast():
            tokens = self.encoder.embed(pixels)
            for state, block in enumerate(self.encoder.blocks()):
                if state in wanted:
                    found[state] = normalised(tokens)
                block.attention.rotate = rotate
                tokens = block(tokens)
        if len(self.encoder.blocks()) in wanted:
            found[len(self.encoder.blocks())] = normalised(tokens)
        return found


def freeze(encoder: Encoder, compute: Compute) -> Frozen:
    """Take an ``encoder`` that `pez.encoders.transformer.prepare` made ready.

    Raises:
        ConfigError: its family embeds positions, so that it can see no window.
    """
    rotary = encoder.blocks()[0].attention.rotate
    if not isinstance(rotary, Rotary):
        raise ConfigError(
            f"encoders of family {encoder.spec.family!r} have no rotary positions, and predictors "
            "by layer need them: take a model of family vjepa2 or vjepa2_1."
        )
    return Frozen(encoder, compute, rotary)
