"""What a file is made from: the values that its rule is given, the code, and its inputs.

Provenance is a digest that holds those of the inputs, so that it says of a file whether it is what
the present configuration and code would make, wherever the file has been copied to.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from pez.runtime.errors import ArtifactError
from pez.runtime.regular import open_regular

_SAMPLE = 1 << 16  # bytes that are read at each of some places of a large file
_PLACES = 16
_LONGEST_TEXT = 1 << 20  # letters of a text that are looked at


def values(given: Any) -> Any:
    """Turn configuration sections in ``given`` to plain data, without what is at its default.

    A new field with a default therefore changes nothing, and a changed default changes the code.
    """
    if isinstance(given, BaseModel):
        return given.model_dump(mode="json", exclude_defaults=True)
    if isinstance(given, Mapping):
        return {name: values(value) for name, value in given.items()}
    if isinstance(given, list | tuple):
        return [values(value) for value in given]
    return given


def made(given: Any, code: str, inputs: Iterable[str]) -> dict[str, str]:
    """Return the provenance of a file, as a rule parameter.

    Args:
        given: what the rule's script is given, sections of the configuration among it.
        code: fingerprint of the script.
        inputs: provenance of the files that it reads, or digests of their contents.

    Returns:
        ``provenance``, the digest of all; ``code`` and ``inputs``, to tell what has changed.
    """
    before = digest(list(inputs))
    return {"provenance": digest([values(given), code, before]), "code": code, "inputs": before}


def digest(data: Any) -> str:
    """Return 16 hex digits of JSON-able ``data``."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]


def digest_of_file(path: Path | str) -> str:
    """Return the SHA-256 of a file's content.

    Raises:
        ArtifactError: it cannot be read, or is a pipe or a device, which would have no end.
    """
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of_clips(clips: Mapping[str, Iterable[Path]]) -> str:
    """Return a digest of the files of clips by their names: small ones whole, samples of others.

    What cannot be read is left to the check of the clips, which names it with all else.
    """
    found = hashlib.sha256()
    for name, files in clips.items():
        found.update(f"{name}\0".encode())
        for path in files:
            found.update(_digest_of_part(path).encode())
    return found.hexdigest()[:16]


def _digest_of_part(path: Path) -> str:
    try:
        small = path.stat().st_size <= _SAMPLE * _PLACES
        return digest_of_file(path) if small else sampled_digest([path])
    except (ArtifactError, OSError):
        return "unreadable"


def digest_of_texts(paths: Iterable[Path | str]) -> str:
    """Return a digest of small files of text; what cannot be read is left to who reads them."""
    return digest([_text(path) for path in paths])


def _text(path: Path | str) -> str:
    try:
        with open_regular(path) as file:
            return TextIOWrapper(file, "utf-8", errors="replace").read(_LONGEST_TEXT)
    except ArtifactError:
        return "unreadable"


def sampled_digest(paths: Iterable[Path]) -> str:
    """Return a digest of the sizes of large files and of samples from all over them.

    Reading gigabytes of weights for every plan would take longer than the plan. Fine-tuning moves
    every tensor, so that a file with the same samples is the same file.
    """
    found = hashlib.sha256()
    for path in paths:
        size = path.stat().st_size
        found.update(f"{path.name}\0{size}\0".encode())
        with open_regular(path) as file:
            for place in range(_PLACES + 1):
                file.seek(max(0, size - _SAMPLE) * place // _PLACES)
                found.update(file.read(_SAMPLE))
    return found.hexdigest()[:16]
