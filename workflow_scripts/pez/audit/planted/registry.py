"""Kinds of planted networks by module."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from pez.audit.planted import kinds
from pez.audit.planted.planted import PlantedKind


@cache
def planted_kinds() -> tuple[PlantedKind, ...]:
    """All kinds: the modules in `pez.audit.planted.kinds`, by name."""
    names = sorted(module.name for module in iter_modules(kinds.__path__))
    return tuple(import_module(f"pez.audit.planted.kinds.{name}").KIND for name in names)
