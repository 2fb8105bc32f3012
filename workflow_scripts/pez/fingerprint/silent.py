"""What cannot change a number: modules that run and report, text for people, pure checks."""

import ast
from collections.abc import Iterable, Iterator

# How a job runs and not what it computes: what they do is not followed. They may import nothing
# that computes (tests/fingerprint/test_silent_modules.py).
OUTSIDE_PROVENANCE = {
    "pez.runtime.atomic",
    "pez.runtime.errors",
    "pez.runtime.gpu_devices",
    "pez.runtime.gpu_lease",
    "pez.runtime.job",
    "pez.runtime.note",
    "pez.runtime.run_lock",
}
# Of these not even the calls count: a progress bar is what it goes through.
SILENT_MODULES = {
    "pez.clips.quiet",
    "pez.pretraining.progress",
    "pez.runtime.lease_log",
    "pez.runtime.moments",
    "pez.runtime.progress",
}
SILENT_LIBRARIES = {"logging", "warnings"}

# Arguments of pydantic's Field that change a value; the others refuse or describe it.
FIELD_VALUES = {"alias", "default", "default_factory"}
NO_VALUE = {"Tag", "Discriminator"}  # they tell which class to check by

_VALIDATORS = {"model_validator", "field_validator"}
_ERROR_ENDINGS = ("Error", "Exception", "Exit", "Interrupt", "Warning", "StopIteration")
_TEXT_FUNCTIONS = {
    "abs", "bool", "dict", "enumerate", "float", "format", "int", "len", "list", "map", "max",
    "min", "range", "repr", "round", "set", "sorted", "str", "sum", "tuple", "type", "zip",
}  # fmt: skip
_TEXT_METHODS = {
    "format", "items", "join", "keys", "lower", "monotonic", "perf_counter", "removeprefix",
    "removesuffix", "split", "splitlines", "strip", "time", "title", "upper", "values",
}  # fmt: skip


def is_outside_provenance(module: str) -> bool:
    """Whether ``module`` is not followed."""
    of_fingerprints = module.startswith("pez.fingerprint")  # keys of a cache, no number in it
    return of_fingerprints or module in OUTSIDE_PROVENANCE or module in SILENT_MODULES


def is_error_name(name: str) -> bool:
    """Whether ``name``, of a built-in or a library's class, is an exception's."""
    return name.endswith(_ERROR_ENDINGS)


def names_in(nodes: Iterable[ast.AST | None]) -> Iterator[str]:
    """Yield the names that ``nodes`` read."""
    for node in nodes:
        for inner in ast.walk(node) if node is not None else ():
            if isinstance(inner, ast.Name):
                yield inner.id


def is_mere_text(node: ast.AST) -> bool:
    """Whether evaluating ``node`` has no effect that is known to be more than making text."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom):
            return False
        if isinstance(inner, ast.Call):
            function = inner.func
            if isinstance(function, ast.Name) and function.id in _TEXT_FUNCTIONS:
                continue
            if isinstance(function, ast.Attribute) and function.attr in _TEXT_METHODS:
                continue
            return False
    return True


def is_check(function: ast.FunctionDef, decorators: Iterable[str]) -> bool:
    """Whether a validator can only refuse: it returns its argument as it came, and stores nothing.

    Configuration is checked when the workflow is planned; what reaches a rule has passed.
    """
    if not _VALIDATORS & set(decorators):
        return False
    parameters = {argument.arg for argument in function.args.args}
    for node in ast.walk(function):
        match node:
            case ast.Return(value=ast.Name(id=name)) if name in parameters:
                continue
            case ast.Expr(value=ast.Constant()):
                continue
            case ast.Return() | ast.Expr() | ast.Delete() | ast.Global() | ast.Nonlocal():
                return False
            case ast.Attribute(ctx=ast.Store()) | ast.Subscript(ctx=ast.Store()):
                return False
            case ast.AugAssign() | ast.NamedExpr():
                return False
    return True


def error_numbers(call: ast.Call) -> Iterator[str]:
    """Arguments of an exception that are no text: an errno, an exit status."""
    for argument in call.args:
        if isinstance(argument, ast.Constant) and not isinstance(argument.value, str):
            yield repr(argument.value)
