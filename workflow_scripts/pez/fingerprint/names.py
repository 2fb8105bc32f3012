"""What the names in a piece of code stand for: locals, definitions of the project, or libraries."""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pez.fingerprint import silent
from pez.fingerprint.source import Module, Source, Target, imported_names

_SCOPES = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip


@dataclass
class _Scope:
    node: ast.AST
    locals: set[str] = field(default_factory=set)
    imports: dict[str, Target] = field(default_factory=dict)


class Names:
    """Looks names up from inside a definition of ``module``."""

    def __init__(self, source: Source, module: Module) -> None:
        self._source, self._module = source, module
        self._scopes: list[_Scope] = []

    @contextmanager
    def inside(self, node: ast.AST) -> Iterator[None]:
        """Look names up from inside the function or comprehension ``node``."""
        self._scopes.append(self._scope(node))
        yield
        self._scopes.pop()

    def find(self, name: str) -> Target | None:
        """Return what ``name`` stands for; None for a local variable or something built in."""
        for scope in reversed(self._scopes):
            if name in scope.imports:
                return scope.imports[name]
            if name in scope.locals:
                return None
        return self._source.resolve(self._module, name)

    def target(self, node: ast.expr) -> Target | None:
        """Return what a name, or a dotted name that begins with a module, stands for."""
        if isinstance(node, ast.Name):
            return self.find(node.id)
        if isinstance(node, ast.Attribute):
            owner = self.target(node.value)
            if owner is None or (owner.name and not owner.outside):
                return None
            if owner.outside:
                return Target(str(owner).replace(":", "."), node.attr, outside=True)
            return self._source.imported(owner.module, node.attr)
        return None

    def outer_name(self, node: ast.expr) -> str | None:
        """Return the last part of the name of something built in or of a library."""
        target = self.target(node)
        if target is not None:
            return (target.name or target.module) if target.outside else None
        if isinstance(node, ast.Name) and not any(node.id in one.locals for one in self._scopes):
            return node.id
        return None

    def project_class(self, node: ast.expr) -> Target | None:
        """Return the class of the project that ``node`` names."""
        target = self.target(node)
        if target is None or target.outside or silent.is_outside_provenance(target.module):
            return None
        return target if self._source.kind(target).node else None

    def classes(self, node: ast.expr) -> list[Target] | None:
        """Return the project's classes in the second argument of isinstance.

        None if there are others among them, of which there may always be an instance.
        """
        if isinstance(node, ast.Tuple):
            parts = [self.classes(one) for one in node.elts]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            parts = [self.classes(node.left), self.classes(node.right)]
        else:
            one = self.project_class(node)
            return None if one is None else [one]
        return None if None in parts else [one for part in parts for one in part or ()]

    def error(self, function: ast.expr) -> str | None:
        """Return the name of the exception that calling ``function`` makes; None for no exception.

        A function of the project that is annotated to return an exception counts.
        """
        target = self.target(function)
        if target is not None and not target.outside:
            if self._source.kind(target).is_error:
                return str(target)
            return self._returned_error(target)
        name = self.outer_name(function)
        return name if name is not None and silent.is_error_name(name) else None

    def _returned_error(self, target: Target) -> str | None:
        module = self._source.module(target.module)
        for node in module.definitions.get(target.name, ()) if module else ():
            if isinstance(node, ast.FunctionDef) and isinstance(node.returns, ast.Name):
                returned = self._source.resolve(module, node.returns.id)  # type: ignore[arg-type]
                if returned and not returned.outside and self._source.kind(returned).is_error:
                    return str(returned)
        return None

    def is_logger(self, name: str) -> bool:
        """Whether ``name`` is a module's logger."""
        target = self.find(name)
        module = self._source.module(target.module) if target and not target.outside else None
        for node in module.definitions.get(target.name, ()) if module and target else ():
            match node:
                case ast.Assign(value=ast.Call(func=ast.Attribute(attr="getLogger"))):
                    return True
        return target is not None and target.outside and target.module in silent.SILENT_LIBRARIES

    def forwards(self, name: ast.expr | None) -> bool:
        """Whether ``name`` is the parameter of a ``__getattr__``: named where it is asked for."""
        for scope in self._scopes:
            node = scope.node
            if isinstance(node, ast.FunctionDef) and node.name == "__getattr__":
                return isinstance(name, ast.Name) and name.id == node.args.args[1].arg
        return False

    def _scope(self, node: ast.AST) -> _Scope:
        scope = _Scope(node)
        waiting: list[ast.AST] = []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            arguments = node.args
            for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
                scope.locals.add(one.arg)
            for extra in (arguments.vararg, arguments.kwarg):
                if extra is not None:
                    scope.locals.add(extra.arg)
            waiting += node.body if isinstance(node.body, list) else []
        else:
            waiting += [generator.target for generator in getattr(node, "generators", ())]
        while waiting:
            self._bind(scope, waiting.pop(), waiting)
        return scope

    def _bind(self, scope: _Scope, node: ast.AST, waiting: list[ast.AST]) -> None:
        """Enter what ``node`` binds into ``scope``; nested scopes have names of their own."""
        if isinstance(node, _SCOPES):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                scope.locals.add(node.name)
            return
        match node:
            case ast.Import() | ast.ImportFrom():
                for name, (module, attribute) in imported_names(self._module.path, node).items():
                    scope.imports[name] = self._source.imported(module, attribute)
                return
            case ast.Name(ctx=ast.Store(), id=name):
                scope.locals.add(name)
                return
            case ast.Name() | ast.Constant():
                return
            case ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name):
                scope.locals.add(name)
            case ast.MatchStar(name=str() as name) | ast.MatchMapping(rest=str() as name):
                scope.locals.add(name)
            case ast.Global(names=names):
                scope.locals.difference_update(names)
        waiting.extend(ast.iter_child_nodes(node))
