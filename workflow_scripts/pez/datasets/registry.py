"""Sources by name: the modules in `pez.datasets.sources`. No module names another source."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Union

from pydantic import Field

from pez.clips.spec import ClipsConfig
from pez.datasets.source import Source

_FOLDER = Path(__file__).with_name("sources")


@cache
def source_names() -> tuple[str, ...]:
    """Names that ``source:`` can have."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("[a-z]*.py")))


def find_source(name: str) -> type[Source[Any]]:
    """Import and return the source called ``name``, one of `source_names`."""
    found: type[Source[Any]] = import_module(f"pez.datasets.sources.{name}").SOURCE
    return found


_ENTRIES = tuple(find_source(name).entry_type for name in source_names())
# An entry of any source, told by its key `source`.
AnyEntry: Any = Annotated[Union[_ENTRIES], Field(discriminator="source")]  # noqa: UP007


def dataset(name: str, entry: AnyEntry, clips: ClipsConfig, out: str) -> Source[Any]:
    """Return the dataset ``name`` that ``entry`` describes; see `Source`."""
    return find_source(entry.source)(name, entry, clips, out)
