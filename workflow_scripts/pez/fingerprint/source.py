"""The source files under one folder: what each module defines, imports, and does on import."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

# Decorators that change their function or class and nothing else. Any other one may enter it into
# a table of somebody else's, so that importing the module is enough to use it.
_PLAIN_DECORATORS = {
    "abstractmethod", "cache", "cached_property", "classmethod", "contextmanager", "dataclass",
    "field_serializer", "field_validator", "inference_mode", "lru_cache", "model_validator",
    "no_grad", "overload", "override", "property", "setter", "staticmethod", "wraps",
}  # fmt: skip
_OUTSIDE_BASES = {"object", "ABC", "BaseModel", "Generic", "NamedTuple", "Protocol"}

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Target:
    """What a name stands for.

    Attributes:
        module: dotted name of the module.
        name: of the definition in it; "" for the module itself.
        outside: whether the module is not one of the project.
    """

    module: str
    name: str = ""
    outside: bool = False

    def __str__(self) -> str:
        return f"{self.module}:{self.name}" if self.name else self.module


@dataclass
class Module:
    """One source file.

    Attributes:
        name: dotted name.
        path: of the file.
        definitions: statements that bind each name at the top level.
        effects: the other statements, and definitions with a decorator that may register them.
        imports: dotted module and attribute ("" for the module) behind each imported name.
        runs: dotted names of what importing the module imports in turn.
    """

    name: str
    path: Path
    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict)
    effects: list[ast.stmt] = field(default_factory=list)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)


class Source:
    """The modules under ``root``, read when they are asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._modules: dict[str, Module | None] = {}
        self._targets: dict[tuple[str, str], Target | None] = {}

    def module(self, name: str) -> Module | None:
        """Return the module called ``name``; None for one that is not of the project."""
        if name not in self._modules:
            stem = self.root.joinpath(*name.split("."))
            paths = (stem.with_suffix(".py"), stem / "__init__.py")
            path = next((path for path in paths if path.is_file()), None)
            self._modules[name] = None if path is None else _read(name, path)
        return self._modules[name]

    def submodules(self, package: str) -> list[str]:
        """Names of the modules that lie in the folder of ``package``."""
        folder = self.root.joinpath(*package.split("."))
        return [f"{package}.{path.stem}" for path in sorted(folder.glob("[!_]*.py"))]

    def resolve(self, module: Module, name: str) -> Target | None:
        """Return what ``name`` at the top level of ``module`` stands for; None if not bound."""
        key = (module.name, name)
        if key not in self._targets:
            self._targets[key] = self._resolve(module, name)
        return self._targets[key]

    def _resolve(self, module: Module, name: str) -> Target | None:
        if name in module.definitions:
            return Target(module.name, name)
        if name in module.imports:
            return self.imported(*module.imports[name])
        return None

    def imported(self, dotted: str, name: str) -> Target:
        """Return what ``from dotted import name`` (or ``import dotted``, for "") brings."""
        if name and self.module(f"{dotted}.{name}"):
            return Target(f"{dotted}.{name}")
        module = self.module(dotted)
        if module is None:
            return Target(dotted, name, outside=True)
        if not name:
            return Target(dotted)
        target = self.resolve(module, name)
        if target is None:
            raise ValueError(f"{module.path} binds no {name!r}, which another module imports")
        return target

    def executed(self, dotted: str) -> Iterator[Module]:
        """Yield the project's modules that importing ``dotted`` runs, without what they import."""
        parts = dotted.split(".")
        for depth in range(1, len(parts) + 1):
            module = self.module(".".join(parts[:depth]))
            if module is not None:
                yield module

    def bases(self, module: Module, node: ast.ClassDef) -> Iterator[Target | str]:
        """Yield the base classes of ``node``: targets, and bare names for what is built in."""
        for base in node.bases:
            expression = base.value if isinstance(base, ast.Subscript) else base
            if isinstance(expression, ast.Name):
                yield self.resolve(module, expression.id) or expression.id
            elif isinstance(expression, ast.Attribute):
                yield Target(ast.unparse(expression.value), expression.attr, outside=True)

    def ancestors(self, target: Target) -> list[Target | str]:
        """Return every base class of the project's class ``target``, near ones first."""
        module = self.module(target.module)
        assert module is not None
        found: list[Target | str] = []
        for node in module.definitions[target.name]:
            if isinstance(node, ast.ClassDef):
                for base in self.bases(module, node):
                    found.append(base)
                    if isinstance(base, Target) and not base.outside and base.name:
                        found += self.ancestors(base)
        return found

    @cache  # noqa: B019 - a source lives as long as the process
    def kind(self, target: Target) -> "Kind":
        """Return what kind of definition ``target`` is."""
        module = self.module(target.module)
        statements = module.definitions.get(target.name, []) if module else []
        node = next((one for one in statements if isinstance(one, ast.ClassDef)), None)
        if node is None:
            return Kind()
        names = [base if isinstance(base, str) else base.name for base in self.ancestors(target)]
        outside = [base for base in self.ancestors(target) if isinstance(base, str) or base.outside]
        outer_names = {base if isinstance(base, str) else base.name for base in outside}
        is_error = any(name.endswith(("Error", "Exception")) for name in outer_names)
        return Kind(
            node=node,
            is_schema="BaseModel" in names,
            is_error=is_error,
            called_from_outside=(not is_error and not outer_names <= _OUTSIDE_BASES)
            or any(
                isinstance(one, ast.FunctionDef) and one.name == "__getattr__" for one in node.body
            ),
        )


@dataclass(frozen=True)
class Kind:
    """What a definition is.

    Attributes:
        node: the class; None for anything else.
        is_schema: a pydantic model.
        is_error: an exception.
        called_from_outside: a class derived from one of a library, or one that stands in for an
            object of a library (``__getattr__``): the library may call any method.
    """

    node: ast.ClassDef | None = None
    is_schema: bool = False
    is_error: bool = False
    called_from_outside: bool = False


def _read(name: str, path: Path) -> Module:
    module = Module(name, path)
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        _sort(module, statement, is_script="." not in name)
    return module


def _sort(module: Module, statement: ast.stmt, is_script: bool) -> None:
    """Enter one top-level statement of ``module`` where it belongs."""
    match statement:
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            return
        case ast.Import() | ast.ImportFrom():
            _enter_import(module, statement)
            return
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            module.definitions.setdefault(statement.name, []).append(statement)
            if all(decorator_name(one) in _PLAIN_DECORATORS for one in statement.decorator_list):
                return
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))) if not is_script:
            return
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
            names = list(_assigned(statement))
            for bound in names:
                module.definitions.setdefault(bound, []).append(statement)
            if names:
                return
        case _:
            for inner in ast.walk(statement):
                if isinstance(inner, ast.Import | ast.ImportFrom):
                    _enter_import(module, inner)
                elif isinstance(inner, ast.FunctionDef | ast.ClassDef):
                    module.definitions.setdefault(inner.name, []).append(statement)
                elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    module.definitions.setdefault(inner.id, []).append(statement)
    module.effects.append(statement)


def _enter_import(module: Module, statement: ast.Import | ast.ImportFrom) -> None:
    module.imports |= imported_names(module.path, statement)
    module.runs += imported_modules(statement)


def _assigned(statement: ast.Assign | ast.AnnAssign | ast.AugAssign) -> Iterator[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    for target in targets:
        for node in ast.walk(target):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def imported_names(
    path: Path, statement: ast.Import | ast.ImportFrom
) -> dict[str, tuple[str, str]]:
    """Return (dotted module, attribute) behind each name that ``statement`` binds.

    Raises:
        ValueError: a relative or a star import, which would have to be guessed at.
    """
    if isinstance(statement, ast.Import):
        return {
            alias.asname or alias.name.split(".")[0]: (
                alias.name if alias.asname else alias.name.split(".")[0],
                "",
            )
            for alias in statement.names
        }
    if statement.level or any(alias.name == "*" for alias in statement.names):
        raise ValueError(f"{path}:{statement.lineno}: write imports absolute and name by name")
    return {
        alias.asname or alias.name: (statement.module or "", alias.name)
        for alias in statement.names
    }


def imported_modules(statement: ast.Import | ast.ImportFrom) -> list[str]:
    """Dotted names of the modules that ``statement`` may run."""
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    return [f"{statement.module}.{alias.name}" for alias in statement.names]


def decorator_name(decorator: ast.expr) -> str:
    """Last part of the name of a decorator."""
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
