"""Imports point down, one floor at least, and nothing escapes the fingerprint's walk."""

import ast
import re
import shutil
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from cardiograft import plugins

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "cardiograft"
# A room, or a file of the package's own, imports only from the floors above it in this list.
FLOORS = (
    ("records", "plugins", "fingerprint", "locks"),
    ("files",),
    ("parquet", "cli", "look_ledger", "scratch"),
    ("shipped",),
    ("specs", "signals", "checkpoints"),
    ("physionet",),  # its reading of headers is the data sets' too
    ("datasets", "segments", "models"),
    ("splits", "config"),
    ("training",),
    ("evaluation",),
    ("tables", "export"),
    ("studies", "report"),
    ("use",),
)
FILES = {name for floor in FLOORS[:3] for name in floor}  # beside the rooms, for all of them
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
PLUGIN_ROOMS = {tuple(place.split("/")) for place in plugins.PLACES.values()}
# Who may import a library that others reach through them only.
OWNERS = {"wfdb": {"datasets", "signals"}}
# What parsing a config must not load: the Snakefile is read at the start of every job.
HEAVY = {"torch", "wfdb", "pandas", "accelerate", "sklearn", "pyarrow", "scipy"}


def modules(package: Path) -> dict[tuple[str, ...], Path]:
    """Return every file of the package by the parts of its dotted name."""
    files = sorted(package.rglob("*.py"))
    return {f.relative_to(package).with_suffix("").parts: f for f in files}


def imported(file: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{a.name}" for a in node.names)


def reached(package: Path, file: Path) -> set[tuple[str, ...]]:
    """Return the modules of the package that a file imports, or names from."""
    modules_reached = set()
    for name in imported(file):
        top, *parts = name.split(".")
        if top == package.name:
            place = package.joinpath(*parts)
            if parts and place.is_dir():  # a room, not what is in it
                modules_reached.add((*parts, "__init__"))
            else:
                modules_reached.add(
                    tuple(parts if place.with_suffix(".py").is_file() else parts[:-1])
                )
    return {module for module in modules_reached if module}  # the package itself is everybody's


def named_at_run_time(file: Path) -> Iterator[str]:
    """Yield calls that import by a name, which no other test here sees."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in ("import_module", "__import__"):
                yield ast.unparse(node)


def plugin_of(module: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return a module's plug-in room, if it is a plug-in (``_name`` is what plug-ins share)."""
    *room, name = module
    return tuple(room) if tuple(room) in PLUGIN_ROOMS and not name.startswith("_") else None


def faults(package: Path) -> list[str]:
    """Return every import that the house does not allow, as one line each."""
    lines, graph = [], {}
    for module, file in modules(package).items():
        here = ".".join(module)
        for name in imported(file):
            top = name.split(".")[0]
            if name.startswith("."):
                lines.append(f"{here}: a relative import escapes the fingerprint")
            if top == "snakemake":
                lines.append(f"{here}: the package knows nothing of snakemake")
            if module[0] not in OWNERS.get(top, {module[0]}):
                lines.append(f"{here}: {top} is only for {' and '.join(sorted(OWNERS[top]))}")
        if module[0] not in ("plugins", "use"):  # `use` loads its commands late, and is the top
            by_name = named_at_run_time(file)
            lines += [f"{here}: {call}: only plugins imports by a name" for call in by_name]
        for there in reached(package, file):
            graph.setdefault(module, set()).add(there)
            if there[0] != module[0] and FLOOR[there[0]] >= FLOOR[module[0]]:
                lines.append(f"{here}: {'.'.join(there)} is not below it")
            # of `use`, nothing is ever part of a job
            if there[0] == "config" and module[0] not in ("config", "use"):
                lines.append(f"{here}: only the Snakefile reads config")
            if plugin_of(there) and plugin_of(there) != module:
                lines.append(f"{here}: {'.'.join(there)} is a plug-in, loaded by name alone")
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        lines.append("circle: " + " -> ".join(".".join(m) for m in error.args[1]))
    return lines


def script_faults(scripts: Path) -> list[str]:
    """Return what a stage's script imports and must not: a job gets its own spec alone."""
    banned = ("cardiograft.config", "snakemake")
    return [
        f"{file.name}: imports {name}"
        for file in sorted(scripts.glob("*.py"))
        for name in imported(file)
        if name.startswith(banned)
    ]


def test_every_room_has_a_floor():
    assert {m[0] for m in modules(SOURCE)} - {"__init__"} == set(FLOOR)


def test_the_house_stands():
    assert faults(SOURCE) == []


def test_scripts_import_no_config():
    assert script_faults(ROOT / "workflow" / "scripts") == []


@pytest.mark.parametrize(
    ("file", "line", "expected"),
    [
        ("training/loop.py", "from cardiograft.report import page", "report.page is not below"),
        (
            "training/loop.py",
            "from cardiograft.config.schema import Config",
            "only the Snakefile reads config",
        ),
        ("signals/scaling.py", "from cardiograft.segments import shards", "is not below"),
        ("studies/scg_to_ecg.py", "from cardiograft.report import page", "is not below"),
        ("models/cnn.py", "from cardiograft.models.lstm import build", "is a plug-in"),
        ("tables/heart_rates.py", "from cardiograft.evaluation.metrics import mae", "a plug-in"),
        ("splits/overlaps.py", "from cardiograft.splits import leakage", "circle: "),
        ("models/cnn.py", "from . import lstm", "a relative import"),
        ("config/plan.py", "import snakemake", "knows nothing of snakemake"),
        ("segments/write.py", "import wfdb", "wfdb is only for datasets and signals"),
        ("training/loop.py", "from cardiograft import report", "report.__init__ is not below"),
        ("training/loop.py", "import cardiograft.report", "report.__init__ is not below"),
        (
            "training/loop.py",
            "import importlib\nimportlib.import_module('cardiograft.report.page')",
            "only plugins imports by a name",
        ),
    ],
)
def test_a_wrong_import_is_named(tmp_path, file, line, expected):
    package = tmp_path / "cardiograft"
    shutil.copytree(SOURCE, package, ignore=shutil.ignore_patterns("__pycache__"))
    text = (package / file).read_text()
    (package / file).write_text(f"{text}\n{line}\n")
    lines = faults(package)
    assert any(expected in fault for fault in lines)


def test_a_script_with_config_is_named(tmp_path):
    (tmp_path / "score.py").write_text("from cardiograft.config.schema import Config\n")
    assert script_faults(tmp_path) == ["score.py: imports cardiograft.config.schema.Config"]


@pytest.mark.parametrize(
    "file", sorted((ROOT / "workflow" / "scripts").glob("*.py")), ids=lambda file: file.name
)
def test_a_script_says_what_it_does(file):
    assert ast.get_docstring(ast.parse(file.read_text()))


ROOMS = sorted(SOURCE.rglob("__init__.py"))


@pytest.mark.parametrize("file", ROOMS, ids=lambda f: f.parent.name)
def test_a_room_says_what_it_is_for_and_holds_no_code(file):
    """An ``__init__`` is a docstring alone: imports of a room would run code unseen."""
    tree = ast.parse(file.read_text())
    assert (ast.get_docstring(tree) or "").strip()
    assert tree.body[1:] == []
    assert file.parent == SOURCE or "\nImports: " in ast.get_docstring(tree)


@pytest.mark.parametrize("file", [f for f in ROOMS if f.parent.parent == SOURCE], ids=str)
def test_a_room_says_what_it_imports(file):
    """The paragraph names what the room imports, and nothing that its floor forbids."""
    room, docstring = file.parent.name, ast.get_docstring(ast.parse(file.read_text()))
    paragraph = docstring.partition("\nImports: ")[2].partition("\n\n")[0].partition("never")[0]
    named = {word.partition(".")[0] for word in re.findall(r"`([\w.]+)`", paragraph)}
    inner = modules(SOURCE).items()
    used = {there[0] for m, f in inner if m[0] == room for there in reached(SOURCE, f)}
    assert used - {room, *FILES} <= named
    assert all(FLOOR.get(name, -1) < FLOOR[room] for name in named - {room})


def test_parsing_is_light():
    """What the Snakefile imports never reaches torch, wfdb or pandas."""
    todo, seen = [SOURCE / "config" / "plan.py", SOURCE / "config" / "checks.py"], set()
    while todo:
        file = todo.pop()
        if file in seen:
            continue
        seen.add(file)
        assert not {name.split(".")[0] for name in imported(file)} & HEAVY, file
        todo += [SOURCE.joinpath(*m).with_suffix(".py") for m in reached(SOURCE, file) if m]
