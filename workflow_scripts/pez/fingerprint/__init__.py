"""Which code can change which result, so that an edit rebuilds that and nothing else.

`code_fingerprint` hashes the definitions that a script reaches. What counts and what does not, and
how to write code so that it stays exact, is in docs/cache.md.
"""

from collections.abc import Collection
from functools import cache
from pathlib import Path

from pez.fingerprint.closure import Closure
from pez.fingerprint.source import Source
from pez.fingerprint.units import Units

SCRIPTS = Path(__file__).resolve().parents[2]


class CodeBase:
    """The scripts in one folder and the package that they use, as they are now.

    Args:
        root: the folder.
        choices: names that the configuration may choose among; an entry of one of these names
            counts only for a rule that is given the name.
    """

    def __init__(self, root: Path = SCRIPTS, choices: Collection[str] = ()) -> None:
        self._units, self._choices = Units(Source(root)), frozenset(choices)
        self.fingerprint = cache(self._fingerprint)

    def closure(self, script: str, chosen: frozenset[str] | None = None) -> Closure:
        """Return what ``script`` reaches when its rule is given the names ``chosen`` (None: all)."""
        return Closure(self._units, self._choices, chosen).follow(script)

    def _fingerprint(self, script: str, chosen: frozenset[str] | None = None) -> str:
        if chosen is not None:
            chosen &= self._choices
        return self.closure(script, chosen).digest()


def code_fingerprint(script: str, root: Path = SCRIPTS) -> str:
    """Return 16 hex digits that change when the code behind ``root / script`` changes."""
    return CodeBase(root).fingerprint(script)
