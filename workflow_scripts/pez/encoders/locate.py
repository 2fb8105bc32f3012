"""Find, while the workflow is planned, the local file that holds a model's published weights."""

from pathlib import Path

from pez.encoders.spec import CheckpointWeights
from pez.runtime.errors import ConfigError

# Names under which Hugging Face stores the weights of a folder: one file, or an index of several.
SINGLE_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"


def find_checkpoint(checkpoint_dir: Path | str, weights: CheckpointWeights) -> Path:
    """Return the file in ``checkpoint_dir`` that holds ``weights``.

    Looked for in this order: Meta's file, the Hugging Face folder (a single file or the index of a
    sharded one), and a safetensors file named after either.

    Raises:
        ConfigError: none of them is there.
    """
    folder = Path(checkpoint_dir)
    key = "encoders.checkpoint_dir"
    if not folder.is_dir():
        raise ConfigError(
            f"{key} = {str(checkpoint_dir)!r} is not a folder. Set it to the folder that holds "
            f"{weights.file}, or to null to download it."
        )
    candidates = _candidates(folder, weights)
    for path in candidates:
        if path.is_file():
            return path
    names = ", ".join(str(path.relative_to(folder)) for path in candidates)
    raise ConfigError(
        f"{key} = {str(checkpoint_dir)!r} holds none of {names}. Put one of them there "
        f"({weights.file} is published at {weights.url}), or set {key} to null to download it."
    )


def _candidates(folder: Path, weights: CheckpointWeights) -> list[Path]:
    published = folder / weights.file
    candidates = [published]
    if weights.huggingface_folder is not None:
        inside = folder / weights.huggingface_folder
        beside = folder / f"{weights.huggingface_folder}.safetensors"
        candidates += [inside / SINGLE_FILE, inside / INDEX_FILE, beside]
    renamed = published.with_suffix(".safetensors")
    return candidates if renamed in candidates else [*candidates, renamed]
