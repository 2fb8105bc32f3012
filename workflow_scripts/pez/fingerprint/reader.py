"""Read code into pieces: a normal form without what cannot change a number."""

import ast
from collections.abc import Iterable, Sequence
from functools import partial

from pez.fingerprint import silent
from pez.fingerprint.calls import Calls
from pez.fingerprint.piece import Option
from pez.fingerprint.source import imported_modules

_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)


class Reader(Calls):
    """Reads the code of one definition.

    Attributes:
        piece: what has been read.
        loaded: names that are read where it counts.
        silenced: names that are read where it does not.
    """

    def again(self, dead: frozenset[str]) -> "Reader":
        """A reader of the same definition that leaves out variables that only messages use."""
        reader = Reader(self._source, self._names, self._owner, self._unread)
        reader._dead = dead
        return reader

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
                whole = partial(self._if_and_rest, statement, rest)
                self._branch(options, whole, partial(self.block, taken))
                return
            self._branch(options, partial(self._if, statement), partial(self.block, taken))

    def _if_and_rest(self, statement: ast.If, rest: Sequence[ast.stmt]) -> None:
        self._if(statement)
        self.block(rest)

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
        if isinstance(node.exc, ast.Call) and self._error(node.exc):
            return
        if node.exc is not None:
            self.read(node.exc)

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
            if options:
                self._branch(options, partial(self._case, case))
            else:
                self._case(case)

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
            for inner in (*pattern.patterns, *pattern.kwd_patterns):
                self._pattern(inner)
            self._out(*pattern.kwd_attrs)
            self.piece.attributes.update(pattern.kwd_attrs)
        elif isinstance(pattern, ast.MatchAs | ast.MatchOr | ast.MatchSequence):
            self._out(type(pattern).__name__, str(getattr(pattern, "name", "")))
            for part in ast.iter_child_nodes(pattern):
                self._pattern(part)
        else:
            self._without_strings(partial(self.read, pattern))

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

    def _only_for_messages(self, targets: Sequence[ast.expr], value: ast.expr | None) -> bool:
        names = [one.id if isinstance(one, ast.Name) else "" for one in targets]
        if value is None or not all(name in self._dead for name in names):
            return False
        return silent.is_mere_text(value)
