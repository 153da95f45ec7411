"""EDF, EDF+ and BDF recordings stretch by stretch: the samples that `edf_folder` reads at once.

A frame is a data record, as a rule a second.

Source: https://www.edfplus.info/specs/edf.html.
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from cardiograft.datasets import _own
from cardiograft.datasets._stream import Group, Stream
from cardiograft.physionet.headers import UnfitError
from cardiograft.records import Float32
from cardiograft.signals.leads import CANONICAL, canonical

KINDS = ("ECG ", "EKG ")


def open_edf(path: Path) -> Stream:
    """Open a file.

    Raises
    ------
    ValueError
        pyedflib is not installed.
    UnfitError
        The file can't be read, or holds no signal.
    """
    with _opened(path) as reader:
        frame_hz = 1 / Fraction(str(reader.datarecord_duration))
        frames = int(reader.datarecords_in_file)
        rows: dict[int, list[int]] = {}
        names: list[str] = []
        for number in range(reader.signals_in_file):
            names.append(_own.unique(lead(reader.getLabel(number)) or f"signal {number}", names))
            rows.setdefault(int(reader.samples_in_datarecord(number)), []).append(number)
        units = [reader.getPhysicalDimension(n).strip() for n in range(reader.signals_in_file)]
    if not rows or not frames:
        raise UnfitError(f"{path.name} holds no signal")
    order = sorted(rows, key=lambda per_frame: -len(rows[per_frame]))
    groups = [
        Group(tuple(names[n] for n in rows[per]), tuple(units[n] for n in rows[per]), per)
        for per in order
    ]

    def read(first: int, count: int) -> Sequence[Float32]:
        with _opened(path) as reader:
            try:
                return [_stacked(reader, rows[per], first * per, count * per) for per in order]
            except (OSError, ValueError) as error:
                raise unreadable(error, path) from error

    return Stream(frame_hz=frame_hz, frames=frames, groups=tuple(groups), read=read)


def _stacked(reader: Any, numbers: Sequence[int], first: int, samples: int) -> Float32:
    return np.stack([reader.readSignal(n, first, samples).astype(np.float32) for n in numbers])


def library() -> Any:
    """Return pyedflib.

    Raises
    ------
    ValueError
        It is not installed.
    """
    try:
        import pyedflib
    except ImportError as error:
        raise ValueError(
            "edf_folder reads EDF files with pyedflib, which is not installed:"
            " pip install 'cardiograft[edf]'"
        ) from error
    return pyedflib


def lead(label: str) -> str:
    """Return the lead that a signal's label names: ``ECG V1`` is V1, ``ECG`` is itself."""
    text = " ".join(label.split())
    if text.upper().startswith(KINDS) and canonical(text[4:]) in CANONICAL:
        return canonical(text[4:])
    return canonical(text)


def unreadable(error: Exception, path: Path) -> UnfitError:
    """Return pyedflib's error as one line about a file."""
    message = " ".join(str(error).replace(str(path), path.name).split())
    reason = message.removeprefix(f"{path.name}: ") or type(error).__name__
    return UnfitError(f"unreadable {path.name}: {reason}")


def _opened(path: Path) -> Any:
    edf = library()
    try:
        return edf.EdfReader(str(path))
    except (OSError, ValueError, MemoryError) as error:
        raise unreadable(error, path) from error
