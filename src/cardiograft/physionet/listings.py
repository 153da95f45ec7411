"""A mirror's lists, RECORDS and SHA256SUMS.txt, and names that stay inside the data folder."""

import codecs
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

RECORDS, SUMS = "RECORDS", "SHA256SUMS.txt"
# What says in which encoding a text is written; of two with one beginning the longer one first.
BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def safe(name: str) -> str:
    """Return a name that came from a mirror, if it can only mean a file below a folder.

    Raises
    ------
    ValueError
        It is empty, absolute, or holds ``..``, a backslash, a drive letter, a control
        character or a part longer than file systems take.
    """
    parts = name.split("/")
    outside = (
        any(part in ("", ".", "..") or len(part.encode(errors="replace")) > 255 for part in parts)
        or re.search(r"[\\\x00-\x1f\x7f\ud800-\udfff]", name)
        or re.match(r"[A-Za-z]:", name)
    )
    if outside:
        raise ValueError(f"the name {name!r} may lead outside the data folder")
    return name


def shown(name: str) -> str:
    r"""Return a name that any console, table or page can show: what is no letter as its code.

    Examples
    --------
    >>> shown("a\nb"), shown("é")
    ('a\\nb', 'é')
    """
    letters = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    return "".join(letters)


def inside(root: Path, name: str) -> Path:
    """Return the place of a mirror's file below `root`, symbolic links followed.

    Raises
    ------
    ValueError
        The name is not `safe`, or a link on the way leads out of `root`.
    """
    place = root / safe(name)
    if not place.resolve().is_relative_to(root.resolve()):
        raise ValueError(f"the name {name!r} follows a link out of the data folder {root}")
    return place


def walk(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder in the order of their names, links followed, none hidden."""
    seen: set[Path] = set()
    todo = [folder]
    while todo:
        here = todo.pop()
        if here.resolve() in seen:  # a link back up
            continue
        seen.add(here.resolve())
        inner = sorted(place for place in here.iterdir() if not place.name.startswith("."))
        yield from (place for place in inner if place.is_file())
        todo += [place for place in reversed(inner) if place.is_dir()]


def lines(text: str) -> tuple[str, ...]:
    """Return the names in a RECORDS file, each once; a folder of records ends in ``/``.

    Raises
    ------
    ValueError
        A name is not `safe`.
    """
    names = dict.fromkeys(line.strip() for line in text.splitlines())
    return tuple(
        safe(line.removesuffix("/")) + ("/" if line.endswith("/") else "") for line in names if line
    )


def sums(text: str) -> dict[str, str]:
    """Return the SHA-256 of each file that a SHA256SUMS.txt lists.

    A line that is no hash and name vouches for nothing and is left out, as is a name with two
    different hashes.

    Raises
    ------
    ValueError
        It lists no hash at all, or a name is not `safe`.
    """
    hashes = {name: digests.pop() for name, digests in _hashes(text).items() if len(digests) == 1}
    if not hashes:
        what = f"its first line: {text.strip().splitlines()[0][:60]!r}" if text.strip() else "empty"
        raise ValueError(
            f"{SUMS} lists no hash ({what}): without any of its own, the file must be absent"
        )
    return hashes


def malformed(text: str) -> int:
    """Return how many lines of a SHA256SUMS.txt vouch for nothing.

    They are no hash and name, or one of several with different hashes for one name.
    """
    stray = sum(1 for line in text.splitlines() if line.strip() and not _HASH.fullmatch(line))
    return stray + sum(len(digests) for digests in _hashes(text).values() if len(digests) > 1)


_HASH = re.compile(r"([0-9a-fA-F]{64})\s+\*?(?:\./)?(.+?)\s*")


def _hashes(text: str) -> dict[str, set[str]]:
    hashes_by_name: dict[str, set[str]] = {}
    for match in map(_HASH.fullmatch, text.splitlines()):
        if match:
            hashes_by_name.setdefault(safe(match[2]), set()).add(match[1].lower())
    return hashes_by_name


def digest(records: str, sums_text: str | None) -> str:
    """Return a digest of a database's lists, by which editions differ.

    Line ends and the order of the hashes do not count.
    """
    parts = [lines(records), None if sums_text is None else sorted(sums(sums_text).items())]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def encoding(head: bytes) -> str | None:
    """Return in which encoding a text is written that begins so, by its mark of byte order."""
    return next((name for bom, name in BOMS.items() if head.startswith(bom)), None)


def text(path: Path) -> str:
    """Read a list that a mirror sent, or that lies in a folder of one's own.

    It is UTF-8, or what its mark of byte order says.

    Raises
    ------
    ValueError
        It is not text.
    """
    content = path.read_bytes()
    try:
        return content.decode(encoding(content) or "utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} is not text: {error.reason} at {error.start}") from error
