"""Fingerprint the code that a stage runs, so that only a change of meaning reruns it.

Comments, docstrings and layout do not count. The walk follows ``import`` statements with
absolute names; relative imports, and code in an ``__init__.py`` file, would escape it, and a
test bans both.
"""

import ast
import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
ROOT = PACKAGE.parents[1]


def fingerprint(*entries: str, without: Iterable[str] = ()) -> str:
    """Return JSON that maps each file the entries reach to a digest of its meaning.

    Parameters
    ----------
    entries
        Paths relative to the repository: a script, and the plug-ins that a job names.
    without
        Folders of the package that this job does not run (``datasets/simulation`` when the
        recordings are real): neither they nor what only they reach count.
    """
    todo, digests = [ROOT / e for e in entries], {}
    outside = tuple(PACKAGE / folder for folder in without)
    while todo:
        file = todo.pop()
        key = file.relative_to(ROOT).as_posix()
        if key not in digests and not any(file.is_relative_to(o) for o in outside):
            digests[key], reached = _read(file)
            todo += reached
    return json.dumps(digests, sort_keys=True)


@cache
def _read(file: Path) -> tuple[str, tuple[Path, ...]]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    reached = tuple(f for name in _names(tree) for f in _files(name))
    meaning = ast.unparse(_without_docstrings(tree))
    return hashlib.sha256(meaning.encode()).hexdigest()[:12], reached


def _names(tree: ast.AST) -> list[str]:
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
    return names


def _files(name: str) -> list[Path]:
    top, *rest = name.split(".")
    if top != PACKAGE.name or not rest:
        return []
    file = PACKAGE.joinpath(*rest).with_suffix(".py")
    return [file] if file.is_file() else []


def _without_docstrings(tree: ast.AST) -> ast.AST:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
    return tree
