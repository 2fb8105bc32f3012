"""The fingerprint follows imports and ignores what does not change behaviour."""

from pathlib import Path

import pytest

from pez.fingerprint import CodeBase


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pkg/inner").mkdir(parents=True)
    for folder in ("pkg", "pkg/inner"):
        (tmp_path / folder / "__init__.py").touch()
    (tmp_path / "run.py").write_text("def main():\n    from pkg.a import f\n    return f\n")
    (tmp_path / "pkg/a.py").write_text('"""Doc."""\nimport os\nfrom pkg.inner import b\nf = b.g\n')
    (tmp_path / "pkg/inner/b.py").write_text("def g():\n    return 1\n")
    (tmp_path / "pkg/other.py").write_text("x = 1\n")
    return tmp_path


def test_closure_holds_lazy_and_nested_imports(project: Path) -> None:
    code = CodeBase(project)
    modules = [code.source.module(name) for name in code.closure("run.py").executed]
    names = {str(module.path.relative_to(project)) for module in modules if module}
    assert names == {
        "run.py", "pkg/__init__.py", "pkg/a.py", "pkg/inner/__init__.py", "pkg/inner/b.py",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("file", "text", "changes"),
    [
        ("pkg/inner/b.py", "def g():\n    return 2\n", True),
        ("pkg/inner/b.py", '# why\ndef g():\n    """Return one."""\n\n    return 1\n', False),
        ("pkg/other.py", "x = 2\n", False),
        ("pkg/a.py", "from pkg.inner.b import g\nf = g\n", True),
    ],
)
def test_what_changes_the_fingerprint(project: Path, file: str, text: str, changes: bool) -> None:
    before = CodeBase(project).fingerprint("run.py")
    (project / file).write_text(text)
    assert (CodeBase(project).fingerprint("run.py") != before) is changes
