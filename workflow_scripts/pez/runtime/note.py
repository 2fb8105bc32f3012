"""A note of the provenance beside what a job makes.

Snakemake keeps what it knows of a file in ``.snakemake``; of a file without such a record it only
sees that it is there. The note, an output like the others, travels with them: it is compared with
the present provenance then (rules/provenance.smk).
"""

import json
from pathlib import Path

from pez.runtime.atomic import atomic_path


def write_note(path: Path | str, provenance: str) -> None:
    """Note the ``provenance`` (see `pez.fingerprint.provenance`) of the files that a job made."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps({"provenance": provenance}) + "\n")


def read_note(path: Path | str) -> str | None:
    """Return the provenance that a note holds; None if there is no note, or no readable one."""
    if not Path(path).is_file():  # nor a pipe, from which there is nothing to read
        return None
    try:
        provenance = json.loads(Path(path).read_text())["provenance"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return provenance if isinstance(provenance, str) else None
