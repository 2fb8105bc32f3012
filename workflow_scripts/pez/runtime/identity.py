"""Whose an artefact is: what every stored file says of itself, and how readers compare it.

An identity is a set of named JSON values among the metadata of a safetensors file or Parquet table.
A reader states what it asked for; a file that says something else, or nothing, is refused.
"""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from pez.runtime.errors import ArtifactError

CURE = "Delete it and run again."


class Identity(BaseModel):
    """What an artefact says of itself, as far as it applies; other metadata are left aside."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    dataset: str | None = None
    clip_ids: list[str] | None = None  # in order
    frame_shape: list[int] | None = None  # frames, height, width
    source: str | None = None  # checksum of what the clips were made from: trajectories, movies
    shard: int | None = None
    model: str | None = None
    weights_checksum: str | None = None
    replaced: str | None = None  # by a control: clips or features, and how
    precision: str | None = None
    preprocessing: str | None = None
    input_size: int | None = None
    view: str | None = None
    stream: int | None = None
    labels: str | None = None  # checksum
    features: str | None = None  # checksum of the checksums of all files read
    recipe: dict[str, Any] | None = None

    @classmethod
    def read(cls, path: Path | str, metadata: Mapping[str, Any]) -> "Identity":
        """Pick the identity out of the ``metadata`` of the file at ``path``.

        Raises:
            ArtifactError: a value is of the wrong kind.
        """
        try:
            return cls.model_validate(dict(metadata))
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            field = str(problem["loc"][0])
            raise ArtifactError(
                f"{path} says {field} = {_shown(problem['input'])}, which is no {_WORDS[field]} "
                f"({problem['msg']}). {CURE}"
            ) from None

    def part(self, fields: Collection[str]) -> dict[str, Any]:
        """Values of ``fields``."""
        return {field: value for field, value in self if field in fields}

    def metadata(self) -> dict[str, Any]:
        """What is known of it, JSON-able."""
        return {field: value for field, value in self if value is not None}


_WORDS = {
    "dataset": "dataset",
    "clip_ids": "list of clips",
    "frame_shape": "size (frames, height, width)",
    "source": "checksum of what its clips were made from",
    "shard": "number of a shard",
    "model": "model",
    "weights_checksum": "checksum of weights",
    "replaced": "control",
    "precision": "precision",
    "preprocessing": "preprocessing",
    "input_size": "size of the encoder's input",
    "view": "view",
    "stream": "number of a residual stream",
    "labels": "checksum of labels",
    "features": "checksum of features",
    "recipe": "recipe",
}


def expect(path: Path | str, found: Identity, wanted: Identity, why: str = "") -> None:
    """Compare what the file at ``path`` says with every field that ``wanted`` sets.

    Args:
        path: the file.
        found: its identity.
        wanted: what the reader asked for.
        why: where what is wanted comes from, for the message.

    Raises:
        ArtifactError: a field differs, or the file does not state it; the message names the file,
            the field, both values and the cure.
    """
    stated, expected = dict(found), dict(wanted)
    for field in sorted(wanted.model_fields_set, key=list(_WORDS).index):
        held, asked = stated[field], expected[field]
        if held == asked:
            continue
        source = f" ({why})" if why else ""
        if held is None:
            finding = f"does not state its {_WORDS[field]}, {_shown(asked)} is expected{source}"
        elif field == "clip_ids":
            finding = f"{_difference(held, asked)}{source}"
        else:
            finding = (
                f"says {field} = {_shown(held)}, and {_shown(asked)} is expected{source}: it is "
                "another's file under this name, or older than what it should be made from"
            )
        raise ArtifactError(f"{path} {finding}. {CURE}")


def agree(
    fields: Iterable[str], path: Path | str, found: Identity, other: Path | str, before: Identity
) -> None:
    """Check that two files that are read as one set say the same of ``fields``.

    Raises:
        ArtifactError: they do not; both files and both values are named.
    """
    first, second = dict(before), dict(found)
    for field in fields:
        one, two = first[field], second[field]
        if one != two:
            raise ArtifactError(
                f"{other} says {field} = {_shown(one)}, and {path} {field} = {_shown(two)}: they "
                "are not of one set. Delete the one that is wrong, or both, and run again."
            )


def span(clip_ids: list[str]) -> str:
    """Name clips by number, first and last."""
    ends = f"{clip_ids[0]} to {clip_ids[-1]}" if clip_ids else "none"
    return f"{len(clip_ids)} clips ({ends})"


def _difference(held: list[str], asked: list[str]) -> str:
    if len(held) == len(asked) and sorted(held) == sorted(asked):
        place = next(place for place, clip in enumerate(held) if clip != asked[place])
        return (
            f"has its clips in another order: clip number {place} is {held[place]}, where "
            f"{asked[place]} is expected"
        )
    return f"is of {span(held)}, and {span(asked)} are expected"


def _shown(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], str):
        return span(value)
    text = repr(value)
    return text if len(text) < 200 else f"{text[:200]} ..."
