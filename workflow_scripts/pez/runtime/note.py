"""A note of the recipe beside what a job makes.

Snakemake keeps what it knows of a file in ``.snakemake``; of a file without such a record it only
sees that it is there. The note, an output like the others, travels with them: it is compared with
the present recipe then (rules/recipes.smk).
"""

import json
from pathlib import Path

from pez.runtime.atomic import atomic_path


def write_note(path: Path | str, recipe: str) -> None:
    """Note by which ``recipe`` (see `pez.fingerprint.recipe`) the job's files were made."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps({"recipe": recipe}) + "\n")


def read_note(path: Path | str) -> str | None:
    """Return the recipe that a note holds; None if there is no note, or no readable one."""
    try:
        recipe = json.loads(Path(path).read_text())["recipe"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return recipe if isinstance(recipe, str) else None
