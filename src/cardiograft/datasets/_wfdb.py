"""WFDB recordings as the format's definition has them, decoded through wfdb.

`physionet.headers` reads headers, `_agreement` holds them against wfdb's reading, `_samples`
decodes, `_strung` joins segments, `_annotations` reads marks; here it all becomes a `Record`.

Legend: C channels (leads), T samples, A annotations.

Source: https://physionet.org/physiotools/wag/ (header(5), signal(5), annot(5)).
"""

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiograft.datasets._annotations import Marks, annotations, read_marks
from cardiograft.datasets._samples import Leads, checked_header, read_leads
from cardiograft.datasets._strung import read_strung
from cardiograft.physionet.headers import Header, UnfitError
from cardiograft.records import Annotations, Record
from cardiograft.signals import leads as lead_names

# ASSUME a quarter of a second in which no lead changes is no heart: a constant run at a
# file's head is cut from there on only, so that a coincidence of a few samples stays.
SHORTEST_CONSTANT_S = Fraction(1, 4)


def read_record(
    dataset: str,
    root: Path,
    record: str,
    *,
    subject: str,
    mains_hz: int,
    annotator: str | None = None,
    trim_constant_head: bool = False,
    baseline: int | None = None,
    wanted: Sequence[str] = (),
) -> Record:
    """Read one recording with its headers, its signal files and, where named, its annotations.

    Parameters
    ----------
    dataset : str
        For the record and for error messages.
    root : Path
        The folder that holds RECORDS; `record` is a line of it.
    annotator : str, optional
        Extension of the annotations to read (``atr``).
    trim_constant_head : bool
        Cut a run at the start in which no lead changes; `Record.offset` says how much.
    baseline : int, optional
        The sample value that is 0 mV, where a header is known to misstate it.
    wanted : sequence of str
        Leads in order of preference. Of leads at several rates, those at the rate of the first
        one wanted, else at that of most leads, come first; the others are in ``beside``.

    Returns
    -------
    Record
        ``signal_CT`` float32, shape (C, T), in the header's units, NaN where a sample is missing
        or no segment has it; leads by canonical name, each once; `notes` on what was left out.

    Raises
    ------
    FileNotFoundError
        The header, or a file that it names, is not below `root`.
    UnfitError
        A file can't be read, or its header reads differently by wfdb; a `ValueError`.
    """
    with _naming(f"{dataset}/{record}"):
        header = checked_header(root, record)
        read = read_strung if header.parts else read_leads
        groups, notes = read(root, header, baseline=baseline)
        marks = _marks(root, record, annotator)
        head = _constant_frames(groups, header.rate_hz) if trim_constant_head else 0
        name = f"{record}.{annotator}"
        ordered = _in_order(groups, wanted)
        placed = [_placed(marks, name, header, leads, head * leads.per_frame) for leads in ordered]
        common = {"dataset": dataset, "id": record, "subject": subject, "mains_hz": mains_hz}
        records = [
            _record(common, header, leads, head, marks=its, notes=(*notes, *remarks))
            for leads, (its, remarks) in zip(ordered, placed, strict=True)
        ]
    return dataclasses.replace(records[0], beside=tuple(records[1:]))


def _record(
    common: dict[str, Any],
    header: Header,
    leads: Leads,
    head: int,
    *,
    marks: Annotations,
    notes: tuple[str, ...],
) -> Record:
    return Record(
        **common,
        signal_CT=leads.signal_CT[:, head * leads.per_frame :],
        rate_hz=header.rate_hz * leads.per_frame,
        leads=leads.names,
        units=leads.units,
        annotations=marks,
        comments=header.comments,
        offset=head * leads.per_frame,
        notes=notes,
    )


def constant_head(signal_CT: npt.NDArray[np.generic], rate_hz: Fraction) -> int:
    """Return how many samples at the start form a run in which no lead changes.

    A run shorter than a quarter of a second counts as 0, and so does a recording that is
    constant throughout: there is nothing behind it to keep.
    """
    first_C1 = signal_CT[:, :1]
    same_CT = (signal_CT == first_C1) | (np.isnan(signal_CT) & np.isnan(first_C1))
    changed_T = ~np.all(same_CT, axis=0)
    run = int(np.argmax(changed_T)) if changed_T.any() else 0
    return run if run >= SHORTEST_CONSTANT_S * rate_hz else 0


@contextlib.contextmanager
def _naming(where: str) -> Iterator[None]:
    """Begin the message of what can't be read with the record's name."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{where}: {error}") from error
    except ValueError as error:
        raise UnfitError(f"{where}: {error}") from error


def _marks(root: Path, record: str, annotator: str | None) -> Marks | None:
    if annotator is None:
        return None
    path = root / f"{record}.{annotator}"
    if not path.is_file():
        raise FileNotFoundError(f"no annotations {path.name} beside its header")
    return read_marks(path)


def _placed(
    marks: Marks | None, name: str, header: Header, leads: Leads, offset: int
) -> tuple[Annotations, list[str]]:
    """Return annotations at the rate of some leads, counted from where their head is cut."""
    if marks is None:
        return Annotations.none(), []
    placed, notes = annotations(
        marks,
        name,
        frames_hz=header.rate_hz,
        rate_hz=header.rate_hz * leads.per_frame,
        samples=leads.signal_CT.shape[1],
    )
    kept = placed.taken(placed.sample_A >= offset)
    return dataclasses.replace(kept, sample_A=kept.sample_A - offset), notes


def _constant_frames(groups: Sequence[Leads], rate_hz: Fraction) -> int:
    return min(
        constant_head(leads.signal_CT, rate_hz * leads.per_frame) // leads.per_frame
        for leads in groups
    )


def _in_order(groups: Sequence[Leads], wanted: Sequence[str]) -> list[Leads]:
    """Return leads of the rate that is asked for first, then those of the others."""

    def place(leads: Leads) -> tuple[int, int]:
        ranks = [
            i for i, name in enumerate(wanted) if lead_names.index(leads.names, [name]) is not None
        ]
        return (min(ranks, default=len(wanted)), -len(leads.names))

    return sorted(groups, key=place)
