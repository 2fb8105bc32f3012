"""Read expressions into pieces: names, attributes, tables, unions of classes."""

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from pez.fingerprint import silent
from pez.fingerprint.names import Names
from pez.fingerprint.piece import Branch, Option, Piece
from pez.fingerprint.source import Source, Target

UnreadParameters = Callable[[Target | None], tuple[frozenset[str], Sequence[str]]]

_SKIPPED_FIELDS = {"ctx", "kind", "type_comment", "lineno"}
_WHOLE_OBJECT = {"vars", "dir"}
_DUNDER_TABLES = {"__dict__", "__fields__", "model_fields", "__subclasses__"}


class Expressions(ABC):
    """Reads the expressions of one definition; see `pez.fingerprint.reader.Reader`."""

    def __init__(self, source: Source, names: Names, owner: Target, unread: "UnreadParameters"):
        self.piece = Piece()
        self.loaded: set[str] = set()
        self.silenced: set[str] = set()
        self._source, self._names, self._owner, self._unread = source, names, owner, unread
        self._dead: frozenset[str] = frozenset()
        self._bars: set[str] = set()
        self._constants: dict[str, list[str]] = {}  # loop variables over written-out strings
        self._quiet_strings = False
        self._annotating = False

    def read(self, node: ast.AST | None) -> None:
        """Read any node."""
        match node:
            case None:
                self._out("-")
            case ast.Name(ctx=ast.Load()):
                self._name(node.id)
            case ast.Name():
                self._out(node.id)
            case ast.Attribute():
                self._attribute(node)
            case ast.Constant():
                self._out(repr(node.value))
                if isinstance(node.value, str) and not self._quiet_strings:
                    self.piece.strings.add(node.value)
            case ast.Call():
                self._call(node)
            case ast.Subscript():
                self._subscript(node)
            case ast.Dict():
                self._dict(node, (Option("whole", self._owner),))
            case ast.BinOp(op=ast.BitOr()):
                self._union(node)
            case ast.Compare():
                self._compare(node)
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp():
                self._scoped(node)
            case ast.GeneratorExp():
                self._scoped(node)
            case ast.stmt() if isinstance(node, ast.FunctionDef | ast.If | ast.Raise | ast.With):
                self.block([node])
            case _:
                self._generic(node)

    def annotation(self, node: ast.expr) -> None:
        """Read the type of a configuration field: it says what a value is turned to."""
        outer, self._annotating = self._annotating, True
        self.read(node)
        self._annotating = outer

    def default(self, node: ast.expr | None) -> None:
        """Read the default of a configuration field. A rule is given the names that its sections
        have by default, so that here they count only if the code makes such a section itself."""
        quietly = partial(self._without_strings, partial(self.read, node))
        self._branch((Option("whole", self._owner),), partial(self.read, node), quietly)

    def _generic(self, node: ast.AST) -> None:
        self._out(type(node).__name__)
        for name in node._fields:
            if name in _SKIPPED_FIELDS:
                continue
            value = getattr(node, name, None)
            if isinstance(value, list):
                self._out("[")
                for one in value:
                    self.read(one) if isinstance(one, ast.AST) else self._out(str(one))
                self._out("]")
            elif isinstance(value, ast.AST):
                self.read(value)
            else:
                self._out(str(value))

    def _scoped(self, node: ast.AST) -> None:
        for generator in getattr(node, "generators", ()):
            self._note_constants(generator.target, generator.iter)
        with self._names.inside(node):
            if isinstance(node, ast.Lambda):
                self._out("Lambda")
                self._arguments(node.args)
                self.read(node.body)
            else:
                self._generic(node)

    def _arguments(self, arguments: ast.arguments) -> None:
        for one in (*arguments.posonlyargs, *arguments.args):
            self._out(one.arg)
        self._out("*", arguments.vararg.arg if arguments.vararg else "")
        for one in arguments.kwonlyargs:
            self._out(one.arg)
        self._out("**", arguments.kwarg.arg if arguments.kwarg else "")
        for default in (*arguments.defaults, *arguments.kw_defaults):
            self.read(default)

    def _name(self, name: str, whole: bool = True) -> None:
        self.loaded.add(name)
        target = self._names.find(name)
        if target is None:
            self._out(name)
            if name in _WHOLE_OBJECT:
                self.piece.reads_any_member = True
            return
        self._out(str(target))
        self._use(target, whole)

    def _use(self, target: Target, whole: bool = True) -> None:
        if target.outside or silent.is_outside_provenance(target.module):
            return
        looked_up = self._annotating or not whole
        (self.piece.looks_up if looked_up else self.piece.uses).add(target)

    def _attribute(self, node: ast.Attribute) -> None:
        target = self._names.target(node)
        if target is not None:
            self.loaded.update(silent.names_in([node]))
            self._out(f"{target.module}.", target.name)
            self._use(target)
            return
        if not self._import_by_name(node.value, node.attr):
            self.read(node.value)
        self._out(".", node.attr)
        self.piece.attributes.add(node.attr)
        if node.attr in _DUNDER_TABLES:
            self.piece.reads_any_member = True

    def _compare(self, node: ast.Compare) -> None:
        """Read a comparison: strings that are compared with are not values."""
        operands = [node.left, *node.comparators]
        self._out("Compare", *(type(operator).__name__ for operator in node.ops))
        for index, operand in enumerate(operands):
            is_table = index and isinstance(node.ops[index - 1], ast.In | ast.NotIn)
            if is_table and isinstance(operand, ast.Name):
                self._name(operand.id, whole=False)
            elif isinstance(operand, ast.Constant | ast.Tuple | ast.List | ast.Set):
                self._without_strings(partial(self.read, operand))
            else:
                self.read(operand)

    def _subscript(self, node: ast.Subscript) -> None:
        kind = self._names.outer_name(node.value)
        if kind == "Literal":
            self._literal(node)
        elif kind == "Annotated":
            self._annotated(node)
        elif isinstance(node.value, ast.Name):
            self._out("[]")
            self._name(node.value.id, whole=False)
            self.read(node.slice)
        elif isinstance(node.value, ast.Dict):
            self._out("[]")
            self._dict(node.value, ())
            self.read(node.slice)
        else:
            self._generic(node)

    def _annotated(self, node: ast.Subscript) -> None:
        """Read ``Annotated[type, ...]``: a type like one behind a colon, unless all is listed."""
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        options = (Option("whole", self._owner),)
        self._branch(options, partial(self.read, parts[0]), partial(self.annotation, parts[0]))
        for part in parts[1:]:
            self.read(part)

    def _literal(self, node: ast.Subscript) -> None:
        """Read allowed names: those not chosen leave no trace, unless all are listed."""
        members = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        self._out("Literal")
        for member in members:
            value = member.value if isinstance(member, ast.Constant) else None
            if not isinstance(value, str):
                self.read(member)
                continue
            options = (Option("name", value), Option("whole", self._owner))
            self._branch(options, partial(self.read, member))

    def _dict(self, node: ast.Dict, options: tuple[Option, ...]) -> None:
        """Read a table: an entry leaves no trace if its key is not chosen and never listed."""
        self._out("Dict")
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                self._branch(
                    (Option("name", key.value), *options), partial(self._entry, key, value)
                )
            else:
                self._entry(key, value)

    def _entry(self, key: ast.expr | None, value: ast.expr) -> None:
        if isinstance(key, ast.Constant):
            self._without_strings(partial(self.read, key))
        else:
            self.read(key)
        self.read(value)

    def _union(self, node: ast.BinOp) -> None:
        """Read ``A | B | ...``: a class whose tag is not chosen leaves no trace."""
        operands: list[ast.expr] = []
        waiting: list[ast.expr] = [node]
        while waiting:
            one = waiting.pop()
            if isinstance(one, ast.BinOp) and isinstance(one.op, ast.BitOr):
                waiting += [one.right, one.left]
            else:
                operands.append(one)
        self._out("|")
        for operand in operands:
            inner = operand
            if isinstance(operand, ast.Subscript) and isinstance(operand.slice, ast.Tuple):
                inner = operand.slice.elts[0]
            target = self._names.project_class(inner)
            if target is None:
                self.read(operand)
            else:
                self._branch((Option("tagged", target),), partial(self.read, operand))

    def _note_constants(self, target: ast.expr, values: ast.expr) -> None:
        if isinstance(target, ast.Name) and isinstance(values, ast.Tuple | ast.List):
            strings = strings_in(values.elts)
            if len(strings) == len(values.elts):
                self._constants[target.id] = strings

    def _out(self, *words: str) -> None:
        self.piece.parts += words

    def _node(self, kind: str, *parts: ast.AST | None) -> None:
        self._out(kind)
        for part in parts:
            self.read(part)

    def _branch(
        self,
        options: tuple[Option, ...],
        then: Callable[[], object],
        other: Callable[[], object] | None = None,
    ) -> None:
        outer, pieces = self.piece, []
        for read in (then, other):
            self.piece = Piece()
            if read is not None:
                read()
            pieces.append(self.piece)
        self.piece = outer
        outer.parts.append(Branch(options, *pieces))

    def _without_strings(self, read: Callable[[], object]) -> None:
        before, self._quiet_strings = self._quiet_strings, True
        read()
        self._quiet_strings = before

    def _silence(self, nodes: Iterable[ast.AST | None]) -> None:
        self.silenced.update(silent.names_in(nodes))

    def _calls_module(self, call: ast.Call, modules: set[str]) -> bool:
        target = self._names.target(call.func)
        return target is not None and target.module in modules

    @abstractmethod
    def block(self, statements: Sequence[ast.stmt]) -> None:
        """Read statements."""

    @abstractmethod
    def _import_by_name(self, node: ast.expr, attribute: str) -> bool:
        """Read ``import_module(...)``, of which ``attribute`` is taken; False if it is not that."""

    @abstractmethod
    def _call(self, node: ast.Call) -> None:
        """Read a call."""


def strings_in(nodes: Iterable[ast.AST]) -> list[str]:
    """String constants among ``nodes``."""
    return [
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
