"""The file that says where in the cache of the Hugging Face hub a model's weights lie."""

import json
from pathlib import Path

from pez.runtime.atomic import atomic_path
from pez.runtime.errors import ArtifactError


def write_pointer(path: Path | str, name: str, folder: Path) -> None:
    """Write that model ``name`` lies in ``folder``, a snapshot named by its commit."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps({"name": name, "folder": str(folder)}) + "\n")


def read_pointer(path: Path | str) -> tuple[Path, str]:
    """Return the folder, and the model's name with its commit.

    Raises:
        ArtifactError: the cache no longer holds the folder.
    """
    told = json.loads(Path(path).read_text())
    folder = Path(told["folder"])
    if not folder.is_dir():
        raise ArtifactError(
            f"{folder} is gone from the hub's cache: delete {path} and run again to fetch it."
        )
    return folder, f"{told['name']}, commit {folder.name}"
