"""Get a shipped network by name from a folder or a URL: all of it, as its card says, or nothing.

The card names the SHA-256 and the size of every file, also of those beside the network that it
shares with others; the card's own SHA-256 may be asked for.
"""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import httpx

from cardiograft.files import atomic_directory, file_digest
from cardiograft.shipped.catalogue import (
    CARD,
    FORMAT,
    NAME,
    RECORDINGS,
    Shipped,
    fetched,
    read,
)

TIMEOUT_S = 30.0
MOST_BYTES = 100_000_000  # of one file: what claims to be larger is no small checkpoint
CARD_BYTES = 10_000_000
SHARED = re.compile(rf"{RECORDINGS}/[0-9a-f]+/[a-z]+\.(json|parquet)")
Files = dict[str, dict[str, Any]]


def fetch(name: str, place: str, *, sha256: str | None = None, to: Path | None = None) -> Shipped:
    """Fetch ``<place>/<name>/`` into the folder of fetched networks.

    Parameters
    ----------
    place
        A folder, or a URL that folders lie below.
    sha256
        Of the card, and by it of all that is fetched; not asked for where it is None.
    to
        Folder of fetched networks.

    Raises
    ------
    FileNotFoundError
        The place has no such network, or lacks a file of it.
    ValueError
        The name can't be one, a file is not what the card says (half of it came, say), the card is
        not the one asked for, or the place does not answer.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a model: letters, digits, - and _")
    get = _by_url if "://" in place else _by_path
    where = f"{place.rstrip('/')}/{name}"
    card = get(f"{where}/{CARD}", CARD_BYTES)
    digest = hashlib.sha256(card).hexdigest()
    if sha256 is not None and digest != sha256:
        raise ValueError(f"{where}/{CARD}: its SHA-256 is {digest}, asked for is {sha256}")
    files = _files(card, f"{where}/{CARD}")
    home = to or fetched()
    with atomic_directory(home / name) as folder:
        (folder / CARD).write_bytes(card)
        for file, about in files.items():
            _write(folder / file, _checked(get, f"{where}/{file}", about))
        read(folder)  # its seal
        _fetch_shared(get, place, _files(card, f"{where}/{CARD}", "shared"), home)
    return read(home / name)


def _fetch_shared(get: Callable[[str, int], bytes], place: str, files: Files, home: Path) -> None:
    """Fetch what lies beside the network, folder by folder, but what is there already."""
    folders = sorted({PurePosixPath(file).parent.as_posix() for file in files})
    for name in folders:
        own = {PurePosixPath(f).name: a for f, a in files.items() if f.startswith(f"{name}/")}
        there = (home / name / file for file in own)
        if all(p.is_file() and file_digest(p) == own[p.name]["sha256"] for p in there):
            continue
        with atomic_directory(home / name) as folder:
            for file, about in own.items():
                _write(folder / file, _checked(get, f"{place.rstrip('/')}/{name}/{file}", about))


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _files(card: bytes, where: str, key: str = "files") -> Files:
    """Return the files that a card names: its own, or the ``shared`` ones beside it."""
    files: Files
    try:
        known = json.loads(card)
        listed = known["files"] if key == "files" else known.get(key, {})
        files = {str(k): {"sha256": str(v["sha256"]), "bytes": int(v["bytes"])}
                 for k, v in listed.items()}  # fmt: skip
        named = known["format"]
    except (ValueError, KeyError, TypeError, AttributeError):
        named, files = None, {}
    if named != FORMAT:
        raise ValueError(f"{where}: not the card of a shipped model")
    for file, about in files.items():
        if key == "shared" and not SHARED.fullmatch(file):
            raise ValueError(f"{where}: {file!r} is no file that networks share")
        path = PurePosixPath(file)
        if path.is_absolute() or ".." in path.parts or "\\" in file:
            raise ValueError(f"{where}: the name {file!r} leads out of its folder")
        if about["bytes"] > MOST_BYTES:
            raise ValueError(
                f"{where}: {file} has {about['bytes']} bytes, at most {MOST_BYTES} may"
            )
    return files


def _checked(get: Callable[[str, int], bytes], where: str, about: dict[str, Any]) -> bytes:
    content = get(where, int(about["bytes"]))
    if len(content) != about["bytes"]:
        raise ValueError(f"{where}: {len(content)} bytes came, the card says {about['bytes']}")
    digest = hashlib.sha256(content).hexdigest()
    if digest != about["sha256"]:
        raise ValueError(f"{where}: its SHA-256 is {digest}, the card says {about['sha256']}")
    return content


def _by_path(where: str, most: int) -> bytes:
    path = Path(where).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"{where}: no such file")
    with path.open("rb") as file:
        return file.read(most + 1)


def _by_url(where: str, most: int) -> bytes:
    """Return a file's bytes, one more than `most` at the most."""
    content = bytearray()
    try:
        with httpx.stream("GET", where, timeout=TIMEOUT_S, follow_redirects=True) as answer:
            if answer.status_code == httpx.codes.NOT_FOUND:
                raise FileNotFoundError(f"{where}: no such file")
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > most:
                    break
    except httpx.HTTPError as error:
        raise ValueError(f"{where}: {str(error).splitlines()[0] or type(error).__name__}") from None
    return bytes(content)
