"""Print one entry of config as it is in the end, and what it hangs together with.

Each option has its value, whether it is a default, and where else it comes from: the entry, one of
its variants or splits, a preset, and the file that has the last word on it.
"""

import json
import shutil
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cardiograft import cli, plugins
from cardiograft.config.checks import load_config
from cardiograft.config.files import config_file, named, study_files
from cardiograft.config.plain import plain
from cardiograft.config.relations import relations
from cardiograft.config.rows import Raw, lay
from cardiograft.config.schema import Config
from cardiograft.config.sweeps import TRAININGS, traced
from cardiograft.config.yaml_files import read_file
from cardiograft.specs.score import named as metric_name

ROOT = Path(__file__).parents[3]
SHOWN = (
    *("databases", "segments", "quality_gates", "splits", *TRAININGS),
    *("evaluations", "export", "apply"),
)
# What an entry takes from another where it does not say so itself.
TAKEN = {
    "databases": {"dataset": "its name"},
    "segments": {"dataset": "its database"},
    "prune": {"model": "its source", "task": "its source", "split": "its source"},
    "transfer": {"model": "its source"},
    "evaluations": {"model": "its training", "split": "its training", "pool": "its folds"},
}
DEFAULT = "default"


@dataclass(frozen=True)
class Resolved:
    """A config, and where each of its values stands.

    Attributes
    ----------
    origins
        Section and entry to the same mapping with places in config.
    files
        All of config with the file of each value.
    """

    config: Config
    origins: dict[str, dict[str, Raw]]
    files: Raw

    def origin(self, section: str, entry: str, key: tuple[str, ...]) -> str:
        """Return where an option's value comes from, in words."""
        written = self.origins[section].get(entry, {})
        place = _place(written, _written(written, key))
        if place is None:
            return DEFAULT if key[0] in written else TAKEN.get(section, {}).get(key[0], DEFAULT)
        return f"{_words(place)}, {_file(self.files, place)}"


def read(overlays: list[Path], root: Path = ROOT) -> Resolved:
    """Lay the config's files on one another, as the Snakefile does, and resolve them.

    Raises
    ------
    ValueError, FileNotFoundError
        A file is not there, or what it says can't be.
    """
    base = config_file(root)
    top: Raw = {}
    for file in (base, *overlays):
        _lay_file(top, {}, file, root)
    config: Raw = {}
    files: Raw = {}
    for file in (base, *study_files(top, root), *overlays):
        _lay_file(config, files, file, root)
    return Resolved(load_config(config), traced(config)[1], files)


def show(entry: str, configfile: list[Path]) -> None:
    """Print an entry of each section that has one of that name.

    Raises
    ------
    ValueError
        There is none.
    """
    resolved = read(configfile)
    config = resolved.config
    sections = [s for s in SHOWN if entry in getattr(config, s)]
    if not sections:
        raise ValueError(_unknown(config, entry))
    width = shutil.get_terminal_size((120, 24)).columns
    for section in sections:
        options = table(resolved, section, entry, width)
        around = relations(config, section, entry)
        lines = [f"{section}: {entry}", "", *options, "", *around, ""]
        sys.stdout.write("\n".join(lines) + "\n")


def table(resolved: Resolved, section: str, entry: str, width: int) -> Iterator[str]:
    """Yield a line for each option: its name, its value, where it comes from."""
    content = getattr(resolved.config, section)[entry].model_dump(mode="json")
    if section == "evaluations":
        content["metrics"] = [metric_name(m) for m in resolved.config.evaluations[entry].metrics]
    lines = [
        (".".join(key), _text(value), resolved.origin(section, entry, key))
        for key, value in options((), content)
    ]
    wide = max(len(name) for name, _, _ in lines)
    middle = min(max(len(value) for _, value, _ in lines), max(width // 3, 24))
    for name, value, origin in lines:
        first, *more = textwrap.wrap(value, middle, break_long_words=False) or [""]
        yield f"  {name:{wide}}  {first:{middle}}  {origin}"
        yield from (f"  {'':{wide}}  {line}" for line in more)


def options(key: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the options of an entry as config writes them: a plug-in's beside its name."""
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        value = {str(number): one for number, one in enumerate(value)}
    if not isinstance(value, dict) or not value:
        yield key, value
    elif {"kind", "name", "options"} <= value.keys():
        yield (*key, "name"), value["name"]
        beside = {k: v for k, v in value.items() if k not in ("kind", "name", "options")}
        yield from _each(key, {**value["options"], **beside})
    else:
        yield from _each(key, value)


def _each(key: tuple[str, ...], content: Raw) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in content.items():
        yield from options((*key, name), value)


def _unknown(config: Config, entry: str) -> str:
    for study in config.studies:
        members = config.runs(study).get(entry)
        if members:
            return f"{entry!r} is a run of several folds: name one of {', '.join(members)}"
    known = plugins.hint(entry, {name for section in SHOWN for name in getattr(config, section)})
    guess = known.partition(" Known:")[0]
    return f"no entry named {entry!r}.{guess or known}"


def _lay_file(config: Raw, files: Raw, file: Path, root: Path) -> None:
    content = plain(read_file(file))
    lay(config, files, content, _labelled(content, named(file, root)))


def _labelled(value: Any, label: str) -> Any:
    return {k: _labelled(v, label) for k, v in value.items()} if isinstance(value, dict) else label


def _written(written: Raw, key: tuple[str, ...]) -> tuple[str, ...]:
    """Return an option's place as the entry may write it: a source and its map by themselves."""
    if key[0] == "sources" and "source" in written:
        return {"entry": ("source",), "map": ("map", *key[3:])}.get("".join(key[2:3]), ("source",))
    return key


def _place(written: Any, key: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return where in config an option of an entry stands, or none if it is a default.

    What is written as a list has one place; a plug-in may be its name alone.
    """
    tree = written
    for position, name in enumerate(key):
        if not isinstance(tree, dict):
            whole = key[position:] == ("name",) or key[position].isdecimal()
            return tree if whole else None
        tree = tree.get(name)
    return None if isinstance(tree, dict) else tree


def _file(files: Any, place: tuple[str, ...]) -> str:
    """Return the file with the last word on a place in config."""
    tree = files
    for name in place:
        if not isinstance(tree, dict):
            break
        tree = tree[name]
    return str(tree)


def _words(place: tuple[str, ...]) -> str:
    if place[0] == "presets":
        return f"preset {place[1]}"
    written, rest = [], list(place[2:])
    while rest and rest[0] in ("variants", "splits"):
        kind, *rest = rest
        if kind == "variants":
            variable, label, *rest = rest
            written.append(f"variant {variable}={label}")
        else:
            label, *rest = rest
            written.append(f"splits={label}")
    return ", ".join(written) or f"entry {place[1]}"


def _text(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def main() -> None:
    """Read the arguments and print."""
    arguments = cli.parser(__doc__)
    arguments.prog = "show"
    arguments.add_argument("entry", help="name of an entry of config, such as scg-cae-scratch-A")
    arguments.add_argument(
        "--configfile", type=Path, nargs="*", default=[], help="files laid on top, in this order"
    )
    cli.run(show, arguments)


if __name__ == "__main__":
    main()
