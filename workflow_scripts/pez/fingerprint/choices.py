"""The names that a configuration chooses among, and those that it has chosen."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel


def choices_of(model: type[BaseModel]) -> frozenset[str]:
    """Every string that a field of ``model``, or of a section in it, allows by a Literal type."""
    return frozenset(_choices(model, set()))


def _choices(annotation: Any, seen: set[type]) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from (value for value in get_args(annotation) if isinstance(value, str))
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation not in seen:
            seen.add(annotation)
            for field in annotation.model_fields.values():
                yield from _choices(field.annotation, seen)
    else:
        for part in get_args(annotation):
            yield from _choices(part, seen)


def names_in(values: Any) -> Iterator[str]:
    """Yield every string in ``values``: configuration sections, containers of them, or strings."""
    if isinstance(values, BaseModel):
        yield from names_in(values.model_dump(mode="json"))
    elif isinstance(values, str):
        yield values
    elif isinstance(values, Mapping):
        for key, value in values.items():
            yield from names_in(key)
            yield from names_in(value)
    elif isinstance(values, list | tuple | set | frozenset):
        for value in values:
            yield from names_in(value)
