"""Definitions as units that a script reaches or does not: a class member by member."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pez.fingerprint import silent
from pez.fingerprint.names import Names
from pez.fingerprint.piece import Piece
from pez.fingerprint.reader import Reader
from pez.fingerprint.source import Module, Source, Target, decorator_name

_MEMBER_DECORATORS = {
    "abstractmethod", "cached_property", "classmethod", "contextmanager", "deleter",
    "inference_mode", "no_grad", "override", "property", "setter", "staticmethod",
}  # fmt: skip


@dataclass(frozen=True)
class Member:
    """A method or field of a class, which counts where its name is used."""

    name: str
    is_field: bool
    piece: Piece


@dataclass(frozen=True)
class Unit:
    """A definition.

    Attributes:
        piece: what counts wherever the unit is reached.
        members: of a class, what counts by its name.
        tags: of a configuration class, the names of which one is in every instance.
        is_class: whether it is a class.
    """

    piece: Piece
    members: tuple[Member, ...] = ()
    tags: tuple[frozenset[str], ...] = ()
    is_class: bool = False


class Units:
    """The units of a source, read when they are asked for."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._units: dict[Target, Unit] = {}
        self._effects: dict[str, Piece] = {}
        self._unread: dict[Target, tuple[frozenset[str], Sequence[str]]] = {}

    def unit(self, target: Target) -> Unit:
        """Return the unit of a definition of the project."""
        if target not in self._units:
            self._units[target] = self._read(target)
        return self._units[target]

    def effects(self, name: str) -> Piece:
        """Return what the module called ``name`` does when it is imported, beside defining."""
        if name not in self._effects:
            module = self.source.module(name)
            assert module is not None
            piece = Piece()
            for statement in module.effects:
                owner = Target(name, "import")
                _merge(piece, self._reader(module, owner, [statement]).piece)
            piece.runs.update(module.runs)
            self._effects[name] = piece
        return self._effects[name]

    def script(self, name: str) -> Piece:
        """Return everything in a script: it is what Snakemake runs."""
        module = self.source.module(name)
        assert module is not None
        piece = Piece()
        _merge(piece, self.effects(name))
        piece.uses.update(Target(name, one) for one in module.definitions)
        return piece

    def _read(self, target: Target) -> Unit:
        module = self.source.module(target.module)
        assert module is not None
        kind = self.source.kind(target)
        if kind.node is not None:
            return self._class(module, target, kind.node)
        reader = self._reader(module, target, module.definitions[target.name])
        return Unit(reader.piece)

    def _class(self, module: Module, target: Target, node: ast.ClassDef) -> Unit:
        kind = self.source.kind(target)
        members, tags, header = [], [], Piece()
        names = Names(self.source, module)
        reader = Reader(self.source, names, target, self.unread)
        for part in (*node.decorator_list, *node.bases, *(word.value for word in node.keywords)):
            reader.read(part)
        _merge(header, reader.piece)
        for statement in node.body:
            match statement:
                case ast.Expr(value=ast.Constant()) | ast.Pass():
                    continue
                case ast.FunctionDef(name=name, decorator_list=decorators):
                    applied = [decorator_name(one) for one in decorators]
                    if kind.is_schema and silent.is_check(statement, applied):
                        continue
                    piece = self._reader(module, target, [statement]).piece
                    dunder = name.startswith("__") and name.endswith("__")
                    by_name = set(applied) <= _MEMBER_DECORATORS and not dunder
                    if by_name and not kind.called_from_outside:
                        members.append(Member(name, False, piece))
                    else:
                        _merge(header, piece)
                case ast.AnnAssign(target=ast.Name(id=name)) if kind.is_schema:
                    if _is_required(statement.value) and (values := _literal(names, statement)):
                        tags.append(values)
                    members.append(Member(name, True, self._field(module, target, statement)))
                case ast.AnnAssign(target=ast.Name(id=name)):
                    reader = Reader(self.source, names, target, self.unread)
                    reader.piece.parts.append(name)
                    reader.read(statement.value)
                    _merge(header, reader.piece)
                case _:
                    _merge(header, self._reader(module, target, [statement]).piece)
        return Unit(header, tuple(members), tuple(tags), is_class=True)

    def _field(self, module: Module, target: Target, statement: ast.AnnAssign) -> Piece:
        """Read a field of a configuration class: the type that it is turned to, its default."""
        reader = Reader(self.source, Names(self.source, module), target, self.unread)
        reader.annotation(statement.annotation)
        reader.default(statement.value)
        return reader.piece

    def unread(self, target: Target | None) -> tuple[frozenset[str], Sequence[str]]:
        """Parameters of a function that only its messages read, and all in their order."""
        nothing: tuple[frozenset[str], Sequence[str]] = (frozenset(), ())
        if target is None or target.outside or silent.is_outside_provenance(target.module):
            return nothing
        if target not in self._unread:
            self._unread[target] = nothing  # for functions that call each other
            self._unread[target] = self._unread_parameters(target) or nothing
        return self._unread[target]

    def _unread_parameters(self, target: Target) -> tuple[frozenset[str], Sequence[str]] | None:
        module = self.source.module(target.module)
        statements = module.definitions.get(target.name, []) if module else []
        if module is None or len(statements) != 1 or not isinstance(statements[0], ast.FunctionDef):
            return None
        node = statements[0]
        reader = self._reader(module, target, [node])
        order = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
        names = {*order, *(one.arg for one in node.args.kwonlyargs)}
        return frozenset((names & reader.silenced) - reader.loaded), order

    def _reader(self, module: Module, owner: Target, statements: Sequence[ast.stmt]) -> Reader:
        """Read ``statements``, leaving out the variables that only messages use."""
        reader = Reader(self.source, Names(self.source, module), owner, self.unread)
        reader.block(statements)
        dead: frozenset[str] = frozenset()
        while more := frozenset(reader.silenced - reader.loaded) - dead:
            dead |= more
            reader = reader.again(dead)
            reader.block(statements)
        return reader


def _is_required(value: ast.expr | None) -> bool:
    """Whether a field with this value on its right-hand side has no default."""
    if (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id == "Field"
    ):
        return not value.args and not any(
            word.arg in ("default", "default_factory") for word in value.keywords
        )
    return value is None


def _literal(names: Names, statement: ast.AnnAssign) -> frozenset[str]:
    """Strings of a field that is annotated ``Literal["...", ...]``."""
    annotation = statement.annotation
    if not isinstance(annotation, ast.Subscript) or names.outer_name(annotation.value) != "Literal":
        return frozenset()
    members = _elements(annotation.slice)
    values = [one.value for one in members if isinstance(one, ast.Constant)]
    strings = [value for value in values if isinstance(value, str)]
    return (
        frozenset(strings)
        if len(strings) == len(list(_elements(annotation.slice)))
        else frozenset()
    )


def _elements(node: ast.expr) -> Iterator[ast.expr]:
    yield from node.elts if isinstance(node, ast.Tuple) else [node]


def _merge(into: Piece, piece: Piece) -> None:
    into.parts += piece.parts
    into.uses |= piece.uses
    into.looks_up |= piece.looks_up
    into.attributes |= piece.attributes
    into.strings |= piece.strings
    into.runs |= piece.runs
    into.folders |= piece.folders
    into.reads_any_member |= piece.reads_any_member
    into.reads_all_fields |= piece.reads_all_fields
