"""What a script reaches, and a digest of it."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field

from pez.fingerprint import silent
from pez.fingerprint.piece import Branch, Option, Piece
from pez.fingerprint.source import Target
from pez.fingerprint.units import Member, Unit, Units


@dataclass
class Closure:
    """Everything that a script reaches, when the names ``chosen`` are what its rule is given.

    Attributes:
        units: where the definitions are read from.
        choices: names that a configuration may choose among.
        chosen: those of them that it does choose; None for all.
        reached: definitions that are reached.
        executed: modules that are imported on the way, and what they do on import.
        unused: members of the classes reached whose names nothing uses.
    """

    units: Units
    choices: Collection[str]
    chosen: Collection[str] | None
    reached: dict[Target, Unit] = field(default_factory=dict)
    executed: dict[str, Piece] = field(default_factory=dict)
    unused: list[tuple[Target, Member]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._on = set(self.chosen or ())
        self._attributes: set[str] = set()
        self._whole: set[Target] = set()
        self._folders: set[tuple[str, str]] = set()
        self._any_member = self._all_fields = False
        self._used: list[tuple[Target, Member]] = []
        self._open: list[Branch] = []
        self._waiting: set[Target] = set()  # classes whose tag is not chosen
        self._new: list[Piece] = []

    def follow(self, script: str) -> "Closure":
        """Reach all that ``script``, a file beside the package, reaches."""
        name = script.removesuffix(".py")
        module = self.units.source.module(name)
        if module is None:
            raise FileNotFoundError(self.units.source.root / script)
        self.executed[name] = self.units.script(name)
        self._new.append(self.executed[name])
        while self._new:
            while self._new:
                self._take(self._new.pop())
            self._recheck()
        return self

    def digest(self) -> str:
        """Return 16 hex digits of all that was reached, as far as it can change a number."""
        texts: list[tuple[str, Piece]] = []
        texts += [(f"import {name}", piece) for name, piece in self.executed.items()]
        texts += [(str(target), unit.piece) for target, unit in self.reached.items()]
        texts += [(f"{target}.{one.name}", one.piece) for target, one in self._used]
        digest = hashlib.sha256()
        for name, piece in sorted(texts, key=lambda one: one[0]):
            text = b"".join(piece.text(self._holds))
            if text:
                digest.update(name.encode() + b"\1" + text + b"\2")
        return digest.hexdigest()[:16]

    def _take(self, piece: Piece) -> None:
        """Follow everything in ``piece``."""
        self._attributes |= piece.attributes
        self._on |= piece.strings
        self._folders |= piece.folders
        self._any_member |= piece.reads_any_member
        self._all_fields |= piece.reads_all_fields
        for dotted in piece.runs:
            self._execute(dotted)
        for target in piece.uses:
            self._whole.add(target)
            self._reach(target)
        for target in piece.looks_up:
            self._reach(target)
        for string in piece.strings:
            if "." in string and self.units.source.module(string.split(":")[0]):
                self._reach(Target(string.split(":")[0]))
        for branch in piece.branches:
            if self._holds(branch):
                self._new.append(branch.then)
            else:
                self._new.append(branch.other)
                self._open.append(branch)

    def _reach(self, target: Target) -> None:
        if target in self.reached or silent.is_outside_provenance(target.module):
            return
        self._execute(target.module)
        if not target.name:
            self._reach_module(target.module)
            return
        unit = self.units.unit(target)
        if not self._may_exist(unit):
            self._waiting.add(target)
            return
        self.reached[target] = unit
        self.unused += [(target, member) for member in unit.members]
        self._new.append(unit.piece)

    def _reach_module(self, dotted: str) -> None:
        """Reach every definition of a module that is handed about as a value."""
        module = self.units.source.module(dotted)
        for name in module.definitions if module else ():
            self._whole.add(Target(dotted, name))
            self._reach(Target(dotted, name))

    def _reach_entry(self, dotted: str, attribute: str) -> None:
        """Reach a module that is imported by its name, or that of it which is asked for."""
        module = self.units.source.module(dotted)
        known = module is not None and attribute in module.definitions
        if module is not None and attribute and not known and attribute not in module.imports:
            return  # it has nothing of that name: asked for it, the job would fail
        target = Target(dotted, attribute if known else "")
        self._whole.add(target)
        self._reach(target)

    def _execute(self, dotted: str) -> None:
        for module in self.units.source.executed(dotted):
            if module.name not in self.executed and not silent.is_outside_provenance(module.name):
                self.executed[module.name] = self.units.effects(module.name)
                self._new.append(self.executed[module.name])

    def _recheck(self) -> None:
        """Follow what has come to count since it was first seen."""
        still_open = []
        for branch in self._open:
            if self._holds(branch):
                self._new.append(branch.then)
            else:
                still_open.append(branch)
        self._open = still_open
        for target in list(self._waiting):
            if self._may_exist(self.units.unit(target)):
                self._waiting.remove(target)
                self._reach(target)
        unused = []
        for target, member in self.unused:
            named = member.name in self._attributes or self._any_member
            if named or (member.is_field and self._all_fields):
                self._used.append((target, member))
                self._new.append(member.piece)
            else:
                unused.append((target, member))
        self.unused = unused
        for folder, attribute in self._folders:
            for dotted in self.units.source.submodules(folder):
                if self.chosen is None or dotted.rpartition(".")[2] in self._on:
                    self._reach_entry(dotted, attribute)

    def _holds(self, branch: Branch) -> bool:
        return any(self._option_holds(option) for option in branch.options)

    def _option_holds(self, option: Option) -> bool:
        what = option.what
        if isinstance(what, str):
            return self._is_on(what)
        if option.kind == "class":
            return what in self.reached
        if option.kind == "whole":
            return what in self._whole
        return self._may_exist(self.units.unit(what))

    def _is_on(self, name: str) -> bool:
        return self.chosen is None or name not in self.choices or name in self._on

    def _may_exist(self, unit: Unit) -> bool:
        """Whether there may be an instance: a tag that every one must have is chosen."""
        return all(any(map(self._is_on, tags)) for tags in unit.tags)
