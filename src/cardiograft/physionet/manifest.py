"""The manifest of a database: its files with their digests, and which records can be used.

Equal bytes give an equal manifest, whatever mirror they came from: there is no URL, no date
and no absolute path in it.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from cardiograft.physionet import listings
from cardiograft.physionet.collect import Collection, FoundRecord, refusal
from cardiograft.physionet.fetch import File
from cardiograft.physionet.headers import HIGHEST_HZ, Header, UnfitError
from cardiograft.physionet.transports import MISSING
from cardiograft.records import Float32, Record
from cardiograft.specs.download import Download

NAMED_RECORDS = 10  # records that a line names
PADDING = 4  # bytes: formats pack up to three samples into as many
DataSet = ModuleType | SimpleNamespace  # the latter is of one folder alone


def make_manifest(
    collection: Collection, dataset: DataSet, spec: Download, *, root: Path
) -> dict[str, Any]:
    """Judge every record and return the manifest.

    Parameters
    ----------
    root
        The folder that holds RECORDS, as given.

    Raises
    ------
    ValueError
        No record can be used.
    """
    generated = bool(getattr(dataset, "GENERATED", False))
    rows = [_row(collection, dataset, entry, root, spec) for entry in collection.records]
    _leave_out_copies(collection, rows)
    accepted = {row["name"] for row in rows if row["status"] == "accepted"}
    if not accepted:
        raise ValueError(f"{dataset.SLUG}: no record can be used: {tally(rows)}")
    used = {file for entry in collection.records if entry.name in accepted for file in entry.files}
    hashes = {f.path: f.sha256 for f in collection.files.values()}
    return {
        "dataset": spec.dataset,
        "slug": dataset.SLUG,
        "version": dataset.VERSION,
        "simulated": spec.simulate is not None and not generated,
        **({"generated": True} if generated else {}),
        "root": root.as_posix(),
        "folder": None if spec.folder is None else spec.folder.model_dump(mode="json"),
        "content": spec.content,
        "max_nonfinite": spec.max_nonfinite,
        "listing": collection.listing,
        "digest": digest({name: hashes[name] for name in used & set(hashes) | set(dataset.EXTRAS)}),
        "hashes": _hashes(collection),
        "files": [vars(file) for file in collection.files.values()],
        "refused": [
            {"path": name, "kind": error.kind, "bytes": error.bytes, "sha256": error.sha256}
            for name, error in collection.refused.items()
        ],
        "records": rows,
    }


def digest(hashes: dict[str, str]) -> str:
    """Return one digest of files' paths and hashes."""
    return hashlib.sha256(json.dumps(sorted(hashes.items())).encode()).hexdigest()


def summary(manifest: dict[str, Any]) -> str:
    """Return one line on a manifest, for a log."""
    rows = manifest["records"]
    accepted = sum(row["status"] == "accepted" for row in rows)
    size = sum(file["bytes"] for file in manifest["files"]) / 1e6
    left = f"; quarantined: {tally(rows)}" if accepted < len(rows) else ""
    noted = Counter(note.partition(":")[0] for row in rows for note in row["notes"])
    kinds = ", ".join(f"{kind} {count}" for kind, count in noted.most_common())
    return (
        f"{accepted} of {len(rows)} records, {size:.1f} MB{left}{_unverified(manifest)}"
        f"{kinds and f'; noted: {kinds}'}"
    )


def _unverified(manifest: dict[str, Any]) -> str:
    """Say how many files no hash vouches for."""
    hashes, total = manifest["hashes"], len(manifest["files"])
    if not hashes["listed"] and manifest.get("folder"):
        return ""  # nobody is between a folder of one's own and its bytes
    if not hashes["listed"]:
        return f"; no {listings.SUMS}: all {total} files are unverified"
    line = ""
    if hashes["unverified"]:
        line = f"; {hashes['unverified']} of {total - 1} files unverified by {listings.SUMS}"
    if hashes["malformed"]:
        line += f"; {hashes['malformed']} lines of {listings.SUMS} are no hash and name"
    return line


def lost(manifest: dict[str, Any], spec: Download) -> str | None:
    """Return one line on records that a spec asks for and does not get, if that is refused.

    Parameters
    ----------
    spec
        Where its ``lost`` is null, records that it names must all be there, of a number or of all
        some may be left out.
    """
    rows = [row for row in manifest["records"] if row["reason"]]
    allowed = spec.lost or ("refused" if isinstance(spec.records, tuple) else "allowed")
    if not rows or allowed == "allowed":
        return None
    lost = [f"{row['name']} ({row['reason']})" for row in rows]
    more = f" and {len(lost) - NAMED_RECORDS} more" if len(lost) > NAMED_RECORDS else ""
    return (
        f"{spec.dataset}: {len(rows)} of {len(manifest['records'])} records that config asks for"
        f" can't be used: {'; '.join(lost[:NAMED_RECORDS])}{more}. Take them out of `records`,"
        " or say `lost: allowed` there"
    )


def tally(rows: list[dict[str, Any]]) -> str:
    """Return how many records are quarantined for what kind of reason: ``no wanted lead 2``."""
    kinds = Counter(str(row["reason"]).partition(":")[0] for row in rows if row["reason"])
    return ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())


def _row(
    collection: Collection, dataset: DataSet, entry: FoundRecord, root: Path, spec: Download
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": entry.name,
        "subject": None,
        "status": "quarantined",
        "reason": None,
        "leads": [],
        "rate_hz": None,
        "samples": None,
        "notes": [],
    }
    try:
        _check_files(collection, entry)
        record = _read(dataset, root, entry.name)
        row["leads"] = [lead for lead, _ in _lanes(record)]
        row["rate_hz"] = float(record.rate_hz)
        row["samples"] = record.offset + record.signal_CT.shape[1]
        row["subject"], row["notes"] = record.subject, list(record.notes)
        _check_signal(record, dataset.WANTED, spec.max_nonfinite)
    except UnfitError as error:
        return row | {"reason": str(error)}
    return row | {"status": "accepted"}


def _hashes(collection: Collection) -> dict[str, Any]:
    """Return whether hashes are listed, and how many lines and files are without one.

    The list itself can't be in the list.
    """
    files = [file for name, file in collection.files.items() if name != listings.SUMS]
    return {
        "listed": collection.malformed is not None,
        "malformed": collection.malformed or 0,
        "unverified": sum(not file.verified for file in files),
    }


def _leave_out_copies(collection: Collection, rows: list[dict[str, Any]]) -> None:
    """Quarantine a recording that the database lists a second time, in another folder.

    It is one where an accepted record before it has the same name within its folder, the same
    subject and the same bytes in every file but the header. What lies under another name is left
    to the search for near duplicates: it may be of a list of its own.
    """
    hashes = {file.path: file.sha256 for file in collection.files.values()}
    first: dict[tuple[str, ...], str] = {}
    for row, entry in zip(rows, collection.records, strict=True):
        if row["status"] != "accepted":
            continue
        content = sorted(
            f"{Path(file).name} {hashes[file]}"
            for file in entry.files
            if file in hashes and not file.endswith(".hea")
        )
        own = (entry.name.rpartition("/")[2], str(row["subject"]), *content)
        other = first.setdefault(own, entry.name) if content else entry.name
        if other != entry.name:
            row |= {"status": "quarantined", "reason": f"listed twice: the same as {other}"}


def _check_files(collection: Collection, entry: FoundRecord) -> None:
    """Judge a record by its files' presence and sizes.

    Of several signal files of a header it takes one that can be used: the reader says which leads
    the others would have held.
    """
    if entry.reason:
        raise UnfitError(entry.reason)
    faults = {
        file: refusal(file, collection.refused[file])
        for file in entry.files
        if file in collection.refused
    }
    # Of a folder of one's own, where nothing is refused, a file may not be there at all.
    named = {file for header in entry.headers for file in header.files}
    lost = named - collection.files.keys() - faults.keys()
    faults |= {file: f"missing file: {file}" for file in sorted(lost)}
    stated: dict[str, list[int]] = {}
    for header in entry.headers:
        for file in (file for file in header.files if file not in faults):
            least, size = header.least_bytes(file), collection.files[file].bytes
            if size < least:
                faults[file] = f"truncated signal: {file} has {size} of {least} bytes"
            stated.setdefault(file, []).append(least)
    spared = {file for header in entry.headers for file in _spared(header, faults, collection)}
    for file, fault in faults.items():
        if file not in spared:
            raise UnfitError(fault)
    for file, lengths in stated.items():
        if all(lengths) and not collection.files[file].verified:
            _check_surplus(collection.files[file], max(lengths))


def _spared(header: Header, faults: Mapping[str, str], collection: Collection) -> set[str]:
    """Return the signal files that a header can do without: not there, or too short."""
    lost = {file for file in header.files if file in faults}
    if len(lost) == len(header.files):
        return set()
    # Of one refused for its bytes, an older copy may lie where it would be read.
    refused = {f for f in lost if f in collection.refused and collection.refused[f].kind != MISSING}
    return lost - refused


def _check_surplus(file: File, stated: int) -> None:
    """Judge a file that no hash vouches for by what lies beyond the header's last sample."""
    if file.bytes >= stated + PADDING:
        raise UnfitError(
            f"surplus signal: {file.path} has {file.bytes} bytes, its header states {stated}"
        )


def _read(dataset: DataSet, root: Path, name: str) -> Record:
    try:
        record: Record = dataset.read(root, name)
    except Exception as error:  # whatever a parser trips over, the other records can be used
        message = " ".join(str(error).split()) or type(error).__name__
        message = message.removeprefix(f"{dataset.SLUG}/{name}: ").replace(f"{root}/", "")
        raise UnfitError(f"unreadable record: {message}") from error
    return record


def _check_signal(record: Record, wanted: tuple[str, ...], most: float) -> None:
    """Judge a record by its rate and by whether any lead of it can be used.

    Which leads are asked for, each entry of `segments` knows for itself: it leaves out the
    records that don't serve it.
    """
    if not 0 < record.rate_hz <= HIGHEST_HZ:
        raise UnfitError(f"absurd sampling rate: {float(record.rate_hz):g} Hz")
    lanes = _lanes(record)
    names = [lead for lead, _ in lanes]
    if wanted and not set(wanted) & set(names):
        raise UnfitError(f"no wanted lead: has {', '.join(names)}; {' or '.join(wanted)}")
    missing = [(float(np.mean(~np.isfinite(s_T))), lead) for lead, s_T in lanes if s_T.size]
    if not missing:
        raise UnfitError("truncated signal: no sample")
    # ASSUME the record is as good as its best lead.
    share, lead = min(missing, key=lambda pair: pair[0])
    if share > most or share == 1:
        raise UnfitError(f"non-finite samples: {share:.1%} of {lead}")


def _lanes(record: Record) -> list[tuple[str, Float32]]:
    """Return a record's leads, those at other rates included."""
    sources = (record, *record.beside)
    return [pair for s in sources for pair in zip(s.leads, s.signal_CT, strict=True)]
