"""Rows of a table of segments, recording by recording.

Legend: N segments.
"""

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt


def recordings(columns: Any) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the rows of each recording, in the order of time."""
    name_N = np.char.add(np.char.add(columns["dataset"], "/"), columns["record"])
    order = np.lexsort((columns["start"], name_N))
    edges = np.flatnonzero(name_N[order][1:] != name_N[order][:-1]) + 1
    yield from np.split(order, edges)


def number(columns: Any, row: int) -> int:
    """Return a number that stays with a row's recording, whichever others there are."""
    return zlib.crc32(f"{columns['dataset'][row]}/{columns['record'][row]}".encode())
