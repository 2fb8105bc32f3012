"""The encoder in a checkpoint: its container, its prefix, and what stands beside it."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from torch import Tensor

from pez.encoders.checkpoint_files import EXPORT
from pez.encoders.family import Family
from pez.encoders.registry import family_names, find_family
from pez.runtime.errors import ArtifactError

MetaEncoder = Literal["target_encoder", "encoder"]

_ENCODERS = ("target_encoder", "ema_encoder", "encoder")  # containers that Meta's files have
_WHOLE_MODEL = ("state_dict", "model", "module", "model_state_dict")  # and those of other code
# Beginnings of what stands beside an encoder that has no prefix of its own.
_NOT_ENCODER = frozenset(
    ("head", "classifier", "pooler", "predictor", "decoder", "encoder_to_decoder", "mask_token")
)
_COMPILED = re.compile(r"(^|(?<=\.))_orig_mod\.")  # torch.compile's mark in names
_WRAPPERS = re.compile(r"^(module\.|backbone\.)*")


class FoundEncoder(NamedTuple):
    """An encoder's tensors by their names in the module, and the container they were in."""

    tensors: dict[str, Tensor]
    container: str


def find_encoder(
    path: Path, checkpoint: Mapping[str, Any], family: Family, which: MetaEncoder
) -> FoundEncoder:
    """Find the encoder of ``family`` in a checkpoint, and print where it was.

    Args:
        path: of the file, for messages.
        checkpoint: nested containers, or named tensors.
        family: of the encoder that is wanted.
        which: of two encoders, the moving average or the one trained by gradients.

    Raises:
        ArtifactError: there is none, or one of another family.
    """
    state, container = _container(path, checkpoint, family, which)
    named = _named_tensors(state)
    prefix = _one_prefix(path, _prefixes(named, family), family, which)
    inside = _below(named, prefix) | {n: t for n, t in named.items() if n.startswith(family.beside)}
    if not family.recognises(inside):
        _refuse_other_family(path, named, family)
    left_out = Counter(name.split(".")[0] for name in named.keys() - _used(inside, prefix))
    beside = ", ".join(f"{name} ({count})" for name, count in sorted(left_out.items()))
    print(
        f"{path}: encoder found in {container!r}"
        + (f" under {prefix!r}" if prefix else "")
        + (f"; left out, by number of tensors: {beside}" if beside else "")
    )
    return FoundEncoder(family.translate(inside), container)


def _container(
    path: Path, checkpoint: Mapping[str, Any], family: Family, which: MetaEncoder
) -> tuple[Mapping[str, Any], str]:
    """Return the container that the encoder's tensors are in, and its key."""
    for key in (*family.containers[which], *_WHOLE_MODEL):
        if isinstance(checkpoint.get(key), Mapping):
            return checkpoint[key], key
    for key in _ENCODERS:
        if isinstance(checkpoint.get(key), Mapping):
            _refuse_other_family(path, _named_tensors(checkpoint[key]), family)
            raise ArtifactError(
                f"{path} has no {which!r}: it holds {sorted(map(str, checkpoint))}. Set "
                "encoders.checkpoint_encoder to the one of target_encoder and encoder that it "
                "holds, or fetch another checkpoint."
            )
    if any(isinstance(value, Tensor) for value in checkpoint.values()):
        return checkpoint, "state_dict"
    raise ArtifactError(
        f"{path} has no {which!r} and no tensors: it holds {sorted(map(str, checkpoint))}. {EXPORT}"
    )


def _named_tensors(state: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the tensors of ``state``, without the marks of torch.compile in their names."""
    return {_COMPILED.sub("", n): t for n, t in state.items() if isinstance(t, Tensor)}


def _prefixes(names: Iterable[str], family: Family) -> list[str]:
    """Return what stands before the names of the patch embedding, once for each encoder."""
    found = set()
    for name in names:
        for anchor in family.anchors:
            if name == anchor or name.endswith(f".{anchor}"):
                found.add(name.removesuffix(anchor))
    if not found:  # so that what else is wrong can be said of the usual names
        first = next(iter(names), "")
        found = {first.removesuffix(_WRAPPERS.sub("", first))}
    return sorted(found)


def _one_prefix(path: Path, prefixes: list[str], family: Family, which: MetaEncoder) -> str:
    """Choose among the prefixes of a whole model, which may hold both of Meta's encoders."""
    keys = family.containers[which]
    named = [prefix for prefix in prefixes if set(keys) & set(prefix.split("."))]
    chosen = named if len(prefixes) > 1 else prefixes
    if len(chosen) != 1:
        raise ArtifactError(
            f"{path} holds several encoders, under {', '.join(map(repr, prefixes))}. {EXPORT}"
        )
    return chosen[0]


def _below(named: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors under ``prefix``, without it, and without what is known not to belong."""
    inside = {n.removeprefix(prefix): t for n, t in named.items() if n.startswith(prefix)}
    return {name: t for name, t in inside.items() if name.split(".")[0] not in _NOT_ENCODER}


def _used(inside: Iterable[str], prefix: str) -> set[str]:
    return {prefix + name for name in inside} | set(inside)


def _refuse_other_family(path: Path, named: Mapping[str, Tensor], family: Family) -> None:
    """Refuse an encoder whose names are those of a family other than ``family``."""
    for name in family_names():
        other = find_family(name)
        for prefix in _prefixes(named, other):
            if name != family.name and other.recognises(_below(named, prefix)):
                raise ArtifactError(
                    f"{path} is a {other.title} file, and the model is configured as "
                    f"{family.title}: set family: {name} for it in encoders.models, with that "
                    "encoder's sizes."
                )
