"""Which noise recordings hold, and whether a test part holds noise that was trained on.

A detector of noise that is tested on the very noise it has learned from is flattered, whoever the
people are. Recordings hold noise because an entry of segments added it, from a piece of each noise;
because they are the noise; or because nstdb's authors added it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from cardiograft.files import read_json
from cardiograft.segments import rhythms
from cardiograft.splits.recordings import Side, matches

EXAMPLES = 10
WHOLE = (0.0, 1.0)
# Asked of two noises beyond what recordings are asked for: the peaks of noise come closer and more
# alike than a heart's beats. A minute of a copy has hundreds of bits (`benchmarks/noises.py`).
MARGIN_BITS = 32.0
NONE: Mapping[str, str] = {}
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
    pieces_by_record: defaultdict[str, tuple[Piece, ...]] = defaultdict(tuple)
    for directory in directories:
        noise: dict[str, Any] | None = read_json(directory / "summary.json").get("noise")
        if noise is None:
            continue
        for record, (first, last) in noise["pieces"].items():
            pieces_by_record[record] += tuple(Piece(name, first, last) for name in noise["noises"])
    return dict(pieces_by_record)


def one_noise(directories: Sequence[Path]) -> dict[str, str]:
    """Return, of noises that are one recording under several names, one name for all of them.

    Known by when their peaks come and what these look like, as recordings are by their beats
    (`cardiograft.splits.recordings`): whatever their gain, sign, offset, rate or cut.
    """
    known = rhythms.read_noises(directories)
    names: list[str] = known["record"].to_pylist()
    if len(set(names)) < 2:
        return {}
    side = Side(rhythms.rhythms(known), names)
    one = {name: name for name in names}
    for match in matches(side, side, margin_bits=MARGIN_BITS):
        here, there = one[names[match.one]], one[names[match.other]]
        one |= {name: min(here, there) for name, of in one.items() if of in (here, there)}
    several = {of for name, of in one.items() if of != name}
    return {name: of for name, of in one.items() if of in several}


def shared(
    tested: Iterable[str], used: Iterable[str], known: Added, alike: Mapping[str, str] = NONE
) -> list[dict[str, str]]:
    """Return the tested recordings with noise that a used one has too: which, and such a one.

    Parameters
    ----------
    tested, used
        Recordings, ``<dataset>/<record>``.
    known
        What `added` returns.
    alike
        What `one_noise` returns. Pieces of two names of one noise are never told apart: one may
        begin where the other does not.
    """
    theirs: defaultdict[str, list[tuple[Piece, str]]] = defaultdict(list)
    for record in used:
        for piece in _pieces(record, known):
            theirs[alike.get(piece.noise, piece.noise)].append((piece, record))
    cases = []
    for record in tested:
        for piece in _pieces(record, known):
            such = theirs[alike.get(piece.noise, piece.noise)]
            if case := next(((p, name) for p, name in such if _overlap(piece, p)), None):
                (there, other) = case
                also = "" if there.noise == piece.noise else f", there {there.noise},"
                cases.append({"recording": record, "other": other, "noise": piece.noise + also})
                break
    return cases


def _pieces(record: str, known: Added) -> tuple[Piece, ...]:
    held = (noise for pattern, noise in HOLD.items() if fnmatchcase(record, pattern))
    return (*known.get(record, ()), *(Piece(noise, *WHOLE) for noise in held))


def _overlap(one: Piece, other: Piece) -> bool:
    apart = one.noise == other.noise and (one.first >= other.last or other.first >= one.last)
    return not apart
