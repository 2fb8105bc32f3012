"""Strict comparison of the tensors in a file with those that an encoder needs."""

from collections.abc import Mapping
from pathlib import Path

from pez.encoders.published import recognise
from pez.runtime.errors import ArtifactError

Shapes = Mapping[str, tuple[int, ...]]

_SHOWN = 3


def check_shapes(path: Path, found: Shapes, expected: Shapes, cure: str) -> None:
    """Check that ``found``, the tensors of ``path``, are exactly those ``expected``.

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
            f"{recognise(found)} {cure}"
        )
