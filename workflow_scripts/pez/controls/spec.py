"""Section ``controls`` of the configuration, and what names some of them elsewhere."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field

from pez.runtime.schema import Schema

Seeds = tuple[Annotated[int, Field(ge=0)], ...]


def _without_none(controls: object) -> object:
    """Drop what an overlay has set to null: it cannot take a key away."""
    if not isinstance(controls, Mapping):
        return controls
    return {name: seeds for name, seeds in controls.items() if seeds is not None}


# Names under ``controls``, each with seeds; the first seeds are those of the section.
SeededControls = Annotated[dict[str, Seeds], BeforeValidator(_without_none)]


class ControlSpec(Schema):
    """One control."""

    seeds: Seeds = Field(
        (),
        description="of its draws; of several, figures draw the mean over them; none for a control "
        "that draws nothing",
    )
