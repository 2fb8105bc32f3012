"""Read code into pieces: a normal form without what cannot change a number."""

import ast
from collections.abc import Callable, Iterable, Sequence

from pez.fingerprint import silent
from pez.fingerprint.names import Names
from pez.fingerprint.piece import Branch, Option, Piece
from pez.fingerprint.source import Source, Target, imported_modules

_SKIPPED_FIELDS = {"ctx", "kind", "type_comment", "lineno"}
_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_DUMPS = {"model_dump", "model_dump_json", "model_copy", "asdict", "astuple", "_asdict"}
_WHOLE_OBJECT = {"vars", "dir"}
_DUNDER_TABLES = {"__dict__", "__fields__", "model_fields", "__subclasses__"}


class Reader:
    """Reads the code of one definition.

    Attributes:
        piece: what has been read.
        loaded: names that are read where it counts.
        silenced: names that are read where it does not.
    """

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

    def again(self, dead: frozenset[str]) -> "Reader":
        """A reader of the same definition that leaves out variables that only messages use."""
        reader = Reader(self._source, self._names, self._owner, self._unread)
        reader._dead = dead
        return reader

    # ------------------------------------------------------------------------------ statements

    def block(self, statements: Sequence[ast.stmt]) -> None:
        """Read ``statements``, of which an ``if isinstance(...)`` may be a branch."""
        for index, statement in enumerate(statements):
            if not isinstance(statement, ast.If):
                self._statement(statement)
                continue
            options, truth = self._instance_test(statement.test)
            if truth is None:
                self._if(statement)
                continue
            taken = statement.body if truth else statement.orelse
            if taken and isinstance(taken[-1], _ENDS):
                rest = statements[index + 1 :]
                self._branch(
                    options,
                    lambda one=statement, rest=rest: (self._if(one), self.block(rest)),
                    lambda taken=taken: self.block(taken),
                )
                return
            self._branch(
                options,
                lambda one=statement: self._if(one),
                lambda taken=taken: self.block(taken),
            )

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                return
            case ast.Expr(value=ast.Call() as call) if self._is_report(call):
                self._silence([call])
            case ast.Import() | ast.ImportFrom():
                self.piece.runs.update(imported_modules(node))
            case ast.Assign(targets=targets) if self._only_for_messages(targets, node.value):
                self._silence([node.value])
            case ast.AnnAssign(target=target) if self._only_for_messages([target], node.value):
                self._silence([node.value])
            case ast.AnnAssign():
                if node.value is not None:
                    self._node("Assign", node.target, node.value)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call) if (
                self._calls_module(call, silent.SILENT_MODULES)
            ):
                self._bars.add(name)
                self.read(call)
            case ast.Raise():
                self._raise(node)
            case ast.Assert():
                self._silence([node.msg])
                self._node("Assert", node.test)
            case ast.With() | ast.AsyncWith():
                self._with(node)
            case ast.For() | ast.AsyncFor():
                self._note_constants(node.target, node.iter)
                self._node(type(node).__name__, node.target, node.iter)
                self._indented(node.body, node.orelse)
            case ast.While():
                self._node("While", node.test)
                self._indented(node.body, node.orelse)
            case ast.Try() | ast.TryStar():
                self._out("Try")
                self._indented(node.body)
                for handler in node.handlers:
                    self._node("except", handler.type)
                    self._out(handler.name or "")
                    self._indented(handler.body)
                self._indented(node.orelse, node.finalbody)
            case ast.Match():
                self._match(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.function(node)
            case _:
                self.read(node)

    def _if(self, node: ast.If) -> None:
        if self._says_nothing(node.body) and self._says_nothing(node.orelse):
            for part in (*node.body, *node.orelse):
                self._silence([part])
            if silent.is_mere_text(node.test):
                self._silence([node.test])
            else:
                self._node("Expr", node.test)
            return
        self._node("If", node.test)
        self._indented(node.body, node.orelse)

    def _says_nothing(self, statements: Iterable[ast.stmt]) -> bool:
        """Whether ``statements`` do nothing but report."""
        for node in statements:
            match node:
                case ast.Pass() | ast.Expr(value=ast.Constant()):
                    continue
                case ast.Expr(value=ast.Call() as call) if self._is_report(call):
                    continue
                case ast.If(body=body, orelse=orelse, test=test) if silent.is_mere_text(test):
                    if self._says_nothing(body) and self._says_nothing(orelse):
                        continue
                case ast.Assign(targets=targets, value=value):
                    if self._only_for_messages(targets, value):
                        continue
            return False
        return True

    def _indented(self, *blocks: Sequence[ast.stmt]) -> None:
        for statements in blocks:
            self._out("{")
            self.block(statements)
            self._out("}")

    def _raise(self, node: ast.Raise) -> None:
        self._silence([node.cause])
        self._out("Raise")
        if isinstance(node.exc, ast.Call) and not self._error(node.exc):
            self.read(node.exc)
        elif node.exc is not None and not isinstance(node.exc, ast.Call):
            self.read(node.exc)

    def _error(self, call: ast.Call) -> bool:
        """Read ``call`` if it makes an exception: its class and its numbers, not its text."""
        error = self._names.error(call.func)
        if error is None:
            return False
        self._silence([*call.args, *(word.value for word in call.keywords)])
        self._out(error)
        for number in silent.error_numbers(call):
            self._out(number)
        return True

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        kept = []
        for item in node.items:
            call = item.context_expr
            if isinstance(call, ast.Call) and self._calls_module(call, silent.SILENT_MODULES):
                if isinstance(item.optional_vars, ast.Name):
                    self._bars.add(item.optional_vars.id)
                if not call.args or isinstance(call.args[0], ast.Constant):
                    self._silence(call.args)
                    continue
            kept.append(item)
        if not kept:
            self.block(node.body)
            return
        self._out("With")
        for item in kept:
            self.read(item.context_expr)
            self.read(item.optional_vars)
        self._indented(node.body)

    def _match(self, node: ast.Match) -> None:
        self._node("Match", node.subject)
        for case in node.cases:
            options = self._pattern_options(case.pattern)
            read = lambda case=case: self._case(case)  # noqa: E731
            if options:
                self._branch(options, read)
            else:
                read()

    def _case(self, case: ast.match_case) -> None:
        self._out("case")
        self._pattern(case.pattern)
        self.read(case.guard)
        self._indented(case.body)

    def _pattern(self, pattern: ast.AST) -> None:
        """Read a pattern: its classes are compared with and not used."""
        if isinstance(pattern, ast.MatchClass):
            target = self._names.target(pattern.cls)
            self._out(f"class {target}" if target else ast.dump(pattern.cls))
            for part in (*pattern.patterns, *pattern.kwd_patterns):
                self._pattern(part)
            self._out(*pattern.kwd_attrs)
            self.piece.attributes.update(pattern.kwd_attrs)
        elif isinstance(pattern, ast.MatchAs | ast.MatchOr | ast.MatchSequence):
            self._out(type(pattern).__name__, str(getattr(pattern, "name", "")))
            for part in ast.iter_child_nodes(pattern):
                self._pattern(part)
        else:
            self._without_strings(lambda: self.read(pattern))

    def _pattern_options(self, pattern: ast.pattern) -> tuple[Option, ...]:
        """What ``pattern`` needs; nothing if it may match anything."""
        match pattern:
            case ast.MatchValue(value=ast.Constant(value=str() as name)):
                return (Option("name", name),)
            case ast.MatchAs(pattern=ast.pattern() as inner):
                return self._pattern_options(inner)
            case ast.MatchOr(patterns=patterns):
                options = [self._pattern_options(part) for part in patterns]
                return tuple(sum(options, ())) if all(options) else ()
            case ast.MatchClass(cls=cls) if target := self._names.project_class(cls):
                return (Option("class", target),)
        return ()

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Read a function without its annotations and its docstring."""
        self._out("def", node.name)
        for decorator in node.decorator_list:
            self.read(decorator)
        with self._names.inside(node):
            self._arguments(node.args)
            self._indented(node.body)

    def _arguments(self, arguments: ast.arguments) -> None:
        for one in (*arguments.posonlyargs, *arguments.args):
            self._out(one.arg)
        self._out("*", arguments.vararg.arg if arguments.vararg else "")
        for one in arguments.kwonlyargs:
            self._out(one.arg)
        self._out("**", arguments.kwarg.arg if arguments.kwarg else "")
        for default in (*arguments.defaults, *arguments.kw_defaults):
            self.read(default)

    # ----------------------------------------------------------------------------- expressions

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
        self._annotating = True
        self.read(node)
        self._annotating = False

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
        if target.outside or silent.is_outside_the_recipe(target.module):
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
                self._without_strings(lambda operand=operand: self.read(operand))
            else:
                self.read(operand)

    def _subscript(self, node: ast.Subscript) -> None:
        kind = self._names.outer_name(node.value)
        if kind == "Literal":
            self._literal(node)
        elif kind == "Annotated":
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            for part in parts:
                self.read(part)
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
            self._branch(options, lambda member=member: self.read(member))

    def _dict(self, node: ast.Dict, options: tuple[Option, ...]) -> None:
        """Read a table: an entry leaves no trace if its key is not chosen and never listed."""
        self._out("Dict")
        for key, value in zip(node.keys, node.values, strict=True):

            def read(key: ast.expr | None = key, value: ast.expr = value) -> None:
                self._without_strings(lambda: self.read(key))
                self.read(value)

            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                self._branch((Option("name", key.value), *options), read)
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
                self._branch((Option("tagged", target),), lambda one=operand: self.read(one))

    # ----------------------------------------------------------------------------------- calls

    def _call(self, node: ast.Call) -> None:
        name = self._names.outer_name(node.func)
        words = {word.arg: word.value for word in node.keywords}
        if self._calls_module(node, silent.SILENT_MODULES):
            self._silence([*node.args[1:], *words.values()])
            self.read(node.args[0] if node.args else None)
        elif self._error(node):
            return
        elif name == "isinstance" and len(node.args) == 2:
            self._isinstance(node)
        elif name in silent.NO_VALUE:
            return
        elif name == "cast" and len(node.args) == 2:
            self.read(node.args[1])
        elif name == "Field":
            for one in node.args:
                self.read(one)
            for word, value in words.items():
                if word in silent.FIELD_VALUES:
                    self.read(value)
        elif name in ("getattr", "setattr", "hasattr", "delattr"):
            self._attribute_by_name(node)
        elif name == "import_module":
            self._import_by_name(node)
        else:
            self._plain_call(node, words)

    def _plain_call(self, node: ast.Call, words: dict[str | None, ast.expr]) -> None:
        attribute = node.func.attr if isinstance(node.func, ast.Attribute) else None
        dumps = attribute or self._names.outer_name(node.func)
        if dumps in _DUMPS:
            included = words.get("include")
            if isinstance(included, ast.Set | ast.Tuple | ast.List):
                self.piece.attributes.update(_strings(included.elts))
            else:
                self.piece.reads_all_fields = True
        self._out("Call")
        if attribute == "get" and isinstance(node.func.value, ast.Name):  # type: ignore[attr-defined]
            self._name(node.func.value.id, whole=False)  # type: ignore[attr-defined]
            self._out(".get")
        else:
            self.read(node.func)
        unread, order = self._unread(self._names.target(node.func))
        starred = any(isinstance(one, ast.Starred) for one in node.args)
        for index, one in enumerate(node.args):
            known = not starred and index < len(order)
            if known and order[index] in unread and silent.is_mere_text(one):
                self._silence([one])
            else:
                self.read(one)
        for word, value in words.items():
            if word in unread and silent.is_mere_text(value):
                self._silence([value])
            else:
                self._out(str(word))
                self.read(value)

    def _isinstance(self, node: ast.Call) -> None:
        self._out("isinstance")
        self.read(node.args[0])
        classes = self._names.classes(node.args[1])
        if classes is None:
            self.read(node.args[1])
            return
        for one in classes:
            self._branch((Option("class", one),), lambda one=one: self._out(str(one)))

    def _instance_test(self, test: ast.expr) -> tuple[tuple[Option, ...], bool | None]:
        """What ``test`` comes to where there are no instances of the classes it asks for.

        Returns:
            The classes, and True, False, or None if it depends on something else.
        """
        match test:
            case ast.Call(func=ast.Name(id="isinstance"), args=[_, classes]):
                found = self._names.classes(classes)
                if found:
                    return tuple(Option("class", one) for one in found), False
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                options, truth = self._instance_test(operand)
                return options, None if truth is None else not truth
            case ast.BoolOp(op=operator, values=values):
                deciding = isinstance(operator, ast.Or)
                for value in values:
                    options, truth = self._instance_test(value)
                    if truth is deciding:
                        return options, truth
        return (), None

    def _attribute_by_name(self, node: ast.Call) -> None:
        self._generic(node)
        name = node.args[1] if len(node.args) > 1 else None
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            self.piece.attributes.add(name.value)
        elif isinstance(name, ast.Name) and name.id in self._constants:
            self.piece.attributes.update(self._constants[name.id])
        elif not self._names.forwards(name):
            self.piece.reads_any_member = True

    def _import_by_name(self, node: ast.Call) -> None:
        self._generic(node)
        name = node.args[0] if node.args else None
        if isinstance(name, ast.JoinedStr) and isinstance(name.values[0], ast.Constant):
            self.piece.folders.add(str(name.values[0].value).rstrip("."))

    def _note_constants(self, target: ast.expr, values: ast.expr) -> None:
        if isinstance(target, ast.Name) and isinstance(values, ast.Tuple | ast.List):
            strings = _strings(values.elts)
            if len(strings) == len(values.elts):
                self._constants[target.id] = strings

    # --------------------------------------------------------------------------------- helpers

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

    def _is_report(self, call: ast.Call) -> bool:
        """Whether the statement ``call`` writes to a log, moves a bar, or prints."""
        if self._calls_module(call, silent.SILENT_MODULES | silent.SILENT_LIBRARIES):
            return True
        if self._names.outer_name(call.func) == "print":
            return True
        function = call.func
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            name = function.value.id
            return name in self._bars or self._names.is_logger(name)
        return False

    def _only_for_messages(self, targets: Sequence[ast.expr], value: ast.expr | None) -> bool:
        names = [one.id if isinstance(one, ast.Name) else "" for one in targets]
        if value is None or not all(name in self._dead for name in names):
            return False
        return silent.is_mere_text(value)


UnreadParameters = Callable[[Target | None], tuple[frozenset[str], Sequence[str]]]


def _strings(nodes: Iterable[ast.AST]) -> list[str]:
    return [
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
