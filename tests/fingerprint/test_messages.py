"""What people read changes no rule: reword everything in every module, and nothing is rebuilt."""

import ast
import shutil
from pathlib import Path

import pytest

from fingerprint.defaults import as_it_is, changed
from pez.fingerprint import SCRIPTS, silent

LOGGERS = {"log", "logger", "_log", "logging", "warnings"}
MARK = " reworded"


class Reword(ast.NodeTransformer):
    """Rewords docstrings, log lines, exceptions, bars and descriptions of configuration fields."""

    def __init__(self) -> None:
        self.count = 0

    def visit_Module(self, node: ast.Module) -> ast.AST:
        return self._documented(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._documented(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._documented(node)

    def _documented(self, node: ast.AST) -> ast.AST:
        body = node.body  # type: ignore[attr-defined]
        if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            self._strings(body[0])
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if isinstance(node.exc, ast.Call):
            self._strings(*node.exc.args)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        if node.msg is not None:
            self._strings(node.msg)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        function = node.func
        owner = function.value if isinstance(function, ast.Attribute) else None
        name = function.id if isinstance(function, ast.Name) else ""
        if (isinstance(owner, ast.Name) and owner.id in LOGGERS) or name == "print":
            self._strings(*node.args)
        elif name == "progress":
            self._strings(*node.args[1:], *(word.value for word in node.keywords))
        elif name == "Field":
            self._strings(*(word.value for word in node.keywords if word.arg == "description"))
        return self.generic_visit(node)

    def _strings(self, *nodes: ast.AST) -> None:
        for node in nodes:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    inner.value += MARK
                    self.count += 1


def renumber(tree: ast.Module) -> ast.Module:
    """Change every number."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            node.value += 1
    return tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SCRIPTS, tmp_path / "scripts"))


def test_rewording_everything_rebuilds_nothing(root: Path) -> None:
    reworded = Reword()
    for path in root.rglob("*.py"):
        path.write_text(ast.unparse(reworded.visit(ast.parse(path.read_text()))))
    assert reworded.count > 1200
    assert changed(root) == set()


def test_how_a_job_runs_and_reports_rebuilds_nothing(root: Path) -> None:
    """Bars, locks, leases, logs and temporary names: another number in every place."""
    for name in silent.OUTSIDE_PROVENANCE | silent.SILENT_MODULES:
        path = root.joinpath(*name.split(".")).with_suffix(".py")
        path.write_text(ast.unparse(renumber(ast.parse(path.read_text()))))
    assert changed(root) == set()


def test_planning_and_fingerprinting_rebuild_nothing(root: Path) -> None:
    for path in [*(root / "pez/config").glob("*.py"), *(root / "pez/fingerprint").glob("*.py")]:
        path.write_text(ast.unparse(renumber(ast.parse(path.read_text()))))
    assert changed(root) == set()


def test_modules_outside_provenance_compute_nothing() -> None:
    """They may stay out because no number passes through them."""
    allowed = {"tqdm"}
    for name in silent.OUTSIDE_PROVENANCE | silent.SILENT_MODULES:
        path = SCRIPTS.joinpath(*name.split(".")).with_suffix(".py")
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [node.module] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for module in modules:
                top = module.split(".")[0]
                standard = top in __import__("sys").stdlib_module_names or top in allowed
                own = silent.is_outside_provenance(module) or module == "pez.pretraining.spec"
                assert standard or own, f"{name} imports {module}"


def test_every_kind_of_job_has_a_fingerprint_of_its_own() -> None:
    prints = as_it_is()
    assert len(prints) > 25
    assert len(set(prints.values())) > 20
