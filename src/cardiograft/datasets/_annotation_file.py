"""Write annotations that other tools open: a WFDB annotation file with its own clock."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
import wfdb

from cardiograft.files import atomic_file
from cardiograft.scratch import scratch_folder


class Mark(NamedTuple):
    """One annotation: sample at the recording's rate, code (annot(5)), note."""

    sample: int
    symbol: str
    note: str = ""


def write_annotations(path: Path, marks: Sequence[Mark], rate_hz: Fraction) -> None:
    """Write annotations to a path, whose extension is the annotator's name, atomically.

    Source: https://physionet.org/physiotools/wag/annot-5.htm.
    """
    with scratch_folder() as folder:
        # wfdb takes few names of records: the file gets its own after it is written
        wfdb.wrann(
            "r",
            "pred",
            np.array([mark.sample for mark in marks], dtype=np.int64),
            symbol=[mark.symbol for mark in marks],
            aux_note=[f"{mark.note}\0" if mark.note else "" for mark in marks],
            fs=float(rate_hz),
            write_dir=str(folder),
        )
        content = (folder / "r.pred").read_bytes()
    with atomic_file(path) as partial:
        partial.write_bytes(content)
