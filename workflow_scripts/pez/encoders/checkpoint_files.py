"""Published checkpoint files opened: PyTorch's and safetensors', with refusals that say why.

Nothing is unpickled but tensors and plain containers (``weights_only``), so that a file from
anywhere cannot run code.
"""

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from pez.runtime.errors import ArtifactError
from pez.runtime.tensor_file import read_header

_WEB_PAGE = (b"<!doctype", b"<html", b"<?xml", b"<head")
_LARGE_FILE_POINTER = b"version https://git-lfs"
_FOREIGN_OBJECT = re.compile(r"GLOBAL ([\w.]+)")


def open_checkpoint(files: list[Path]) -> Mapping[str, Any]:
    """Return what stands in ``files``: nested containers of a PyTorch file, or named tensors.

    Raises:
        ArtifactError: a file is missing, damaged, or no checkpoint at all.
    """
    for path in files:
        _check_beginning(path)
    if files[0].suffix == ".safetensors":
        return _read_safetensors(files)
    return _read_pytorch(files[0])


def _read_safetensors(files: list[Path]) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for path in files:
        entries, _, _ = read_header(path)
        try:
            with safe_open(path, framework="pt") as file:
                tensors |= {name: file.get_tensor(name) for name in entries}
        except SafetensorError as error:
            raise ArtifactError(
                f"{path} is not a whole safetensors file ({error}): delete it and fetch it again."
            ) from error
    return tensors


def _check_beginning(path: Path) -> None:
    """Recognise what is saved under a checkpoint's name by mistake."""
    if not path.is_file():
        raise ArtifactError(f"{path} does not exist: name another file, or fetch it again.")
    with path.open("rb") as file:
        beginning = file.read(100).lstrip().lower()
    if path.stat().st_size == 0:
        raise ArtifactError(f"{path} is empty: delete it and fetch it again.")
    if beginning.startswith(_WEB_PAGE):
        raise ArtifactError(
            f"{path} is a web page and no checkpoint: the server sent an error or a login page in "
            "its place. Open it in a browser to see which, delete it, and fetch the file again."
        )
    if beginning.startswith(_LARGE_FILE_POINTER):
        raise ArtifactError(
            f"{path} is a Git LFS pointer and no checkpoint: run `git lfs pull` in its folder."
        )


def _read_pytorch(path: Path) -> Mapping[str, Any]:
    try:
        # Mapped and not read: the file also holds the optimiser, several times the encoder's size.
        checkpoint = torch.load(
            path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path)
        )
    except MemoryError:
        raise
    except Exception as error:  # what bytes that are no pickle raise is anything
        raise ArtifactError(
            f"{path} cannot be read as a PyTorch checkpoint: {_reason(error)}"
        ) from error
    if not isinstance(checkpoint, Mapping):
        raise ArtifactError(
            f"{path} holds a {type(checkpoint).__name__} and no dictionary of tensors. {EXPORT}"
        )
    return checkpoint


EXPORT = (
    "Where the file comes from, save the encoder's tensors alone: "
    "torch.save({'target_encoder': encoder.state_dict()}, 'encoder.pt')."
)


def _reason(error: Exception) -> str:
    """Say what is wrong with a file that PyTorch refused, without its advice to trust the file."""
    foreign = _FOREIGN_OBJECT.search(str(error))
    if foreign:
        return (
            f"it holds objects other than tensors ({foreign[1]}), which could run code and are not "
            f"loaded. The file may be whole. {EXPORT}"
        )
    said = str(error).strip().split("\n")[0].split(". ")[0]
    return (
        f"it is cut short, damaged, or no checkpoint of torch.save ({said}). If its size is not "
        f"the original's, fetch it again. {EXPORT}"
    )
