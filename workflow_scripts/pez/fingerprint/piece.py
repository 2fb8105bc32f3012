"""What a piece of code says and uses, as far as it can change a number."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

from pez.fingerprint.source import Target


class Option(NamedTuple):
    """One of the reasons for which a branch counts.

    ``name``: a string that is chosen; ``class``: a class of which there may be an instance;
    ``tagged``: a class whose tag is chosen; ``whole``: a table that is used as a whole.
    """

    kind: Literal["name", "class", "tagged", "whole"]
    what: str | Target


@dataclass
class Piece:
    """A stretch of code in normal form.

    Attributes:
        parts: its text, and the branches in it.
        uses: definitions and modules.
        looks_up: definitions of which an entry is taken by its key, or by an annotation.
        attributes: names of attributes that are read or called.
        strings: string constants, which may choose an entry.
        runs: dotted modules that it imports inside a function.
        folders: packages of which a module is imported by a name known only at run time, and what
            is taken of that module ("" for all).
        reads_any_member: whether attributes are read by names known only at run time.
        reads_all_fields: whether whole configuration objects are turned to data.
    """

    parts: list["str | Branch"] = field(default_factory=list)
    uses: set[Target] = field(default_factory=set)
    looks_up: set[Target] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    strings: set[str] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    folders: set[tuple[str, str]] = field(default_factory=set)
    reads_any_member: bool = False
    reads_all_fields: bool = False

    def text(self, holds: Callable[["Branch"], bool]) -> Iterator[bytes]:
        """Yield the text with the branches that ``holds`` accepts.

        A branch that does not hold leaves no trace: the text is that of code without it.
        """
        for part in self.joined:
            if isinstance(part, bytes):
                yield part
            else:
                yield from (part.then if holds(part) else part.other).text(holds)

    @property
    def branches(self) -> list["Branch"]:
        """Branches directly in the piece."""
        return [part for part in self.joined if isinstance(part, Branch)]

    @cached_property
    def joined(self) -> list["bytes | Branch"]:
        """The parts, each run of text in one; to be asked for when the piece is complete."""
        joined: list[bytes | Branch] = []
        run: list[str] = []
        for part in [*self.parts, None]:
            if isinstance(part, str):
                run.append(part)
                continue
            if run:
                joined.append("".join(f"{word}\0" for word in run).encode())
                run = []
            if part is not None:
                joined.append(part)
        return joined


@dataclass(frozen=True, eq=False)
class Branch:
    """Code that counts as ``then`` where one of ``options`` holds, else as ``other``."""

    options: tuple[Option, ...]
    then: Piece
    other: Piece = field(default_factory=Piece)
