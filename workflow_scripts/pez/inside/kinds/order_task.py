"""Temporal order read beside direction and place, by depth (figure 12 of arXiv 2602.07050)."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator

from pez.inside.spec import InsideSpec, Name

Variant = Literal["tubelets", "frames", "reversed"]


class Section(InsideSpec):
    """Clips in their own order told from the same clips in another, and two tasks beside."""

    kind: Literal["order_task"]
    variants: tuple[Variant, ...] = Field(
        ("tubelets", "frames", "reversed"),
        description="other orders, each a pass and a task of its own: tubelets, or frames, in "
        "random order, drawn for each clip; the clip backwards. Tubelets decide the verdict",
    )
    order_seed: int = Field(1, ge=0, description="of the orders, and of labels dealt out at random")
    training_clips: int | None = Field(
        None, ge=8, description="clips that each fold is fitted to; null: all that it has"
    )
    folds: int = Field(5, ge=2, le=20, description="by condition: direction and magnitude")
    fold_seed: int = Field(42, ge=0)
    alphas: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3, 1e4), min_length=1, description="penalties of the probes"
    )
    permutations: int = Field(
        200, ge=20, description="of the labels; they set the rise that an onset needs"
    )
    figures: Mapping[Name, Literal["order_task"]] = Field(
        {}, description="pictures by the figure's name"
    )

    @field_validator("variants")
    @classmethod
    def _has_tubelets(cls, variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
        if "tubelets" not in variants:
            raise ValueError("name tubelets: at state 0 their score is chance by construction")
        if len(set(variants)) < len(variants):
            raise ValueError("a name stands here twice")
        return variants
