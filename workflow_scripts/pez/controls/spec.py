"""Section ``controls`` of the configuration."""

from typing import Annotated

from pydantic import Field

from pez.runtime.schema import Schema


class ControlSpec(Schema):
    """One control."""

    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        (),
        description="of its draws; of several, figures draw the mean over them; none for a control "
        "that draws nothing",
    )
