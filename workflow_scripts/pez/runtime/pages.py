"""A page for people, and the same as JSON for machines."""

from pathlib import Path

from pydantic import BaseModel

from pez.runtime.atomic import atomic_path


def write_with_json(page: Path, text: str, json: Path, content: BaseModel) -> None:
    """Write ``text``, the words for ``content``, to ``page``, and ``content`` to ``json``."""
    with atomic_path(page) as temporary:
        temporary.write_text(text, encoding="utf-8")
    with atomic_path(json) as temporary:
        temporary.write_text(content.model_dump_json(indent=2) + "\n", encoding="utf-8")
