"""Which code can change which result, so that an edit rebuilds that and nothing else.

`CodeBase.fingerprint` hashes the definitions that a script reaches. What counts, what does not, and
how to write code so that it stays exact: docs/cache.md.
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
        self.source = Source(root)
        self._units, self._choices = Units(self.source), frozenset(choices)
        self.fingerprint = cache(self._fingerprint)

    def closure(self, script: str, chosen: frozenset[str] | None = None) -> Closure:
        """Return what ``script`` reaches when its rule is given the names ``chosen``; None: all."""
        return Closure(self._units, self._choices, chosen).follow(script)

    def _fingerprint(self, script: str, chosen: frozenset[str] | None = None) -> str:
        if chosen is not None:
            chosen &= self._choices
        return self.closure(script, chosen).digest()
