"""The families of encoders: one module each in `pez.encoders.families`, found by its name.

No module names another family, so that a new one is one file and changes nothing of the others.
Importing this module does not import torch: the configuration is read with it.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pez.encoders.family import Family

_FOLDER = Path(__file__).with_name("families")


def family_names() -> list[str]:
    """Return the names that ``family:`` can have, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("[a-z]*.py"))


def find_family(name: str) -> "Family":
    """Import and return family ``name``."""
    found: Family = import_module(f"pez.encoders.families.{name}").FAMILY
    return found
