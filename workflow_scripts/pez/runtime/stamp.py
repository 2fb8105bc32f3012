"""A note of the recipe beside what a job makes, for folders that are copied without ``.snakemake``.

Snakemake keeps what it knows of a file in ``.snakemake``; of a file without such a record it only
sees that it is there. The note, ``{output_dir}/recipes/{rule}/{job}.json``, is compared with the
present recipe then (rules/recipes.smk).
"""

import json
from collections.abc import Sequence
from pathlib import Path

from pez.runtime.atomic import atomic_path


def stamp_of_log(log: Path | str) -> Path:
    """Return where the note of the job with the log ``{output_dir}/logs/{rule}/{job}.log`` lies."""
    log = Path(log)
    return log.parents[2] / "recipes" / log.parent.name / f"{log.stem}.json"


def remove_stamp(stamp: Path) -> None:
    """Take the note away before a job begins: what a killed job leaves has none."""
    stamp.unlink(missing_ok=True)


def write_stamp(stamp: Path, recipe: str, outputs: Sequence[str]) -> None:
    """Note by which ``recipe`` the files ``outputs`` were made."""
    with atomic_path(stamp) as temporary:
        temporary.write_text(json.dumps({"recipe": recipe, "outputs": list(outputs)}) + "\n")


def read_stamp(stamp: Path) -> str | None:
    """Return the recipe that a note holds; None if there is no note, or no readable one."""
    try:
        recipe = json.loads(stamp.read_text())["recipe"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return recipe if isinstance(recipe, str) else None
