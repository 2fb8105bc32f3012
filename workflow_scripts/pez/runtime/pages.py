"""A page for people, and the same as JSON for machines."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from pez.runtime.atomic import atomic_path
from pez.runtime.errors import ArtifactError
from pez.runtime.regular import open_regular

Content = TypeVar("Content", bound=BaseModel)


def write_with_json(page: Path, text: str, json: Path, content: BaseModel) -> None:
    """Write ``text``, the words for ``content``, to ``page``, and ``content`` to ``json``."""
    with atomic_path(page) as temporary:
        temporary.write_text(text, encoding="utf-8")
    with atomic_path(json) as temporary:
        temporary.write_text(content.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_json(path: Path | str, kind: type[Content], what: str) -> Content:
    """Read the JSON that `write_with_json` wrote.

    Args:
        path: the file.
        kind: of its content.
        what: it is, for the message.

    Raises:
        ArtifactError: the file is missing or no ``what``.
    """
    with open_regular(path) as file:
        text = file.read()
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise ArtifactError(
            f"{path} is no {what} ({error.error_count()} problems): delete it and run again."
        ) from None
