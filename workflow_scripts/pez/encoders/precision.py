"""The precision of a run with ``extraction.precision: auto``: decided once, by one job.

A run that begins on a GPU may end on a CPU or on another GPU: features of two precisions would be
read as one set. So one job asks the device that it was given and writes the answer down, and every
extraction follows.
"""

import json
from pathlib import Path
from typing import get_args

import torch

from pez.encoders.architecture import library_versions
from pez.encoders.compute import Precision, choose_compute
from pez.runtime.atomic import atomic_path
from pez.runtime.errors import ArtifactError
from pez.runtime.regular import open_regular


def write_precision(path: Path | str, device: str) -> None:
    """Write in which precision to compute on ``device`` ("cpu" or "cuda")."""
    told = {
        "precision": choose_compute(device, "auto").precision,
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "versions": library_versions(),
    }
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(told, indent=2) + "\n")


def read_precision(path: Path | str) -> Precision:
    """Return the precision written by `write_precision`.

    Raises:
        ArtifactError: the file is missing or damaged, or names another precision.
    """
    with open_regular(path) as file:
        text = file.read()
    try:
        told = json.loads(text)["precision"]
    except (ValueError, KeyError, TypeError, RecursionError):
        told = None
    for precision in get_args(Precision):
        if told == precision:
            return precision
    raise ArtifactError(
        f"{path} names no precision of {', '.join(get_args(Precision))}: delete it and run again, "
        "or set extraction.precision."
    )
