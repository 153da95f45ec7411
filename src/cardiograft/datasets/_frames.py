"""How many frames the files of a WFDB record hold, and which of the files can't be used.

Source: https://physionet.org/physiotools/wag/ (header(5), signal(5)).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cardiograft.physionet.headers import BYTES, Header, Signal, UnfitError

# ASSUME no recording has more than 64 samples for a byte of its files (gaps, compression); below
# 256 MB in memory it may.
MOST_A_BYTE, ANYHOW = 64, 1 << 26


class Span(NamedTuple):
    """A stretch of a recording: its first frame, and how many."""

    first: int
    frames: int


def check_size(values: int, size: int) -> None:
    """Refuse to reserve memory for far more samples than files of `size` bytes can hold.

    Raises
    ------
    UnfitError
        Nobody would have written so few bytes for them.
    """
    if values > max(ANYHOW, MOST_A_BYTE * size):
        raise UnfitError(f"absurd length: {values} samples in {size} bytes")


def usable_frames(root: Path, header: Header) -> tuple[int, dict[str, str]]:
    """Return how many frames there are, and what is wrong with each file that can't be used.

    A record of several files is as good as those of its files that are there: whoever asks for a
    lead of another one learns that it is missing.

    Raises
    ------
    FileNotFoundError, UnfitError
        No file is there, or long enough: what is wrong with the first.
    """
    held: dict[str, int] = {}
    faults: dict[str, str] = {}
    errors: list[ValueError | FileNotFoundError] = []
    for file in header.files:
        its = [line for line in header.signals if line.file == file]
        try:
            frames = _held(root, header, its)
        except (UnfitError, FileNotFoundError) as error:
            faults[file] = str(error)
            errors.append(error)
            continue
        if frames is not None:
            held[file] = frames
    if not held:
        raise errors[0] if errors else UnfitError("no signal is in a format that is known")
    frames = min(held.values()) if header.samples is None else header.samples
    size = sum((root / file).stat().st_size for file in held)
    usable = [line for line in header.signals if line.file in held]
    check_size(frames * sum(line.per_frame for line in usable), size)
    return frames, faults


def _held(root: Path, header: Header, its: list[Signal]) -> int | None:
    """Return how many frames the file of some signals holds, none where its format hides it."""
    file = its[0].file
    if not (root / file).is_file():
        raise FileNotFoundError(f"no signal file {file} beside its header")
    if its[0].format not in BYTES:
        return None
    size, need = (root / file).stat().st_size, header.least_bytes(file)
    if header.samples is not None and size < need:
        raise UnfitError(f"truncated signal: {file} has {size} of {need} bytes")
    frames = held_frames(root, its)
    stated = frames if header.samples is None else header.samples
    if stated < 1 or stated > frames:
        raise UnfitError(f"truncated signal: {max(frames, 0)} of {max(stated, 1)} samples")
    return frames


def held_frames(root: Path, its: Sequence[Signal]) -> int:
    """Return how many frames the file of some signals has room for; `its` are all of the file.

    Raises
    ------
    UnfitError
        It is compressed, and does not say how many it holds.
    """
    path, each = root / its[0].file, BYTES[its[0].format]
    if each is None:
        return (_compressed_samples(path) - its[0].start) // its[0].per_frame
    taken = each * sum(line.per_frame for line in its)
    return int((path.stat().st_size - its[0].start) // taken)


def _compressed_samples(path: Path) -> int:
    """Return the samples of each channel that a FLAC file says it holds."""
    with path.open("rb") as file:
        head = file.read(26)
    if len(head) < 26 or head[:4] != b"fLaC":
        raise UnfitError(f"unreadable signal: {path.name} is no FLAC file")
    samples = int.from_bytes(head[18:26], "big") & ((1 << 36) - 1)
    if not samples:
        raise UnfitError(f"unreadable signal: {path.name} leaves its length open")
    return samples
