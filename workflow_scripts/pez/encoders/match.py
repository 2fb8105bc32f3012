"""Strict comparison of the tensors in a file with those that an encoder needs."""

from collections.abc import Mapping
from pathlib import Path

from pez.encoders.family import Family
from pez.encoders.registry import find_family
from pez.encoders.spec import EncoderSpec
from pez.runtime.errors import ArtifactError

Shapes = Mapping[str, tuple[int, ...]]

_SHOWN = 3


def check_shapes(path: Path, found: Shapes, expected: Shapes, spec: EncoderSpec, cure: str) -> None:
    """Check that ``found``, the tensors of ``path``, are exactly those ``expected`` by ``spec``.

    Raises:
        ArtifactError: tensors are missing, unexpected, or of another shape; the message names the
            first few, says which published model the file looks like, and ends with ``cure``.
    """
    missing = [name for name in expected if name not in found]
    unexpected = [name for name in found if name not in expected]
    misshapen = [
        f"{name} is {list(found[name])} and should be {list(expected[name])}"
        for name in expected
        if name in found and found[name] != expected[name]
    ]
    complaints = [
        f"{len(names)} {kind} ({'; '.join(names[:_SHOWN])}{'; …' if len(names) > _SHOWN else ''})"
        for kind, names in (
            ("missing", missing),
            ("unexpected", unexpected),
            ("of another shape", misshapen),
        )
        if names
    ]
    if complaints:
        raise ArtifactError(
            f"{path} does not fit the encoder. Of its tensors, {', '.join(complaints)}. "
            f"{_looks_like(found, find_family(spec.family), spec)} {cure}"
        )


def _looks_like(shapes: Shapes, family: Family, spec: EncoderSpec) -> str:
    """Say which encoder tensors of these ``shapes`` belong to, and what ``spec`` says instead."""
    blocks = {name.split(".")[1] for name in shapes if name.startswith("layer.")}
    norm = shapes.get("layer.0.norm1.weight", ())
    if not blocks or not norm:
        return f"It does not look like a {family.title} encoder at all."
    found = (len(blocks), norm[0])
    shown = f"{found[0]} blocks of width {found[1]}"
    if found == (spec.layers, spec.hidden_size):
        return f"Depth and width are right: {shown}."
    said = f"the configuration says layers: {spec.layers}, hidden_size: {spec.hidden_size}"
    for name, size in family.published.items():
        if size == found:
            return f"It looks like {name}: {shown}; {said}."
    return f"It holds {shown}, which no published {family.title} has; {said}."
