"""WFDB recordings of one's own, any format and any rate, in a folder that config names.

Below it, in folders or not: with a RECORDS file what that lists, else every header that is no
segment of another one. What of a recording is read is `_wfdb`'s; whose it is and what it shows
config says, see docs/own-recordings.md.

Source: https://physionet.org/physiotools/wag/ (header(5), signal(5), annot(5)).
"""

from pathlib import Path

from cardiograft.datasets import _own, _wfdb
from cardiograft.physionet import listings
from cardiograft.physionet.headers import header_file, read_header
from cardiograft.records import Record
from cardiograft.specs.own_folder import OwnFolder

SLUG, VERSION = "wfdb_folder", "own"
MAINS_HZ = 50  # config says it of each folder
WANTED = ()
UNITS = {"*": "mV"}
ANNOTATORS = ()
EXTRAS = ()
OWN = True
GAPS = True  # of multi-segment recordings, and missing samples


def record_names(root: Path, *, folder: OwnFolder) -> tuple[str, ...]:
    """Return the names of the recordings: as RECORDS lists them, or of headers in their order.

    Raises
    ------
    ValueError
        A RECORDS file is not text.
    """
    if (root / listings.RECORDS).is_file():
        return tuple(dict.fromkeys(_listed(root, "", set())))
    names, segments = tuple(dict.fromkeys(_own.names(root, ".hea"))), set()
    for name in names:
        try:
            segments |= {one for one in read_header(root, name).segments if one != name}
        except (ValueError, OSError):
            continue  # a recording that can't be read, for which the manifest has the reason
    return tuple(name for name in names if name not in segments)


def _listed(root: Path, folder: str, seen: set[Path]) -> list[str]:
    """Return what a RECORDS names; of a folder its own RECORDS, or the headers in it.

    A name that may lead out of the folder is kept: the manifest has the reason why it is not read.
    A folder is listed once, though links lead to it again.
    """
    names = []
    seen.add((root / folder).resolve())
    for line in listings.text(root / folder / listings.RECORDS).splitlines():
        stated = line.strip().removeprefix("./")
        name = f"{folder}{stated.removesuffix('/')}"
        if stated in ("", "."):
            continue
        try:
            place = root / listings.safe(name)
        except ValueError:
            names.append(name)
            continue
        if (root / header_file(root, name)).is_file() or not place.is_dir():
            names.append(name.removesuffix(".hea"))
        elif place.resolve() in seen:
            continue
        elif (place / listings.RECORDS).is_file():
            names += _listed(root, f"{name}/", seen)
        else:
            names += [f"{name}/{inner}" for inner in _own.names(place, ".hea")]
    return names


def mentioned(root: Path, *, folder: OwnFolder) -> dict[str, tuple[str, ...]]:
    """Return the recordings that each table of the folder names."""
    return _own.mentioned(root, folder)


def subject(root: Path, record: str, *, folder: OwnFolder) -> str:
    """Return whose recording it is, as config says.

    Raises
    ------
    UnfitError
        Its subject is not known.
    """
    return _own.subject(root, record, folder)


def read(root: Path, record: str, *, folder: OwnFolder) -> Record:
    """Read one recording: float32, shape (C, T), in the header's units, missing samples NaN.

    Raises
    ------
    FileNotFoundError
        A file of it is not there.
    UnfitError
        A file can't be read, or its labels contradict one another.
    """
    spans = _own.labels(root, record, folder)
    whole = _wfdb.read_record(
        folder.name,
        root,
        record,
        subject=_own.subject(root, record, folder),
        mains_hz=folder.mains_hz,
        annotator=folder.annotator,
    )
    return _own.labelled(_own.named(whole, folder), spans)
