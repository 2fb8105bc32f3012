"""Figures of possible against impossible movies."""

from collections.abc import Iterable
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from pez.figures.spec import FigureSpec, check_distinct
from pez.intphys.spec import BLOCKS
from pez.recipes.spec import ProbeSpec

Metric = Literal["matched_pair", "logit_sum", "relative_accuracy", "clip_accuracy"]


class Section(FigureSpec):
    """One figure of possible against impossible movies.

    Either a panel per probe and protocol with all models in each; or, block by block, rows of
    panels per model with its protocols in each, or per protocol with all models in each.
    """

    of_movies: ClassVar[bool] = True

    kind: Literal["plausibility"] = "plausibility"
    metrics: tuple[Metric, ...] = Field(
        ("matched_pair", "relative_accuracy"), min_length=1, description="rows of panels, in order"
    )
    controls: tuple[str, ...] = Field(
        ("untrained", "shuffled"),
        description="names under controls, drawn beside every model and protocol",
    )
    by_block: bool = Field(False, description="a panel for every block, beside the overall one")
    overlaid: bool = Field(
        False, description="block by block, all models in the same panels, rows for every protocol"
    )

    @model_validator(mode="after")
    def _fits_a_page(self) -> "Section":
        check_distinct("metrics", self.metrics)
        if self.by_block and len(self.probes) > 1:
            raise ValueError("probes names several: a figure block by block shows one")
        if self.overlaid and not self.by_block:
            raise ValueError("overlaid goes with by_block: otherwise models share panels anyway")
        if not self.by_block and len(self.recipes) > 6:
            raise ValueError(
                f"probes x protocols make {len(self.recipes)} panels side by side, and a page "
                "holds 6: take fewer"
            )
        return self

    def scores(self, probes: Iterable[ProbeSpec]) -> tuple[str, ...]:
        """As configured."""
        return self.metrics

    @property
    def subsets(self) -> tuple[str, ...]:
        """What the panels show: all movies, and the blocks if asked for."""
        return ("all", *BLOCKS) if self.by_block else ("all",)
