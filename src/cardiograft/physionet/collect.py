"""Fetch a database from a mirror: its list of records, and the files that each record needs.

A mirror holds ``<slug>/<version>/RECORDS`` and what that names; a line of RECORDS is a
record, or a folder with a RECORDS of its own.
"""

import contextlib
import dataclasses
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from cardiograft import locks, plugins
from cardiograft.physionet import listings
from cardiograft.physionet.fetch import Fetcher, File
from cardiograft.physionet.headers import Header, UnfitError, read_header
from cardiograft.physionet.https import Https
from cardiograft.physionet.s3 import S3
from cardiograft.physionet.transports import (
    FORBIDDEN,
    MISSING,
    PACE,
    Folder,
    Pace,
    RefusedError,
    Transport,
)

DEEPEST = 8  # folders of RECORDS within one another
Wanted = int | tuple[str, ...] | None
Answers = dict[str, File | RefusedError]


@dataclass(frozen=True, kw_only=True)
class FoundRecord:
    """A record on the mirror: the files it needs, its headers, or why it can't be used."""

    name: str
    files: tuple[str, ...]
    headers: tuple[Header, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Collection:
    """What was fetched of one database, and what was refused.

    ``listing`` is a digest of its lists: another edition of the database has another.
    ``malformed`` counts the lines of SHA256SUMS.txt that vouch for nothing; it is none where
    there is no such file.
    """

    records: tuple[FoundRecord, ...]
    files: dict[str, File]
    refused: dict[str, RefusedError]
    listing: str
    malformed: int | None


def transport(mirror: str, *, slug: str, version: str, jobs: int, pace: Pace = PACE) -> Transport:
    """Return the transport to one database on a mirror that `mirrors.check` accepts."""
    # Each client is imported only where it is needed: they take half a second.
    if mirror.startswith("s3://"):
        bucket, _, prefix = mirror.removeprefix("s3://").partition("/")
        return S3(bucket, "/".join(filter(None, (prefix.strip("/"), slug, version))), jobs, pace)
    if "://" in mirror:
        return Https(f"{mirror.rstrip('/')}/{slug}/{version}", jobs, pace)
    return Folder(Path(mirror).expanduser() / slug / version)


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Lock a database's folder: two downloads into one would write the same files."""
    root.mkdir(parents=True, exist_ok=True)
    place = root.parent / f".{root.name}.lock"
    with place.open("w") as lock:
        locks.wait(lock.fileno(), place)
        yield


def collect(fetcher: Fetcher, dataset: ModuleType, records: Wanted) -> Collection:
    """Fetch a database, or the records requested, with the files that they need.

    Parameters
    ----------
    records
        Names, or how many from the top of RECORDS, or all.

    Raises
    ------
    ValueError
        The mirror can't be reached, has no such database, or lacks a record by that name.
    """
    answers: Answers = {}
    sums = _sums(fetcher, answers)
    answers |= _required_files(fetcher, dataset.EXTRAS)
    names = _requested(_names(fetcher, dataset, answers, records), records, dataset.SLUG)
    _check_case(fetcher.root, names)
    top = listings.text(fetcher.root / listings.RECORDS) if listings.RECORDS in answers else ""
    if hasattr(dataset, "files"):
        found_records = _plain(fetcher, dataset, names)
    else:
        found_records = _wfdb(fetcher, names, dataset.ANNOTATORS, answers)
    wanted = (file for record in found_records if record.reason is None for file in record.files)
    answers |= fetcher.files(file for file in wanted if file not in answers)
    return Collection(
        records=tuple(found_records),
        files={name: f for name, f in sorted(answers.items()) if isinstance(f, File)},
        refused={name: f for name, f in sorted(answers.items()) if isinstance(f, RefusedError)},
        listing=listings.digest(top, sums),
        malformed=None if sums is None else listings.malformed(sums),
    )


def _sums(fetcher: Fetcher, answers: Answers) -> str | None:
    """Fetch the hashes first and anew: all else is measured by them."""
    try:
        answers[listings.SUMS] = fetcher.file(listings.SUMS, fresh=True)
    except RefusedError as refused:
        if refused.bytes is not None or refused.kind not in (MISSING, FORBIDDEN):
            raise ValueError(str(refused)) from refused
        (fetcher.root / listings.SUMS).unlink(missing_ok=True)
        fetcher.progress.note(f"{refused}: hashes are recorded, nothing is verified")
        return None
    text = listings.text(fetcher.root / listings.SUMS)
    try:
        fetcher.sums = listings.sums(text)
    except ValueError as error:
        raise ValueError(f"{fetcher.transport.where(listings.SUMS)}: {error}") from error
    return text


def _required_files(fetcher: Fetcher, names: Iterable[str]) -> Answers:
    answers = fetcher.files(names)
    for answer in answers.values():
        if isinstance(answer, RefusedError):
            raise ValueError(str(answer)) from answer
    return answers


def _names(
    fetcher: Fetcher, dataset: ModuleType, answers: Answers, wanted: Wanted
) -> Iterator[str]:
    """Yield record names in the order of RECORDS."""
    try:
        answers[listings.RECORDS] = _list(fetcher, listings.RECORDS)
    except RefusedError as refused:
        # A data set that names its own files may lie there without RECORDS.
        if refused.bytes is not None or not hasattr(dataset, "files"):
            raise ValueError(str(refused)) from refused
        yield from dataset.listed(fetcher.root) if hasattr(dataset, "listed") else dataset.names()
    else:
        yield from _names_below(fetcher, "", answers, wanted)


def _names_below(fetcher: Fetcher, folder: str, answers: Answers, wanted: Wanted) -> Iterator[str]:
    """Yield the names that a RECORDS lists; those within it are fetched when reached."""
    for line in listings.lines(listings.text(fetcher.root / folder / listings.RECORDS)):
        name = f"{folder}{line.removesuffix('/')}"
        if not (line.endswith("/") or _is_folder(fetcher, name)):
            yield name
        elif not isinstance(wanted, tuple) or any(w.startswith(f"{name}/") for w in wanted):
            if name.count("/") >= DEEPEST:
                raise ValueError(f"{fetcher.transport.where(name)}: RECORDS in RECORDS, too deep")
            try:
                answers[f"{name}/{listings.RECORDS}"] = _list(fetcher, f"{name}/{listings.RECORDS}")
            except RefusedError as refused:
                raise ValueError(str(refused)) from refused
            yield from _names_below(fetcher, f"{name}/", answers, wanted)


def _is_folder(fetcher: Fetcher, name: str) -> bool:
    inner = f"{name}/{listings.RECORDS}"
    if fetcher.sums and not fetcher.transport.cut:
        if inner in fetcher.sums or f"{name}.hea" in fetcher.sums:
            return inner in fetcher.sums
    return not fetcher.exists(f"{name}.hea") and fetcher.exists(inner)


def _list(fetcher: Fetcher, name: str) -> File:
    """Fetch a RECORDS file.

    In a directory its owner may have cut it to what is there: the hash then tells that,
    and no more.
    """
    stated = fetcher.sums.get(name)
    if stated and not fetcher.transport.cut:
        return fetcher.file(name)
    fetcher.sums.pop(name, None)
    file = fetcher.file(name, fresh=True)
    if stated and file.sha256 != stated:
        fetcher.progress.note(f"{name} is not the one that {listings.SUMS} lists: taken as cut")
    return dataclasses.replace(file, verified=file.sha256 == stated)


def _requested(names: Iterator[str], records: Wanted, slug: str) -> tuple[str, ...]:
    if not isinstance(records, tuple):
        chosen = tuple(dict.fromkeys(itertools.islice(names, records)))
    else:
        known, requested = dict.fromkeys(names), frozenset(records)
        for name in records:
            if name not in known:
                hint = plugins.guess(name, known) or f" It has {len(known)}."
                raise ValueError(f"{slug}: no record {name!r} in RECORDS.{hint}")
        chosen = tuple(name for name in known if name in requested)
    if not chosen:
        raise ValueError(f"{slug}: RECORDS lists no record")
    return chosen


def _check_case(root: Path, names: tuple[str, ...]) -> None:
    """Refuse names that would be one file where a disk takes ``A`` for ``a``."""
    here, folded = root / listings.RECORDS, root / listings.RECORDS.lower()
    if not (here.exists() and folded.exists() and folded.samefile(here)):
        return
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(name.casefold(), name)
        if other != name:
            raise ValueError(f"{root}: {other!r} and {name!r} would be one file on this disk")


def _plain(fetcher: Fetcher, dataset: ModuleType, names: tuple[str, ...]) -> list[FoundRecord]:
    if hasattr(dataset, "forms"):
        return [FoundRecord(name=n, files=_form(fetcher, dataset.forms(n))) for n in names]
    return [FoundRecord(name=n, files=tuple(dataset.files(fetcher.root, n))) for n in names]


def _form(fetcher: Fetcher, forms: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """Return the first of a record's forms that the mirror has, or else the last."""
    listed = fetcher.sums and not fetcher.transport.cut
    for form in forms[:-1]:
        if form[0] in fetcher.sums if listed else fetcher.exists(form[0]):
            return form
    return forms[-1]


def _wfdb(
    fetcher: Fetcher, names: tuple[str, ...], annotators: tuple[str, ...], answers: Answers
) -> list[FoundRecord]:
    """Fetch the headers, then those of segments, and list the files that they name."""
    answers |= fetcher.files(f"{name}.hea" for name in names)
    tops = {name: _header(fetcher.root, name, answers) for name in names}
    segments = [s for top in tops.values() if isinstance(top, Header) for s in top.segments]
    answers |= fetcher.files(f"{segment}.hea" for segment in segments)
    return [_record(fetcher.root, name, top, annotators, answers) for name, top in tops.items()]


def _header(root: Path, name: str, answers: Answers) -> Header | str:
    """Return a header, or the reason why there is none."""
    answer = answers[f"{name}.hea"]
    if isinstance(answer, RefusedError):
        return refusal(f"{name}.hea", answer)
    try:
        return read_header(root, name)
    except UnfitError as error:
        return str(error)


def _record(
    root: Path, name: str, top: Header | str, annotators: tuple[str, ...], answers: Answers
) -> FoundRecord:
    if isinstance(top, str):
        return FoundRecord(name=name, files=(f"{name}.hea",), reason=top)
    parts = [_header(root, segment, answers) for segment in top.segments]
    for part in parts:
        if isinstance(part, str):
            return FoundRecord(name=name, files=(f"{name}.hea",), reason=part)
    whole = (top, *(part for part in parts if isinstance(part, Header)))
    named = (*(f"{n}.hea" for n in (name, *top.segments)), *(f for h in whole for f in h.files))
    marks = tuple(f"{name}.{annotator}" for annotator in annotators)
    return FoundRecord(name=name, files=tuple(dict.fromkeys(named + marks)), headers=whole)


def refusal(name: str, error: RefusedError) -> str:
    """Return the manifest's reason for a file that was refused."""
    return f"{error.kind}: {name}"
