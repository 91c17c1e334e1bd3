"""The layout: the package never imports the workshop, and importing it stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "model" / "yaowen"
WORKSHOP = {"data", "training", "eval", "tests"}
HEAVY = ("torch", "transformers", "onnxruntime", "trafilatura", "lxml", "rich", "charset_normalizer", "opencc", "datasets")


def imported(path: Path) -> set[str]:
    """The top-level names that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_the_package_never_imports_the_workshop():
    files = sorted(PACKAGE.rglob("*.py"))
    assert len(files) > 10
    assert {str(path): imported(path) & WORKSHOP for path in files if imported(path) & WORKSHOP} == {}


def test_the_imports_are_seen(tmp_path):
    path = tmp_path / "one.py"
    path.write_text("def f():\n    from training.config import x\n    import eval.spans as y\n", "utf-8")
    assert imported(path) == {"training", "eval"}


@pytest.mark.parametrize("module", ["yaowen", "yaowen.cli.main", "yaowen.document", "yaowen.view.html", "yaowen.view.table"])
def test_importing_is_light(module):
    # Counted, not clocked: what takes long at import is one of these, and a machine may be slow.
    code = f"import sys, {module}; print(*sorted(set(sys.modules) & set({HEAVY!r})))"
    result = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "model")}, capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == []


def test_every_folder_of_the_package_is_a_package():
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []
