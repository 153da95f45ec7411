"""Recordings simulated into the data folder, once: another run may be reading them."""

import hashlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

from cardiograft import plugins
from cardiograft.files import atomic_directory, file_digest, read_json, write_json
from cardiograft.fingerprint import ROOT, fingerprint
from cardiograft.specs.download import Download

NOTE = "simulated.json"  # beside the recordings: by what code they were made, each file's hash


def recipe(spec: Download) -> str:
    """Name a simulation by what goes into it: two of one data set never share a folder."""
    text = spec.canonical(exclude={"max_nonfinite", "lost", "content", "folder"})
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def simulate(dataset: ModuleType, spec: Download, root: Path) -> None:
    """Simulate a database, unless it is there, whole and by the same code.

    Raises
    ------
    ValueError
        The data set has no record of a name that is asked for.
    """
    names = dataset.names()
    known = frozenset(names)
    records = spec.records if isinstance(spec.records, tuple) else names[: spec.records]
    for record in records:
        if record not in known:
            raise ValueError(f"{spec.dataset}: no record {record!r}.{plugins.hint(record, names)}")
    code = _code(dataset)
    if _is_whole(root, code):
        return
    with atomic_directory(root) as folder:
        dataset.simulate(folder, records, spec.seed, **(spec.simulate or {}))
        made = sorted(path for path in folder.rglob("*") if path.is_file())
        digests = {p.relative_to(folder).as_posix(): file_digest(p) for p in made}
        write_json(folder / NOTE, {"code": code, "files": digests})


def _code(dataset: ModuleType) -> dict[str, Any]:
    file = getattr(dataset, "__file__", None)
    sources = [] if file is None else [Path(file).relative_to(ROOT).as_posix()]
    digests: dict[str, Any] = json.loads(fingerprint(*sources))
    return digests


def _is_whole(root: Path, code: dict[str, Any]) -> bool:
    try:
        note = read_json(root / NOTE)
    except (FileNotFoundError, ValueError):
        return False
    files = note["files"].items()
    same = all((root / f).is_file() and file_digest(root / f) == hashed for f, hashed in files)
    return same and bool(note["code"] == code)
