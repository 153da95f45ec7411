"""Which files a config is made of: one for each study, and one for each study's size.

``studies: [a, b]`` names the studies, ``size: open`` how large they are. A study is
``workflow/config/studies/a.yaml``; a size lies on top of that, ``workflow/config/open/a.yaml``,
but for `WHOLE`, which is the study's own file alone. Both are found beside the workflow, wherever
it is run from.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cardiograft import plugins

FOLDER = Path("workflow") / "config"
USUAL = "demo"
WHOLE = "whole"  # all runs of the studies' own files, as these have them


def config_file(root: Path) -> Path:
    """Return the config of the folder that one runs in, or else the workflow's own."""
    own = Path("config.yaml")
    return own if own.exists() else root / own.name


def study_files(config: Mapping[str, Any], root: Path) -> list[Path]:
    """Return the files of the studies that a config names, in the order they lie on one another.

    Parameters
    ----------
    config
        With ``studies`` and ``size``. Without ``studies`` there are no files: then the config
        holds every entry itself.
    root
        Folder of the workflow.

    Raises
    ------
    ValueError
        A study or a size has no file.
    """
    names, size = config.get("studies", []), config.get("size", USUAL)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"studies: expected a list of names, not {names!r}")
    found = []
    for name in names:
        found.append(root / FOLDER / "studies" / f"{name}.yaml")
        if not found[-1].exists():
            known = plugins.hint(name, (f.stem for f in found[-1].parent.glob("*.yaml")))
            raise ValueError(f"studies: {name!r} has no file {_short(found[-1], root)}.{known}")
        if size == WHOLE:
            continue
        found.append(root / FOLDER / str(size) / f"{name}.yaml")
        if not found[-1].exists():
            sizes = {f.parent.name for f in (root / FOLDER).glob(f"*/{name}.yaml")}
            known = plugins.hint(str(size), {WHOLE, *sizes} - {"studies"})
            raise ValueError(
                f"size: {size!r} of the study {name!r} has no file"
                f" {_short(found[-1], root)}.{known}"
            )
    return found


def _short(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix()
