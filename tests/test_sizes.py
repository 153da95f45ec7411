"""Functions that fit a screen, and scripts that hold no logic."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"
LONGEST_FUNCTION, LONGEST_SCRIPT = 60, 100
# What is longer today. An entry that no longer is fails too: take it out.
LONG_FUNCTIONS: set[str] = set()
LONG_SCRIPTS: set[str] = set()


def functions(file: Path) -> Iterator[tuple[str, int]]:
    """Yield each function of a file with its number of lines, docstring and all."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or 0) - node.lineno + 1


def test_functions_fit_a_screen() -> None:
    source = ROOT / "src" / "cardiograft"
    files = [(f, f.relative_to(source).as_posix()) for f in source.rglob("*.py")]
    files += [(f, f.name) for f in SCRIPTS.glob("*.py")]
    long = {
        f"{name}:{function}"
        for file, name in files
        for function, lines in functions(file)
        if lines > LONGEST_FUNCTION
    }
    assert long == LONG_FUNCTIONS


def test_scripts_hold_no_logic() -> None:
    lines = {f.name: len(f.read_text(encoding="utf-8").splitlines()) for f in SCRIPTS.glob("*.py")}
    assert {name for name, count in lines.items() if count > LONGEST_SCRIPT} == LONG_SCRIPTS


@pytest.mark.parametrize("inner", [58, 59, 60])
def test_lines_are_counted_with_the_first(inner: int, tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text("def long() -> None:\n" + "    pass\n" * inner)
    assert dict(functions(tmp_path / "long.py")) == {"long": inner + 1}
