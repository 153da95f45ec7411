"""Which files a config is made of: one for each study, and one for each study's size.

``studies: [a, b]`` names the studies, ``size: open`` how large they are. A study is
``workflow/config/studies/a.yaml``; a size lies on top of that, ``workflow/config/open/a.yaml``,
but for `WHOLE`, which is the study's own file alone. Both are found beside the workflow, wherever
it is run from.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cardiograft import plugins
from cardiograft.config.plain import plain
from cardiograft.config.whence import file_of
from cardiograft.config.yaml_files import read_file

FOLDER = Path("workflow") / "config"
USUAL = "demo"
WHOLE = "whole"  # all runs of the studies' own files, as these have them


def config_file(root: Path) -> Path:
    """Return the config of the folder that one runs in, or else the workflow's own."""
    own = Path("config.yaml")
    return own if own.exists() else root / own.name


def named(file: Path, root: Path) -> str:
    """Return a file's name as short as it can be told from others."""
    for folder in (root / FOLDER, root):
        if file.resolve().is_relative_to(folder.resolve()):
            return str(file.resolve().relative_to(folder.resolve()))
    return str(file)


def check_files(files: Iterable[Path], root: Path) -> None:
    """Refuse config files that Snakemake would read otherwise than they are written.

    Raises
    ------
    ValueError, FileNotFoundError
        One line, as `cardiograft.config.yaml_files.read_file`.
    """
    for file in files:
        content = read_file(file)
        try:
            plain(content)
        except ValueError as error:
            raise ValueError(f"{error} ({named(file, root)})") from None


def located(error: Exception, config: Mapping[str, Any], files: Iterable[Path], root: Path) -> str:
    """Return a mistake as one line, with the file that it stands in where that can be told."""
    line = " ".join(str(error).split())
    layers = [(named(file, root), read_file(file)) for file in files]
    file = file_of(line, dict(config), layers)
    return f"config: {line}" if file is None else f"config: {line} ({file})"


def study_files(config: Mapping[str, Any], root: Path) -> list[Path]:
    """Return the files of the studies that a config names, in the order they lie on one another.

    All studies first, then their sizes: what a size makes of a database that two studies read
    is not undone by the other study's own file.

    Parameters
    ----------
    config
        With ``studies`` and ``size``. Without ``studies``, or where it is null, there are no files:
        then the config holds every entry itself.
    root
        Folder of the workflow.

    Raises
    ------
    ValueError
        A study or a size has no file.
    """
    names, size = config.get("studies"), config.get("size", USUAL)
    if names is None:
        return []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"studies: expected a list of names, not {names!r}")
    studies, sizes = [], []
    for name in names:
        studies.append(root / FOLDER / "studies" / f"{name}.yaml")
        if not studies[-1].exists():
            known = plugins.hint(name, (f.stem for f in studies[-1].parent.glob("*.yaml")))
            raise ValueError(f"studies: {name!r} has no file {_short(studies[-1], root)}.{known}")
        if size == WHOLE:
            continue
        sizes.append(root / FOLDER / str(size) / f"{name}.yaml")
        if not sizes[-1].exists():
            there = {f.parent.name for f in (root / FOLDER).glob(f"*/{name}.yaml")}
            known = plugins.hint(str(size), {WHOLE, *there} - {"studies"})
            raise ValueError(
                f"size: {size!r} of the study {name!r} has no file"
                f" {_short(sizes[-1], root)}.{known}"
            )
    return [*studies, *sizes]


def _short(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix()


def check_writable(place: str, folder: Path) -> None:
    """Refuse a folder that no job could write to.

    Raises
    ------
    ValueError
        One line: which folder, and where writing ends.
    """
    there = folder.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise ValueError(f"{place}: {str(folder)!r}: {there} is a file, not a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ValueError(f"{place}: {str(folder)!r}: no permission to write in {there}")
