"""Weights from the Hugging Face hub, through its own library: cache, resumed downloads, tokens."""

import errno
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from pez.encoders.hub_pointer import write_pointer
from pez.encoders.locate import INDEX_FILE, PICKLED_FILE, SINGLE_FILE, files_of
from pez.encoders.spec import HubWeights
from pez.runtime.errors import ArtifactError

_SHOWN = 200
_WANTED = ["config.json", "*.safetensors", INDEX_FILE]


def fetch_from_hub(weights: HubWeights, output: Path | str) -> None:
    """Download what is missing in the hub's cache, and write to ``output`` where it lies.

    The cache is that of huggingface_hub (``HF_HOME``), which other programs share; ``HF_TOKEN`` or
    a login gives access to gated models.

    Raises:
        ArtifactError: no network, no such model or revision, or no access.
    """
    folder = _snapshot(weights, _WANTED)
    if not any((folder / name).exists() for name in (SINGLE_FILE, INDEX_FILE)):
        folder = _snapshot(weights, ["config.json", PICKLED_FILE])
    missing = [path.name for path in files_of(folder) if not path.exists()]
    if missing:
        raise ArtifactError(_unreachable(weights, f"it lacks {', '.join(missing)}"))
    print(f"{weights.name} is commit {folder.name}, in {folder}")
    write_pointer(output, weights.name, folder)


def _snapshot(weights: HubWeights, files: list[str]) -> Path:
    key = f"weights.name = {weights.name!r}"
    try:
        return Path(
            snapshot_download(weights.repository, revision=weights.revision, allow_patterns=files)
        )
    except GatedRepoError as error:
        raise ArtifactError(
            f"{key}: access to this model is granted on its page on the hub; ask there, and set "
            "HF_TOKEN to a token of that account."
        ) from error
    except RepositoryNotFoundError as error:
        raise ArtifactError(
            f"{key}: the hub has no such model, or it is private and HF_TOKEN gives no access."
        ) from error
    except RevisionNotFoundError as error:
        raise ArtifactError(f"{key}: the model has no such branch, tag or commit.") from error
    except OSError as error:  # among them all other errors of the library
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ArtifactError(
                f"{key}: no space left for the hub's cache: free some, or set HF_HOME to a larger "
                "disk, and run again to continue."
            ) from error
        raise ArtifactError(
            _unreachable(weights, str(error).strip().split("\n")[0][:_SHOWN])
        ) from error


def _unreachable(weights: HubWeights, reason: str) -> str:
    return (
        f"weights.name = {weights.name!r}: the hub cannot be reached and its cache on this machine "
        "does not hold this model whole; run again with a network (what has arrived is kept), or "
        "copy the model's folder here and give its path, {source: checkpoint, file: "
        f"/path/to/folder}} ({reason})."
    )
