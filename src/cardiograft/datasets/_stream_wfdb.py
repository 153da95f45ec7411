"""WFDB recordings stretch by stretch: the same samples as `_wfdb` reads at once."""

from collections.abc import Sequence
from pathlib import Path

from cardiograft.datasets._annotations import annotations, read_marks
from cardiograft.datasets._frames import Span, usable_frames
from cardiograft.datasets._samples import Leads, checked_header, read_leads
from cardiograft.datasets._stream import Group, Stream
from cardiograft.datasets._strung import read_strung
from cardiograft.physionet.headers import Header, UnfitError
from cardiograft.records import Annotations, Float32


def open_wfdb(root: Path, record: str, *, annotator: str | None = None) -> Stream:
    """Open a recording by its header.

    Parameters
    ----------
    annotator
        Extension of the annotations to read (``atr``).

    Raises
    ------
    FileNotFoundError
        The header, a file that it names, or the annotations are not there.
    UnfitError
        A file can't be read, or its header reads differently by wfdb.
    """
    header = checked_header(root, record)
    frames = header.samples if header.parts else usable_frames(root, header)[0]
    if not frames:
        raise UnfitError("its header states no samples")
    first, notes = _leads(root, header, Span(0, 1))
    order = sorted(range(len(first)), key=lambda g: -len(first[g].names))
    groups = tuple(Group(first[g].names, first[g].units, first[g].per_frame) for g in order)

    def read(begin: int, count: int) -> Sequence[Float32]:
        by_group, _ = _leads(root, header, Span(begin, count))
        return [by_group[g].signal_CT for g in order]

    marks: tuple[Annotations, ...] = ()
    if annotator is not None:
        marks, remarks = _marks(root, record, annotator, header, groups, frames)
        notes = [*notes, *remarks]
    return Stream(
        frame_hz=header.rate_hz,
        frames=frames,
        groups=groups,
        read=read,
        marks=marks,
        notes=tuple(notes),
    )


def _leads(root: Path, header: Header, span: Span) -> tuple[list[Leads], list[str]]:
    reader = read_strung if header.parts else read_leads
    return reader(root, header, span=span)


def _marks(
    root: Path, record: str, annotator: str, header: Header, groups: Sequence[Group], frames: int
) -> tuple[tuple[Annotations, ...], list[str]]:
    path = root / f"{record}.{annotator}"
    if not path.is_file():
        raise FileNotFoundError(f"no annotations {path.name} beside its header")
    marks, by_group, notes = read_marks(path), [], []
    for group in groups:
        placed, remarks = annotations(
            marks,
            path.name,
            frames_hz=header.rate_hz,
            rate_hz=header.rate_hz * group.per_frame,
            samples=frames * group.per_frame,
        )
        by_group.append(placed)
        notes += remarks
    return tuple(by_group), list(dict.fromkeys(notes))
