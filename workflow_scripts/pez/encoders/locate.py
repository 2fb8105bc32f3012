"""Find the local file that holds a model's published weights: planning does so, without torch."""

import json
from pathlib import Path

from pez.encoders.spec import CheckpointWeights
from pez.runtime.errors import ArtifactError, ConfigError

# Names under which Hugging Face stores the weights of a folder: one file, an index of several, or,
# in old ones, a pickled file.
SINGLE_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"
PICKLED_FILE = "pytorch_model.bin"
_KEY = "encoders.checkpoint_dir"


def find_checkpoint(checkpoint_dir: Path | str | None, weights: CheckpointWeights) -> Path | None:
    """Return the local file that holds ``weights``, or None where its url is to be downloaded.

    A path is taken as it is. A name is looked for in ``checkpoint_dir``, in this order: the file,
    the Hugging Face folder (a single file or the index of a sharded one; or as the hub's cache
    names it), and a safetensors file named after either.

    Raises:
        ConfigError: it is not there.
    """
    if weights.is_path:
        return _at_path(Path(weights.file).expanduser())
    if checkpoint_dir is None:
        if weights.url is None:
            raise ConfigError(
                f"weights.file = {weights.file!r} has no url, and {_KEY} is null: give the file's "
                f"whole path, the folder that holds it as {_KEY}, or a url to download it from."
            )
        return None
    folder = Path(checkpoint_dir).expanduser()
    cure = f", or to null to download it from {weights.url}" if weights.url else ""
    if not folder.is_dir():
        raise ConfigError(
            f"{_KEY} = {str(checkpoint_dir)!r} is not a folder. Set it to the folder that holds "
            f"{weights.file}{cure}."
        )
    candidates = _candidates(folder, weights)
    for path in candidates:
        if path.is_file():
            return path
    names = ", ".join(str(path.relative_to(folder)) for path in candidates)
    raise ConfigError(
        f"{_KEY} = {str(checkpoint_dir)!r} holds none of {names}. Put one of them there, or set "
        f"{_KEY} to the folder that holds it{cure}."
    )


def _candidates(folder: Path, weights: CheckpointWeights) -> list[Path]:
    published = folder / weights.file
    candidates = [published]
    if weights.huggingface_folder is not None:
        inside = folder / weights.huggingface_folder
        beside = folder / f"{weights.huggingface_folder}.safetensors"
        candidates += [inside / SINGLE_FILE, inside / INDEX_FILE, beside]
        for cached in sorted(folder.glob(f"models--*--{weights.huggingface_folder}")):
            snapshot = _snapshot(cached)
            candidates += [snapshot / SINGLE_FILE, snapshot / INDEX_FILE]
    renamed = published.with_suffix(".safetensors")
    return candidates if renamed in candidates else [*candidates, renamed]


def _at_path(path: Path) -> Path:
    """Return the file at ``path``, or the one that holds the weights of a folder there."""
    if path.is_file():
        return path
    if not path.is_dir():
        raise ConfigError(f"weights.file = {str(path)!r}: there is no such file or folder.")
    folder = _snapshot(path)
    for name in (SINGLE_FILE, INDEX_FILE, PICKLED_FILE):
        if (folder / name).is_file():
            return folder / name
    raise ConfigError(
        f"weights.file = {str(path)!r} is a folder without {SINGLE_FILE}, {INDEX_FILE} or "
        f"{PICKLED_FILE}: name the file in it, or a Hugging Face folder."
    )


def _snapshot(folder: Path) -> Path:
    """Return the newest snapshot of a model in the hub's cache; any other folder as it is."""
    snapshots = folder / "snapshots"
    if not snapshots.is_dir():
        return folder
    main = folder / "refs" / "main"
    if main.is_file():
        return snapshots / main.read_text().strip()
    held = sorted(path for path in snapshots.iterdir() if path.is_dir())
    if len(held) != 1:
        names = ", ".join(path.name for path in held) or "none"
        raise ConfigError(
            f"{folder} is a cached model with {len(held)} snapshots ({names}) and no word which is "
            "the newest: name one of them, as .../snapshots/HASH, in weights.file."
        )
    return held[0]


def files_of(source: Path) -> list[Path]:
    """Return the files that ``source`` stands for: itself, those of a Hugging Face folder or index.

    Raises:
        ArtifactError: the index is damaged, or the folder holds no weights.
    """
    if source.is_dir():
        for name in (INDEX_FILE, SINGLE_FILE, PICKLED_FILE):
            if (source / name).exists():
                return files_of(source / name)
        held = ", ".join(sorted(path.name for path in source.iterdir())[:10]) or "nothing"
        raise ArtifactError(
            f"{source} is no Hugging Face folder: it holds {held}, and neither {SINGLE_FILE} nor "
            f"{INDEX_FILE} nor {PICKLED_FILE}."
        )
    if source.suffix != ".json":
        return [source]
    try:
        names = {str(name) for name in json.loads(source.read_text())["weight_map"].values()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise ArtifactError(
            f"{source} is not the index of a sharded safetensors file ({error!r}): fetch it again."
        ) from error
    # The index names files of its own folder; anything else is not followed.
    return sorted(source.with_name(Path(name).name) for name in names)
