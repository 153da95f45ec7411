"""A plug-in room's docstring is its contract: every plug-in keeps to what it names, and no more.

The other contract tests check what plug-ins do; this one, that a reader of ``help()`` alone
learns of all that is asked of them.
"""

import ast
import importlib
import inspect
import re
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from cardiograft import plugins

ROOT = Path(__file__).parents[2]
KINDS = sorted(plugins.PLACES)
PLUGINS = [(kind, name) for kind in KINDS for name in plugins.names(kind)]
SECTIONS = ("Constants", "Functions", "Optional")


def room(kind: str) -> ModuleType:
    return importlib.import_module(f"cardiograft.{plugins.PLACES[kind].replace('/', '.')}")


def contract(kind: str) -> dict[str, dict[str, str]]:
    """Return section, then name, to the line that introduces the name."""
    lines_of: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    section, lines = "", (inspect.getdoc(room(kind)) or "").splitlines()
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if re.fullmatch("-+", after):
            section = line
        elif section and re.match(r"\w+(\(| : )", line) and after.startswith("    "):
            lines_of[section][re.match(r"\w+", line)[0]] = line  # type: ignore[index]
    return lines_of


def named(kind: str) -> set[str]:
    return {name for section in contract(kind).values() for name in section}


def described(line: str) -> list[str]:
    """Return the positional arguments of a function as its contract writes them."""
    inside = line[line.index("(") + 1 : line.index(") ->")]
    before = inside.partition("...")[0].partition("*")[0]
    return re.findall(r"(\w+)(?:: [^,]+)?(?:, |$)", before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_contract_names_the_function_whose_options_config_sets(kind: str) -> None:
    assert plugins.FUNCTIONS[kind] in contract(kind)["Functions"]


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_a_plugin_has_what_its_room_asks_for(kind: str, name: str) -> None:
    module, sections = plugins.load(kind, name), contract(kind)
    assert not [c for c in sections["Constants"] if not hasattr(module, c)]
    functions = set(sections["Functions"])
    if getattr(module, "OWN", False):  # one of one's own has no list of names and no simulation
        functions = (functions - {"names", "simulate"}) | {"record_names", "mentioned"}
    assert not [f for f in functions if not callable(getattr(module, f, None))]


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_its_functions_take_what_the_contract_says(kind: str, name: str) -> None:
    module, sections = plugins.load(kind, name), contract(kind)
    for function, line in {**sections["Functions"], **sections["Optional"]}.items():
        if "(" in line and hasattr(module, function):
            parameters = inspect.signature(getattr(module, function)).parameters.values()
            positional = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
            assert positional == described(line), f"{kind}/{name}.{function}"


@cache
def code() -> dict[Path, str]:
    """Return all code that may ask something of a plug-in, without comments, by file."""
    folders = [plugins.PACKAGE, ROOT / "workflow" / "scripts", ROOT / "tests" / "contracts"]
    files = [file for folder in folders for file in folder.rglob("*.py")]
    here = Path(__file__)
    return {f: ast.unparse(ast.parse(f.read_text(encoding="utf-8"))) for f in files if f != here}


def outside(kind: str) -> str:
    """Return the code outside a plug-in room."""
    folder = plugins.PACKAGE / plugins.PLACES[kind]
    return "\n".join(text for file, text in code().items() if file.parent != folder)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_named_that_nobody_asks_for(kind: str) -> None:
    text = outside(kind)
    assert not [name for name in named(kind) if not re.search(rf"\b{name}\b", text)]


@pytest.mark.parametrize("kind", KINDS)
def test_everything_that_is_asked_for_is_named(kind: str) -> None:
    """What is read of a plug-in as a constant by name, here or in the other contract tests."""
    patterns = [rf"""constants\(['"]{kind}['"], [^()]*?\)(?:\.get\(|\[)['"](\w+)['"]"""]
    patterns += [rf"""load\(['"]{kind}['"], [^()]*?\)\.(\w+)"""]
    used = {name for pattern in patterns for name in re.findall(pattern, outside(kind))}
    assert used <= named(kind) | {"__doc__", "cut", "__name__"}


def constants(kind: str) -> set[str]:
    """Return the public constants that plug-ins of a kind have."""
    folder = plugins.PACKAGE / plugins.PLACES[kind]
    files = [folder / f"{name}.py" for name in plugins.names(kind)]
    lines = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return set(re.findall(r"^([A-Z][A-Z0-9_]*)(?:: [^=]+)? = ", lines, re.MULTILINE))


@pytest.mark.parametrize("kind", KINDS)
def test_a_constant_that_is_looked_up_by_its_name_is_named(kind: str) -> None:
    """As by ``getattr`` with a default, which no plug-in has to have."""
    text = outside(kind)
    looked_up = set(re.findall(r"(?:getattr\(.*, |\.get\(|\[)'([A-Z_0-9]+)'", text))
    assert looked_up & constants(kind) <= named(kind)


def test_dotted_names_in_rooms_lead_somewhere() -> None:
    for file in plugins.PACKAGE.rglob("__init__.py"):
        for dotted in re.findall(r"`(cardiograft\.[\w.]+)`", file.read_text(encoding="utf-8")):
            assert resolves(dotted), f"{file}: {dotted}"


def resolves(dotted: str) -> bool:
    try:
        importlib.import_module(dotted)
    except ModuleNotFoundError:
        module, _, name = dotted.rpartition(".")
        return hasattr(importlib.import_module(module), name)
    return True


@pytest.mark.parametrize("wrong", ["cardiograft.records.Recording", "cardiograft.files.digest"])
def test_a_dotted_name_that_leads_nowhere_is_found(wrong: str) -> None:
    assert not resolves(wrong)
