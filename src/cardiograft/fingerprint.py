"""Fingerprint the code that a stage runs, so that only a change of meaning reruns it.

Comments, docstrings and layout do not count. The walk follows ``import`` statements with
absolute names; relative imports, and code in an ``__init__.py`` file, would escape it, and a
test bans both.

What a file means is read once for the bytes it has, and remembered in a file below the
folder that Snakemake keeps its own records in: every job of a cluster plans anew. That file
is never needed: a missing, damaged or unwritable one costs time only.
"""

import ast
import contextlib
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent
ROOT = PACKAGE.parents[1]
MEMORY = Path(".snakemake") / "cardiograft"  # below the working directory
MOST = 4096  # readings remembered: a file edited so often is forgotten as it was

Reading = tuple[str, tuple[str, ...]]  # a digest of a file's meaning, and the names it imports


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
    return _fingerprint(tuple(sorted(set(entries))), tuple(without))


@cache
def _fingerprint(entries: tuple[str, ...], without: tuple[str, ...]) -> str:
    package = PACKAGE.relative_to(ROOT).as_posix()
    outside = tuple(f"{package}/{folder}/" for folder in without)
    todo, digests = list(entries), {}
    while todo:
        file = todo.pop()
        if file not in digests and not file.startswith(outside):
            digests[file], reached = _read(file)
            todo += reached
    _remember()
    return json.dumps(digests, sort_keys=True)


@cache
def _read(file: str) -> tuple[str, tuple[str, ...]]:
    """Return the digest of a file's meaning, and the files that it imports."""
    digest, names = _reading((ROOT / file).read_bytes())
    return digest, tuple(imported_file for name in names if (imported_file := _file(name)))


def _reading(content: bytes) -> Reading:
    key, (known, fresh) = hashlib.sha256(content).hexdigest(), _memory()
    if key not in known:
        tree = ast.parse(content)
        names = tuple(dict.fromkeys(_names(tree)))
        meaning = ast.unparse(_without_docstrings(tree))
        fresh[key] = known[key] = (hashlib.sha256(meaning.encode()).hexdigest()[:12], names)
    return known[key]


def _names(tree: ast.AST) -> list[str]:
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
    return [name for name in names if name.startswith(f"{PACKAGE.name}.")]


@cache
def _file(name: str) -> str | None:
    file = PACKAGE.joinpath(*name.split(".")[1:]).with_suffix(".py")
    return file.relative_to(ROOT).as_posix() if file.is_file() else None


def _without_docstrings(tree: ast.AST) -> ast.AST:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
    return tree


# The memory: what files of these bytes mean.


@cache
def _memory() -> tuple[dict[str, Reading], dict[str, Reading]]:
    """Return the readings by a file's SHA-256, and those of them that are not yet saved."""
    return _load(_place()), {}


@cache
def _place() -> Path:
    """Return where readings are: another Python, or other code here, may read differently."""
    reader = hashlib.sha256(f"{sys.version}\n".encode() + Path(__file__).read_bytes()).hexdigest()
    return MEMORY / f"fingerprints-{reader[:12]}.txt"


def _load(place: Path) -> dict[str, Reading]:
    with contextlib.suppress(OSError, ValueError):
        digest, content = place.read_bytes().split(b"\n", 1)
        if digest == _seal(content):
            given: dict[str, Any] = json.loads(content)
            return {key: (meaning, tuple(names)) for key, (meaning, names) in given.items()}
    return {}


def _remember() -> None:
    known, fresh = _memory()
    if not fresh:
        return
    both = {**_load(_place()), **known}  # jobs of a cluster start together: what others saved
    kept = dict(fresh) if len(both) > MOST else both
    content = json.dumps(kept, separators=(",", ":")).encode()
    fresh.clear()
    with contextlib.suppress(OSError):
        MEMORY.mkdir(exist_ok=True)  # where Snakemake keeps no records, neither are these kept
        number, partial = tempfile.mkstemp(dir=MEMORY, prefix=".partial-")
        try:
            with os.fdopen(number, "wb") as file:
                file.write(_seal(content) + b"\n" + content)
            Path(partial).replace(_place())
        except OSError:
            Path(partial).unlink(missing_ok=True)
            raise


def _seal(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
