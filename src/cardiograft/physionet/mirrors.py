"""Mirrors: what a `mirror` string in config means, and which bytes a mirror offers.

Read while the workflow is planned: nothing here imports more than it must.
"""

import contextlib
import hashlib
import json
import os
import re
import threading
from pathlib import Path
from typing import Any

from cardiograft import plugins
from cardiograft.files import file_digest, read_json
from cardiograft.physionet import listings
from cardiograft.specs.own_folder import OwnFolder

SIMULATED = "simulated"
ACCEPTED = (
    "accepted: 'simulated', 'https://host/path', 's3://bucket/prefix'"
    " or a directory in PhysioNet's layout"
)
REACH_S = 2.0
SMALL_BYTES = 1 << 16  # headers and lists, whose bytes are read while planning


def check(mirror: str) -> None:
    """Tell within 3 s whether a mirror can be used at all.

    Raises
    ------
    ValueError
        It is none of the forms that a mirror takes, or its host can't be reached.
    FileNotFoundError
        It is a directory that isn't there.
    """
    if mirror == SIMULATED:
        return
    scheme, separator, rest = mirror.partition("://")
    if not separator:
        _check_directory(mirror)
    elif scheme == "s3":
        _check_bucket(mirror, rest)
    elif scheme in ("http", "https"):
        if not re.match(r"[^/?#\s]+", rest) or re.search(r"[\s?#]", rest):
            raise ValueError(f"mirror: {mirror!r} is not a URL; {ACCEPTED}")
        _reach(mirror, mirror)
    else:
        raise ValueError(f"mirror: {mirror!r} begins with {scheme!r}; {ACCEPTED}")


def _check_directory(mirror: str) -> None:
    place = Path(mirror).expanduser()
    if not mirror or not place.exists():
        guess = plugins.guess(mirror, [SIMULATED])
        raise FileNotFoundError(f"mirror: no directory {mirror!r}.{guess} ({ACCEPTED})")
    if not place.is_dir():
        raise ValueError(f"mirror: {mirror!r} is no directory; {ACCEPTED}")


def _check_bucket(mirror: str, rest: str) -> None:
    bucket = rest.partition("/")[0]
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket):
        raise ValueError(f"mirror: {mirror!r} names no bucket ({bucket!r}); {ACCEPTED}")
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    url = f"{endpoint.rstrip('/')}/{bucket}" if endpoint else f"https://s3.amazonaws.com/{bucket}"
    if _reach(mirror, url) == 404:
        raise ValueError(f"mirror: {mirror!r}: there is no bucket {bucket!r}")


def _reach(mirror: str, url: str) -> int:
    """Return the status of any answer at all."""
    import httpx

    answers: list[int | Exception] = []

    def ask() -> None:
        try:
            answers.append(httpx.head(url, timeout=REACH_S).status_code)
        except Exception as error:  # an odd URL or certificate is a reason like any other
            answers.append(error)

    # A thread, because looking up a name can't be cancelled.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(REACH_S)
    answer = answers[0] if answers else TimeoutError(f"no answer within {REACH_S:g} s")
    if isinstance(answer, Exception):
        raise ValueError(f"mirror: {mirror!r} can't be reached: {answer}; {ACCEPTED}")
    return answer


def content(mirror: str, slug: str, version: str, manifest: Path) -> str:
    """Return what identifies the bytes that a mirror offers of a database.

    Another mirror with the bytes that `manifest` was made from gives the manifest's own
    answer, so that nothing is fetched, cut or trained again.

    Parameters
    ----------
    manifest
        ``results/manifests/<database>.json``, which need not be there.

    Returns
    -------
    str
        ``simulated``; ``published`` for a release on the network, which never changes once
        it is numbered; a digest of what a directory lists.

    Raises
    ------
    FileNotFoundError
        A directory has no such database, and none was fetched before.
    """
    if mirror == SIMULATED:
        return SIMULATED
    known = _manifest_of(manifest, slug, version)
    if "://" in mirror:
        return str(known["content"]) if known else "published"
    folder = Path(mirror).expanduser() / slug / version
    if known and (not folder.is_dir() or _same_bytes(known, folder)):
        return str(known["content"])  # of a mirror that was put away nothing need be fetched
    if not folder.is_dir():
        raise FileNotFoundError(f"mirror: {mirror!r} has no {slug}/{version}")
    inventory = _inventory(folder)
    if known and known["content"] == inventory:  # a file was repaired, the lists unchanged
        return hashlib.sha256(inventory.encode()).hexdigest()
    return inventory


def own_content(folder: OwnFolder, manifest: Path) -> str:
    """Return what identifies the bytes of a folder of one's own, and of its tables.

    Small files and tables count by their bytes, others by size and time of change: to read them
    all each time that a run is planned would take too long. A folder that was put away is what it
    was.

    Raises
    ------
    FileNotFoundError
        The folder, or a table, is not there.
    """
    root = Path(folder.path).expanduser()
    if not root.is_dir():
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            known = json.loads(manifest.read_text("utf-8"))
            if known["folder"]["path"] == folder.path:
                return str(known["content"])
        raise FileNotFoundError(f"databases.{folder.name}.folder.path: no folder {folder.path!r}")
    rows: list[tuple[str, int, str | int]] = []
    for place in listings.walk(root):
        facts = place.stat()
        small = facts.st_size <= SMALL_BYTES
        path = place.relative_to(root).as_posix()
        rows.append((path, facts.st_size, file_digest(place) if small else facts.st_mtime_ns))
    for table in folder.tables:
        if not (root / table).is_file():
            raise FileNotFoundError(f"databases.{folder.name}.folder: no table {root / table}")
        rows.append((table, -1, file_digest(root / table)))
    return hashlib.sha256(json.dumps(sorted(rows, key=str)).encode()).hexdigest()


def _manifest_of(manifest: Path, slug: str, version: str) -> dict[str, Any] | None:
    try:
        known = read_json(manifest)
        same = (known["slug"], known["version"], known["simulated"]) == (slug, version, False)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return known if same else None


def _same_bytes(known: dict[str, Any], folder: Path) -> bool:
    """Tell whether a directory would give the bytes that a manifest was made from."""
    if known["listing"] != listing(folder):
        return False
    for file in known["files"]:
        listed = file["verified"] or file["path"] in (listings.RECORDS, listings.SUMS)
        if not listed and not _same_file(folder / file["path"], file):
            return False
    for file in known["refused"]:
        place = folder / file["path"]
        if place.is_file() != (file["sha256"] is not None):
            return False
        if file["sha256"] and file_digest(place) != file["sha256"]:
            return False
    return True


def listing(folder: Path) -> str:
    """Return the digest of a directory's RECORDS and SHA256SUMS.txt.

    Raises
    ------
    ValueError
        One of them is not what it should be.
    """
    records, sums = folder / listings.RECORDS, folder / listings.SUMS
    return listings.digest(
        listings.text(records) if records.is_file() else "",
        listings.text(sums) if sums.is_file() else None,
    )


def _same_file(place: Path, file: dict[str, Any]) -> bool:
    if not place.is_file() or place.stat().st_size != file["bytes"]:
        return False
    return bool(file["bytes"] > SMALL_BYTES or file_digest(place) == file["sha256"])


def _inventory(folder: Path) -> str:
    """Return a digest of what lies in a directory: names, sizes, and the bytes of small files.

    Where hashes are listed, they stand for the bytes.
    """
    hashed = (folder / listings.SUMS).is_file()
    rows: list[tuple[str, int, str | None]] = []
    for base, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for place in (Path(base, name) for name in names if not name.startswith(".")):
            if place.is_file():
                size = place.stat().st_size
                small = size <= SMALL_BYTES and not hashed
                path = place.relative_to(folder).as_posix()
                rows.append((path, size, file_digest(place) if small else None))
    text = json.dumps([listing(folder), sorted(rows)])
    return hashlib.sha256(text.encode()).hexdigest()
