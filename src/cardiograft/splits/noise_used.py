"""Which noise recordings hold, and whether a test part holds noise that was trained on.

A detector of noise that is tested on the very noise it has learned from is flattered, whoever the
people are. Recordings hold noise because an entry of segments added it, from a piece of each noise;
because they are the noise; or because nstdb's authors added it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from cardiograft.files import read_json

EXAMPLES = 10
WHOLE = (0.0, 1.0)
# Recordings of nstdb, as <dataset>/<record>, and the noise in them.
HOLD = {"nstdb/11?e*": "nstdb/em", "nstdb/em": "nstdb/em", "nstdb/ma": "nstdb/ma",
        "nstdb/bw": "nstdb/bw"}  # fmt: skip


class Piece(NamedTuple):
    """A piece of a noise, from where to where as shares of its recording."""

    noise: str
    first: float
    last: float


Added = Mapping[str, tuple[Piece, ...]]


def added(directories: Iterable[Path]) -> Added:
    """Return what noise was added to each recording, ``<dataset>/<record>``, of some shards."""
    found: defaultdict[str, tuple[Piece, ...]] = defaultdict(tuple)
    for directory in directories:
        noise: dict[str, Any] | None = read_json(directory / "summary.json").get("noise")
        if noise is None:
            continue
        for record, (first, last) in noise["pieces"].items():
            found[record] += tuple(Piece(name, first, last) for name in noise["noises"])
    return dict(found)


def shared(tested: Iterable[str], used: Iterable[str], known: Added) -> list[dict[str, str]]:
    """Return the tested recordings with noise that a used one has too: which, and such a one.

    Parameters
    ----------
    tested, used
        Recordings, ``<dataset>/<record>``.
    known
        What `added` returns.
    """
    theirs: defaultdict[str, list[tuple[Piece, str]]] = defaultdict(list)
    for record in used:
        for piece in _pieces(record, known):
            theirs[piece.noise].append((piece, record))
    found = []
    for record in tested:
        for piece in _pieces(record, known):
            such = (name for other, name in theirs[piece.noise] if _overlap(piece, other))
            if other := next(such, None):
                found.append({"recording": record, "other": other, "noise": piece.noise})
                break
    return found


def _pieces(record: str, known: Added) -> tuple[Piece, ...]:
    held = (noise for pattern, noise in HOLD.items() if fnmatchcase(record, pattern))
    return (*known.get(record, ()), *(Piece(noise, *WHOLE) for noise in held))


def _overlap(one: Piece, other: Piece) -> bool:
    return one.first < other.last and other.first < one.last
