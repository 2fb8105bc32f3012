"""The file that says where in the cache of the Hugging Face hub a model's weights lie."""

import json
from pathlib import Path

from pez.runtime.atomic import atomic_path
from pez.runtime.errors import ArtifactError
from pez.runtime.regular import open_regular


def write_pointer(path: Path | str, name: str, folder: Path) -> None:
    """Write that model ``name`` lies in ``folder``, a snapshot named by its commit."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps({"name": name, "folder": str(folder)}) + "\n")


def read_pointer(path: Path | str) -> tuple[Path, str]:
    """Return the folder, and the model's name with its commit.

    Raises:
        ArtifactError: the file is damaged, or the cache no longer holds the folder.
    """
    with open_regular(path) as file:
        text = file.read()
    try:
        told = json.loads(text)
        folder, name = Path(told["folder"]), str(told["name"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ArtifactError(
            f"{path} does not name a folder of the hub's cache ({error!r}): delete it and run "
            "again."
        ) from error
    if not folder.is_dir():
        raise ArtifactError(
            f"{folder} is gone from the hub's cache: delete {path} and run again to fetch it."
        )
    return folder, f"{name}, commit {folder.name}"
