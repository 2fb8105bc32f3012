"""SHA-256 of downloaded weights: as published where that is known, else as first downloaded."""

import hashlib
import re
from pathlib import Path

from pez.encoders.spec import SHA256
from pez.runtime.atomic import atomic_path
from pez.runtime.errors import ArtifactError
from pez.runtime.regular import open_regular

_LINE = re.compile(rf"({SHA256})  (.+)")


def sha256_of(file: Path) -> str:
    """SHA-256 of a file's bytes, in 64 hexadecimal digits."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def recorded(record: Path | str) -> dict[str, str]:
    """The digests in ``record`` by the names of what was downloaded; none if there is no file.

    Raises:
        ArtifactError: a line is not a digest, two spaces and a name.
    """
    if not Path(record).exists():
        return {}
    with open_regular(record) as file:
        lines = file.read().decode(errors="replace").splitlines()
    matches = [_LINE.fullmatch(line) for line in lines]
    for number, match in enumerate(matches, 1):
        if not match:
            raise ArtifactError(
                f"{record}, line {number}, is not a SHA-256, two spaces and a name: delete the "
                "line and run again."
            )
    return {match[2]: match[1] for match in matches if match}


def write_record(record: Path | str, digests: dict[str, str]) -> None:
    """Write ``digests``, by the names of what was downloaded, as `recorded` reads them."""
    with atomic_path(record) as temporary:
        temporary.write_text("".join(f"{digest}  {name}\n" for name, digest in digests.items()))
