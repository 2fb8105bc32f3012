"""Names of captures, poolings and stored views, and the configuration of the extraction."""

from typing import Literal, get_args

from pydantic import Field

from pez.runtime.schema import Schema

Capture = Literal["resid_pre", "resid_post"]
Pooling = Literal[
    "mean",
    "temporal_first",
    "temporal_last",
    "temporal_diff",
    "temporal_last_patch",
    "temporal_diff_patch",
    "all_patch",
]
View = Literal["tubelet_mean", "first_tubelet_patches", "last_tubelet_patches", "all_patches"]

VIEWS: tuple[View, ...] = get_args(View)
VIEWS_OF_POOLING: dict[Pooling, tuple[View, ...]] = {
    "mean": ("tubelet_mean",),
    "temporal_first": ("tubelet_mean",),
    "temporal_last": ("tubelet_mean",),
    "temporal_diff": ("tubelet_mean",),
    "temporal_last_patch": ("last_tubelet_patches",),
    "temporal_diff_patch": ("first_tubelet_patches", "last_tubelet_patches"),
    "all_patch": ("all_patches",),
}


def residual_state(layer: int, capture: Capture) -> int:
    """Residual state that block ``layer`` reads (resid_pre) or writes (resid_post): l or l + 1.

    State 0 is the patch embedding, state L the output of the last block, before any final norm.
    """
    return layer if capture == "resid_pre" else layer + 1


class ExtractionSpec(Schema):
    """Section ``extraction`` of the configuration."""

    preprocessing: Literal["resize", "eval_preproc"] = Field(
        "resize",
        description="resize straight to the input size, or resize to 293/256 of it and crop",
    )
    batch_size: int = Field(
        8, ge=1, description="clips per forward pass; halved when memory is short"
    )
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto",
        description="auto: fp32 on a CPU, bf16 on a GPU that has it; decided once and kept "
        "in precision.json, for all jobs",
    )
