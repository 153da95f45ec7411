"""Twelve-lead recordings with codes of SNOMED CT in their headers: read whole, and written.

Legend: C channels, T samples.

Source: the headers of PhysioNet's ecg-arrhythmia 1.0.0 and challenge-2021 1.0.3 (``Dx``, ``Rx``,
``Hx``, ``Sx``: findings, medication, history, symptoms).
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cardiograft.datasets import _simulated, _wfdb
from cardiograft.datasets._shaoxing import LEADS
from cardiograft.physionet.headers import UnfitError
from cardiograft.records import Float64, Record

UNSTATED = ("Rx", "Hx", "Sx")


def whole(dataset: str, root: Path, record: str, *, subject: str, mains_hz: int) -> Record:
    """Read one recording, none of whose samples is missing.

    Raises
    ------
    FileNotFoundError
        The header, or a file that it names, is not below `root`.
    UnfitError
        A file can't be read, or samples are missing.
    """
    recording = _wfdb.read_record(dataset, root, record, subject=subject, mains_hz=mains_hz)
    check_whole(recording)
    return recording


def check_whole(record: Record) -> None:
    """Refuse a recording with missing samples.

    Raises
    ------
    UnfitError
        Names the leads, and how many samples each lacks.
    """
    missing_C = (~np.isfinite(record.signal_CT)).sum(axis=1)
    if missing_C.any():
        comments = [f"{n} of {lead}" for lead, n in zip(record.leads, missing_C, strict=True) if n]
        raise UnfitError(f"missing samples: {', '.join(comments)}")


def write(
    root: Path,
    record: str,
    signal_CT: Float64,
    about: Mapping[str, str],
    *,
    seed: int,
    form: str,
    scale: str,
    rate_hz: int = 500,
    mark: str = "#",
) -> None:
    """Write ``<record>.mat`` and ``<record>.hea``.

    Parameters
    ----------
    signal_CT
        Millivolts, shape (12, T), in the order of LEADS.
    about
        Lines of the header that say whose it is and what was found.
    form, scale
        As the header's lines have them: ``16+24``, ``1000/mV``; the gain is 1000 in any case.
    mark
        What begins such a line.
    """
    stored_CT = _simulated.digital(signal_CT, gain=1000, zero=0, bits=16)
    folder, name = (root / record).parent, record.rpartition("/")[2]
    _simulated.write_bytes(folder / f"{name}.mat", _simulated.matlab(stored_CT))
    lines = [
        _simulated.signal_line(f"{name}.mat", one_T, form=form, scale=f"{scale} 16 0", name=lead)
        for one_T, lead in zip(stored_CT, LEADS, strict=True)
    ]
    comments = {**about, **dict.fromkeys(UNSTATED, "Unknown")}
    lines += [f"{mark}{key}: {value}" for key, value in comments.items()]
    first = f"{name} {len(LEADS)} {rate_hz} {stored_CT.shape[1]}"
    comment = f"Simulated with seed {seed}: no person's recording."
    _simulated.write_header(folder / f"{name}.hea", first, lines, [comment])
