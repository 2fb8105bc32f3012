"""Weights from the Hugging Face hub, through its own library: cache, resumed downloads, tokens."""

import errno
import re
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from pez.encoders.digests import recorded, sha256_of, write_record
from pez.encoders.hub_pointer import write_pointer
from pez.encoders.locate import INDEX_FILE, PICKLED_FILE, SINGLE_FILE, files_of
from pez.encoders.spec import SHA256, HubWeights
from pez.runtime.errors import ArtifactError

_SHOWN = 200
_WANTED = ["config.json", "*.safetensors", INDEX_FILE]


def fetch_from_hub(weights: HubWeights, output: Path | str, record: Path | str) -> None:
    """Download what is missing in the hub's cache, and write to ``output`` where it lies.

    Every file must have the SHA-256 that the hub publishes of it, and the one that ``record`` holds
    of an earlier fetch under the same name; the digests are written to ``record``.

    The cache is that of huggingface_hub (``HF_HOME``), which other programs share; ``HF_TOKEN`` or
    a login gives access to gated models.

    Raises:
        ArtifactError: no network, no such model or revision, no access, or other bytes than those
            published or fetched earlier.
    """
    folder = _snapshot(weights, _WANTED)
    if not any((folder / name).exists() for name in (SINGLE_FILE, INDEX_FILE)):
        folder = _snapshot(weights, ["config.json", PICKLED_FILE])
    missing = [path.name for path in files_of(folder) if not path.exists()]
    if missing:
        raise ArtifactError(_unreachable(weights, f"it lacks {', '.join(missing)}"))
    print(f"{weights.name} is commit {folder.name}, in {folder}")
    _check_digests(weights, folder, Path(record))
    write_pointer(output, weights.name, folder)


def _check_digests(weights: HubWeights, folder: Path, record: Path) -> None:
    digests = recorded(record)
    for file in sorted(path for path in folder.iterdir() if path.is_file()):
        name, found = f"{weights.name}/{file.name}", sha256_of(file)
        stored = file.resolve()  # which the cache names by the digest that the hub publishes
        if re.fullmatch(SHA256, stored.name) and stored.name != found:
            raise ArtifactError(
                f"{stored} has SHA-256 {found}, and the hub publishes {stored.name}: {name} was "
                "damaged in the cache. Delete that file and run again."
            )
        if digests.get(name, found) != found:
            raise ArtifactError(
                f"{name} has SHA-256 {found}, and an earlier fetch had {digests[name]} "
                f"({record}): the model has been changed on the hub. To take the new one, name its "
                f"commit, weights.name: {weights.repository}@{folder.name}; or name the earlier "
                "commit."
            )
        digests[name] = found
    write_record(record, digests)


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
