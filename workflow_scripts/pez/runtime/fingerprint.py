"""Fingerprint of a script's code, so that Snakemake rebuilds exactly what a code change touches.

Snakemake tracks the file of a ``script:`` by its modification time and the modules it imports not
at all. The fingerprint is a rule parameter instead: a hash over the syntax trees of the script and
of every project module it imports, directly or not, at module level or inside a function.
Comments, layout and docstrings do not count.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2]


def code_fingerprint(script: str, root: Path = SCRIPTS) -> str:
    """Return 16 hex digits that change when the code behind ``root / script`` changes."""
    digest = hashlib.sha256()
    for path in import_closure(script, root):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(ast.dump(_syntax_tree(path)).encode())
    return digest.hexdigest()[:16]


def import_closure(script: str, root: Path = SCRIPTS) -> list[Path]:
    """Return ``root / script`` and every file under ``root`` that it imports, sorted."""
    seen: set[Path] = set()
    waiting = [root / script]
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting += _project_imports(path, root)
    return sorted(seen)


def _project_imports(path: Path, root: Path) -> list[Path]:
    found = []
    for node in ast.walk(_syntax_tree(path)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{path}:{node.lineno}: write relative imports as absolute ones")
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            for depth in range(1, len(parts) + 1):
                stem = root.joinpath(*parts[:depth])
                candidates = (stem.with_suffix(".py"), stem / "__init__.py")
                found += [candidate for candidate in candidates if candidate.is_file()]
    return found


def _syntax_tree(path: Path) -> ast.Module:
    return _parse(path.read_text())


@cache
def _parse(source: str) -> ast.Module:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return tree
