"""Whether a MATLAB 5 file is built as one: scipy's reader trusts it, and ends the process if not.

Source: MathWorks, MAT-File Format (2025), "Level 5 MAT-file format": tags of 8 bytes (type and
size), or of 4 with up to 4 bytes of data; elements of a matrix begin at multiples of 8.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

HEADER = 128
MATRIX, COMPRESSED = 14, 15
NUMBERS = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}  # bytes each, by type
FLAGS, DIMENSIONS, NAME = 6, 5, 1  # types of a matrix's first elements
NUMERIC = range(6, 16)  # classes of arrays: double, single, int8 ... uint64
LARGEST = 1 << 28  # bytes of one variable, uncompressed: no recording comes near


def arrays(path: Path) -> tuple[str, ...]:
    """Return the names of a file's arrays of numbers, each of which is whole.

    Other variables (texts, structures, objects) are passed over: they are not to be read.

    Raises
    ------
    ValueError
        A variable is not what its tags say; the message says why.
    """
    whole = path.read_bytes()
    if len(whole) < HEADER or whole[126:128] not in (b"IM", b"MI"):
        raise ValueError("not a MATLAB 5 file")
    order = "<" if whole[126:128] == b"IM" else ">"
    names = []
    for kind, content in _elements(whole[HEADER:], order, aligned=False):
        inner = _elements(_inflated(content), order) if kind == COMPRESSED else [(kind, content)]
        names += [_array(one, variable, order) for one, variable in inner]
    return tuple(name for name in names if name is not None)


def _inflated(content: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        inflated = stream.decompress(content, LARGEST)
    except zlib.error as error:
        raise ValueError(f"damaged compression: {error}") from error
    if not stream.eof:
        raise ValueError("a variable is cut off, or is larger than any recording")
    return inflated


def _elements(content: bytes, order: str, *, aligned: bool = True) -> Iterator[tuple[int, bytes]]:
    """Yield type and data of each element."""
    at = 0
    while at < len(content):
        if len(content) - at < 8:
            raise ValueError("the last tag is cut off")
        kind, size = struct.unpack_from(f"{order}II", content, at)
        start = at + 8
        if kind >> 16:  # both in one word, and the data in the other
            kind, size, start = kind & 0xFFFF, kind >> 16, at + 4
            if size > 4:
                raise ValueError(f"{size} bytes in a tag that has 4")
        if start + size > len(content):
            raise ValueError(f"an element of {size} bytes where {len(content) - start} are left")
        yield kind, content[start : start + size]
        at = start + size if start > at + 4 else at + 8
        if aligned:
            at += -at % 8


def _array(kind: int, content: bytes, order: str) -> str | None:
    """Return an array's name; None of another variable."""
    if kind != MATRIX:
        raise ValueError(f"an element of type {kind} where a variable should be")
    parts = list(_elements(content, order))
    types = [of for of, _ in parts]
    if types[:1] != [FLAGS] or len(parts[0][1]) != 8:
        raise ValueError(f"a variable of elements of types {types}")
    if struct.unpack(f"{order}I", parts[0][1][:4])[0] & 0xFF not in NUMERIC:
        return None
    if types[1:3] != [DIMENSIONS, NAME] or len(parts) not in (4, 5):
        raise ValueError(f"an array of elements of types {types}")
    _, (_, shape), (_, name), *values = parts
    if not shape or len(shape) % 4:
        raise ValueError(f"dimensions of {len(shape)} bytes")
    count = 1
    for length in struct.unpack(f"{order}{len(shape) // 4}i", shape):
        if length < 0:
            raise ValueError(f"a dimension of {length}")
        count *= length
    for of, data in values:
        if of not in NUMBERS or len(data) != count * NUMBERS[of]:
            raise ValueError(f"{len(data)} bytes of type {of} for {count} numbers")
    return name.decode("latin-1")
