"""Fingerprints that come along: a recording's once, whichever networks were trained on it.

They lie beside the networks, in `catalogue.RECORDINGS`, in folders that say of recordings what
folders of shards do, each of one data set and named by the digest of its fingerprints. A network's
card names those that hold its recordings; one that is shipped later adds what none of them has.
"""

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from cardiograft.files import file_digest, read_json, write_json
from cardiograft.segments import rhythms
from cardiograft.shipped.catalogue import CARD, RECORDINGS
from cardiograft.signals.rhythm import TICKS_PER_S

SUMMARY = "summary.json"
DIGITS = 16  # of a SHA-256, as a folder's name
# What goes with a network at most: of hundreds of thousands of recordings it would be all of it.
MOST_BYTES = 50_000_000
Files = dict[str, dict[str, Any]]  # by path, as a card has them: ``sha256`` and ``bytes``


def share(known: pa.Table, folder: Path, to: Path) -> Files | None:
    """Return the files that hold some fingerprints; new ones wait in the network's own folder.

    Parameters
    ----------
    known
        What `cardiograft.segments.rhythms.read` returns.
    folder
        Of the network, not yet in its place: below it lies `RECORDINGS` till `publish`.
    to
        Where networks lie, and `RECORDINGS` beside them.

    Returns
    -------
    dict or None
        By path, relative to `to`. None where they would be larger than `MOST_BYTES`.
    """
    wanted = dict(_digests(known))
    missing, places = set(wanted.items()), []
    for place in sorted((to / RECORDINGS).glob("*")):
        try:
            theirs = set(_digests(rhythms.read([place])))
        except ValueError:  # of another version: nobody can compare with them
            continue
        if missing & theirs:
            missing -= theirs
            places.append(place)
    lacking = {key for key, _ in missing}
    rows_by_dataset: dict[str, list[int]] = {}  # apart: another network may need some of them
    for row, (record, lead) in enumerate(wanted):
        if (record, lead) in lacking:
            rows_by_dataset.setdefault(record.partition("/")[0], []).append(row)
    new = [_write(known.take(rows), folder / RECORDINGS) for rows in rows_by_dataset.values()]
    if sum((place / rhythms.FILE).stat().st_size for place in new) > MOST_BYTES:
        shutil.rmtree(folder / RECORDINGS)
        return None
    return {
        f"{RECORDINGS}/{place.name}/{name}": {
            "sha256": file_digest(place / name),
            "bytes": (place / name).stat().st_size,
        }
        for place in (*places, *new)
        for name in (rhythms.FILE, SUMMARY)
    }


def publish(folder: Path, to: Path) -> None:
    """Put what waits in a network's folder beside the networks."""
    waiting = folder / RECORDINGS
    if waiting.is_dir():
        (to / RECORDINGS).mkdir(exist_ok=True)
        for place in waiting.iterdir():
            place.rename(to / RECORDINGS / place.name)
        waiting.rmdir()


def tidy(to: Path) -> None:
    """Remove the fingerprints that no network's card names."""
    for place in unused(to):
        shutil.rmtree(place)


def unused(to: Path, *, besides: str = "", files: Iterable[str] = ()) -> list[Path]:
    """Return the folders of fingerprints that no network's card names.

    Parameters
    ----------
    besides
        A network that does not count, because it is being replaced.
    files
        Of what replaces it.
    """
    named = set(files)
    for card in to.glob(f"*/{CARD}"):
        if card.parent.name != besides:
            named |= set(read_json(card).get("shared", ()))
    kept = {Path(name).parent.name for name in named}
    return [place for place in sorted((to / RECORDINGS).glob("*")) if place.name not in kept]


def _write(rows: pa.Table, place: Path) -> Path:
    """Write fingerprints to a folder that is named by their digest; return it."""
    partial = place / "partial"
    partial.mkdir(parents=True)
    parts = rows.to_batches(max_chunksize=256)
    rhythms.write(partial, (row for part in parts for row in part.to_pylist()), smallest=True)
    write_json(partial / SUMMARY, {"source_rate_hz": {}, "noise": None})
    return partial.rename(place / file_digest(partial / rhythms.FILE)[:DIGITS])


def _digests(known: pa.Table) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield each lead's record and name, with a digest of whose it is and of its beats.

    Not of which lead of a recording comes first: that is an entry's, and all are compared.
    """
    names = zip(*(known[name].to_pylist() for name in ("record", "lead", "subject")), strict=True)
    for (record, lead, subject), own in zip(names, rhythms.rhythms(known), strict=True):
        tick_B = np.rint(own.beat_B * TICKS_PER_S).astype(np.int64)
        content = f"{subject}\n".encode() + tick_B.tobytes() + own.shape_BS.tobytes()
        yield (record, lead), hashlib.sha256(content).hexdigest()
