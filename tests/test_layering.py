"""Imports point down, and nothing escapes the fingerprint's walk."""

import ast
from pathlib import Path

import pytest

from cardiograft import plugins

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "cardiograft"
FILES = sorted(PACKAGE.rglob("*.py"))
SCRIPTS = sorted((ROOT / "workflow" / "scripts").glob("*.py"))
ROOMS = {*plugins.FUNCTIONS, "adaptations", "views"}


def imported(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise AssertionError(f"{file}: a relative import escapes the fingerprint")
            names |= {node.module or "", *(f"{node.module}.{a.name}" for a in node.names)}
    return names


def tops(file: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(file)}


def rooms(file: Path) -> set[str]:
    return {n.split(".")[1] for n in imported(file) if n.startswith("cardiograft.")}


def place(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("file", FILES, ids=place)
def test_package_file(file):
    room = file.relative_to(PACKAGE).parts[0]
    top = tops(file)
    assert "snakemake" not in top
    if "wfdb" in top:
        assert room in ("datasets", "physionet.py")
    if "neurokit2" in top:
        assert room in ("signals.py", "baselines")
    if room in ROOMS and file.stem != "__init__":
        assert not rooms(file) & (ROOMS - {room}), "plug-in rooms never import one another"
        siblings = {n for n in imported(file) if n.startswith(f"cardiograft.{room}.")}
        assert all(n.split(".")[2].startswith("_") for n in siblings), "nor one plug-in another"
    if room in ("specs", "records.py", "plugins.py", "sources.py", "publishing.py"):
        assert not rooms(file) & ({"config", "planning", "sweeps"} | ROOMS)
    if room not in ("config.py", "planning.py", "loading.py"):
        assert not {"cardiograft.config", "cardiograft.planning"} & imported(file)


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda f: f.name)
def test_script(file):
    assert not {
        "cardiograft.config",
        "cardiograft.loading",
        "cardiograft.planning",
        "cardiograft.sweeps",
    } & imported(file)
    assert "snakemake" not in tops(file)
    assert ast.get_docstring(ast.parse(file.read_text()))


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("__init__.py")), ids=place)
def test_init_is_empty(file):
    assert file.read_text() == ""


def test_parsing_is_light():
    """What the Snakefile imports never reaches torch, wfdb or pandas."""
    heavy = {"torch", "wfdb", "pandas", "accelerate", "sklearn", "neurokit2", "matplotlib"}
    todo, seen = [PACKAGE / "config.py", PACKAGE / "planning.py", PACKAGE / "loading.py"], set()
    while todo:
        file = todo.pop()
        seen.add(file)
        assert not tops(file) & heavy, file
        for name in imported(file):
            if name.startswith("cardiograft."):
                below = PACKAGE.joinpath(*name.split(".")[1:]).with_suffix(".py")
                if below.is_file() and below not in seen:
                    todo.append(below)
