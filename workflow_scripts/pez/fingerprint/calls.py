"""Read calls into pieces: without messages, bars, and what only refuses a value."""

import ast
from abc import ABC
from functools import partial

from pez.fingerprint import silent
from pez.fingerprint.expressions import Expressions, strings_in
from pez.fingerprint.piece import Option

_DUMPS = {"model_dump", "model_dump_json", "model_copy", "asdict", "astuple", "_asdict"}


class Calls(Expressions, ABC):
    """Reads the calls of one definition; see `pez.fingerprint.reader.Reader`."""

    def _call(self, node: ast.Call) -> None:
        """Read a call, of which only parts may count."""
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
        elif name in ("attrgetter", "methodcaller"):
            self._generic(node)
            self.piece.attributes.update(strings_in(node.args))
        elif name == "import_module":
            self._import_by_name(node, "")
        else:
            self._plain_call(node, words)

    def _plain_call(self, node: ast.Call, words: dict[str | None, ast.expr]) -> None:
        self._note_dump(node.func, words.get("include"))
        self._out("Call")
        match node.func:
            case ast.Attribute(value=ast.Name(id=name), attr="get" | "model_validate" as method):
                self._name(name, whole=False)
                self._out(f".{method}")
            case _:
                self.read(node.func)
        unread, order = self._unread(self._names.target(node.func))
        if self._names.project_class(node.func):  # fields that are given a value here
            self.piece.attributes.update(filter(None, words))
        starred = any(isinstance(one, ast.Starred) for one in node.args)
        for index, one in enumerate(node.args):
            known = not starred and index < len(order)
            self._argument(one, known and order[index] in unread)
        for word, value in words.items():
            if not self._argument_is_mere_text(value, word in unread):
                self._out(str(word))
            self._argument(value, word in unread)

    def _argument(self, value: ast.expr, unread: bool) -> None:
        if self._argument_is_mere_text(value, unread):
            self._silence([value])
        else:
            self.read(value)

    def _argument_is_mere_text(self, value: ast.expr, unread: bool) -> bool:
        """Whether an argument only goes into the messages of the function that is called."""
        return unread and silent.is_mere_text(value)

    def _note_dump(self, function: ast.expr, included: ast.expr | None) -> None:
        """Note that a whole configuration object, or those fields of it, are turned to data."""
        attribute = function.attr if isinstance(function, ast.Attribute) else None
        if (attribute or self._names.outer_name(function)) not in _DUMPS:
            return
        if isinstance(included, ast.Set | ast.Tuple | ast.List):
            self.piece.attributes.update(strings_in(included.elts))
        else:
            self.piece.reads_all_fields = True

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

    def _isinstance(self, node: ast.Call) -> None:
        self._out("isinstance")
        self.read(node.args[0])
        classes = self._names.classes(node.args[1])
        if classes is None:
            self.read(node.args[1])
            return
        for one in classes:
            self._branch((Option("class", one),), partial(self._out, str(one)))

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

    def _import_by_name(self, node: ast.expr, attribute: str) -> bool:
        if not isinstance(node, ast.Call) or self._names.outer_name(node.func) != "import_module":
            return False
        self._generic(node)
        name = node.args[0] if node.args else None
        if isinstance(name, ast.JoinedStr) and isinstance(name.values[0], ast.Constant):
            self.piece.folders.add((str(name.values[0].value).rstrip("."), attribute))
        return True

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
