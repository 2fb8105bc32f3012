"""What a rule tells a job that runs an encoder over clips, as the job needs it."""

from collections.abc import Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from pez.encoders.precision import read_precision
from pez.features.frames import ReplaceClips
from pez.features.spec import ExtractionSpec


def extraction_of(params: Mapping[str, Any], precision: Path | str) -> ExtractionSpec:
    """Return section ``extraction`` of ``params`` with its precision decided.

    Args:
        params: of the rule.
        precision: file that says it where the configuration does not.

    Raises:
        ArtifactError: the file is missing or damaged.
    """
    extraction = ExtractionSpec.model_validate(params["extraction"])
    if extraction.precision != "auto":
        return extraction
    decided = read_precision(precision)
    return ExtractionSpec.model_validate({**params["extraction"], "precision": decided})


def replacement_of(params: Mapping[str, Any]) -> ReplaceClips | None:
    """Return what puts other clips in the place of a shard's; None where no control does."""
    if params.get("replaced") is None:
        return None
    reorder = import_module(f"pez.controls.kinds.{params['control']}").reorder
    return partial(reorder, seed=params["seed"])
