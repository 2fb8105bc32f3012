"""Sections that are laid over a common section: only what differs is stated."""

from copy import copy
from typing import Any, TypeVar

from pydantic import ValidationError, create_model

from pez.runtime.errors import ConfigError
from pez.runtime.schema import Schema

Section = TypeVar("Section", bound=Schema)


def part_of(section: type[Schema], name: str) -> Any:
    """Return a section with the fields of ``section``, none of them required."""
    fields: dict[str, Any] = {}
    for key, known in section.model_fields.items():
        field = copy(known)
        field.default = None
        fields[key] = (known.annotation | None, field)  # type: ignore[operator]
    return create_model(
        name, __base__=Schema, __doc__=f"Some keys of {section.__name__}.", **fields
    )


def lay_over(common: Section, part: Any, where: str) -> Section:
    """Return ``common`` with the fields that ``part`` states in their place.

    Raises:
        ConfigError: together they contradict themselves; ``where`` says which keys they are.
    """
    stated = part.model_dump(exclude_none=True)
    if not stated:
        return common
    try:
        return type(common).model_validate(common.model_dump() | stated)
    except ValidationError as error:
        reason = error.errors(include_url=False)[0].get("ctx", {}).get("error", error)
        raise ConfigError(f"{where}: {reason}") from None
