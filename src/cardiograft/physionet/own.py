"""A folder of one's own recordings, read where it lies: what is there, and what may be used.

Nothing is copied, and nothing is written there.
"""

import dataclasses
import functools
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from cardiograft import plugins
from cardiograft.files import file_digest
from cardiograft.physionet import listings
from cardiograft.physionet.collect import Collection, FoundRecord, Wanted
from cardiograft.physionet.fetch import File
from cardiograft.physionet.headers import UnfitError, header_file, read_header
from cardiograft.physionet.manifest import make_manifest
from cardiograft.specs.download import Download
from cardiograft.specs.own_folder import OwnFolder


def of_folder(dataset: ModuleType, folder: OwnFolder) -> SimpleNamespace:
    """Return a data set of one's own as if it were of this folder alone.

    Its functions know what config says of the folder, its ``SLUG`` is the folder's name, its
    ``EXTRAS`` are its tables and its ``ANNOTATORS`` config's.
    """
    facts = {name: value for name, value in vars(dataset).items() if not name.startswith("_")}
    bound = {
        name: functools.partial(facts[name], folder=folder)
        for name in ("record_names", "mentioned", "subject", "read")
    }
    facts |= {"SLUG": folder.name, "EXTRAS": folder.tables}
    facts |= {"ANNOTATORS": (folder.annotator,) if folder.annotator else ()}
    return SimpleNamespace(**{**facts, **bound})


def manifest_of(dataset: ModuleType, spec: Download, folder: OwnFolder) -> dict[str, Any]:
    """Judge every recording of a folder and return its manifest, with remarks on its tables.

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    ValueError
        A table can't be read, or no recording can be used.
    """
    root, its = Path(folder.path).expanduser(), of_folder(dataset, folder)
    # first: a table without a column would quarantine every recording
    remarked = remarks(its, root)
    collection = gather(its, root, spec.records)
    return make_manifest(collection, its, spec, root=root) | {"remarks": remarked}


def gather(dataset: SimpleNamespace, root: Path, records: Wanted) -> Collection:
    """Find the recordings of a folder, and the files that each needs.

    Parameters
    ----------
    dataset
        From `of_folder`.
    records
        Names, or how many of them, or all.

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    ValueError
        It holds no recording, lacks one by that name, or a table can't be read.
    """
    _check_folder(dataset, root)
    known = dataset.record_names(root)
    entries = [
        _find_record(dataset, root, name) for name in _requested(dataset.SLUG, known, records)
    ]
    place = root / listings.SUMS
    text = listings.text(place) if place.is_file() else None
    sums = {} if text is None else listings.sums(text)
    names = dict.fromkeys((*(file for record in entries for file in record.files), *dataset.EXTRAS))
    files = {name: _file(root, name, sums) for name in sorted(names)}
    return Collection(
        records=tuple(_checked(record, files, sums) for record in entries),
        files=files,
        refused={},
        listing=listings.digest("", text),
        malformed=None if text is None else listings.malformed(text),
    )


def remarks(dataset: SimpleNamespace, root: Path) -> list[str]:
    """Return a line on each table that names recordings which are not there.

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    ValueError
        A table can't be read, or lacks a column.
    """
    _check_folder(dataset, root)
    known = set(dataset.record_names(root))
    lines = []
    for table, names in dataset.mentioned(root).items():
        unknown = [name for name in names if name not in known]
        if unknown:
            more = plugins.guess(unknown[0], known)
            lines.append(
                f"{table}: of {len(names)} recordings {len(unknown)} are not there, such as"
                f" {unknown[0]!r}.{more}"
            )
    return lines


def _check_folder(dataset: SimpleNamespace, root: Path) -> None:
    if not root.is_dir():
        raise FileNotFoundError(f"{dataset.SLUG}: no folder {root}")


def _requested(name: str, known: tuple[str, ...], records: Wanted) -> tuple[str, ...]:
    if not known:
        raise ValueError(f"{name}: no recording in the folder")
    if not isinstance(records, tuple):
        return known[:records]
    has, requested = frozenset(known), frozenset(records)
    for record in records:
        if record not in has:
            hint = plugins.guess(record, known) or f" It has {len(known)}."
            raise ValueError(f"{name}: no record {record!r} in the folder.{hint}")
    return tuple(record for record in known if record in requested)


def _find_record(dataset: SimpleNamespace, root: Path, name: str) -> FoundRecord:
    """Return a recording with its files, or with the reason why it can't be used."""
    try:
        listings.safe(name)
    except ValueError as error:
        return FoundRecord(name=listings.shown(name), files=(), reason=f"unsafe name: {error}")
    try:
        dataset.subject(root, name)
        if hasattr(dataset, "files"):
            return FoundRecord(name=name, files=tuple(dataset.files(root, name)))
        return _wfdb(root, name, dataset.ANNOTATORS)
    except UnfitError as error:
        return FoundRecord(name=name, files=(), reason=str(error))
    except OSError as error:  # a link to nowhere, or a file that nobody may read
        why = f"missing file: {error.filename or error}"
        return FoundRecord(name=name, files=(), reason=why.replace(f"{root}/", ""))


def _wfdb(root: Path, name: str, annotators: tuple[str, ...]) -> FoundRecord:
    files = list(_there(root, header_file(root, name), *(f"{name}.{one}" for one in annotators)))
    headers = [read_header(root, name)]
    for segment in headers[0].segments:
        files += _there(root, header_file(root, segment))
        headers.append(read_header(root, segment))
    for header in headers:
        # Of several files some may be lost: their leads are, and nothing else.
        held = [file for file in header.files if (root / file).is_file()]
        files += held or _there(root, *header.files)
    return FoundRecord(name=name, files=tuple(dict.fromkeys(files)), headers=tuple(headers))


def _there(root: Path, *names: str) -> Iterator[str]:
    for name in names:
        if not (root / name).is_file():
            raise UnfitError(f"missing file: {name}")
        yield name


def _file(root: Path, name: str, sums: dict[str, str]) -> File:
    place = root / name
    sha256 = file_digest(place)
    verified = sha256 == sums.get(name)
    return File(path=name, bytes=place.stat().st_size, sha256=sha256, verified=verified)


def _checked(record: FoundRecord, files: dict[str, File], sums: dict[str, str]) -> FoundRecord:
    """Judge a recording by the hashes that lie beside it, if any do."""
    wrong = [name for name in record.files if name in sums and not files[name].verified]
    if not wrong or record.reason:
        return record
    return dataclasses.replace(record, reason=f"wrong hash: {wrong[0]}")
