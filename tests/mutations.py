"""WFDB records of many forms, and damage done to their headers and annotations at random."""

import random
from pathlib import Path

import numpy as np
import wfdb

from cardiograft.datasets import _wfdb
from cardiograft.records import Record

# What a damaged or hostile field may hold.
WORDS = (
    *("0", "-1", "1e12", "1000000000000", "1e-300", "1e999999999", "nan", "inf", "2.57e2", "~"),
    *("99999999999999999999", "16x100000000", "16+9223372036854775807", "212", "516", "8", "0x0"),
    *(
        "r/2",
        "r/100000",
        "../r",
        "/etc/passwd",
        "a.b.c",
        "sub/r.dat",
        "r",
        "#",
        "",
        "\u00b5V",
        "\ud7ff",
    ),
    *("200(1e400)/mV", "1.0E+3/", "(5)", "0/0", "1/2/3", ":::", "12:00:00", "\x00", "16:99999999"),
)
FORMATS = ("16", "212", "24", "516")


def write_records(folder: Path) -> tuple[str, ...]:
    """Write one small record of each form with annotations, and return their names."""
    rng = np.random.default_rng(0)
    for form in FORMATS:
        wfdb.wrsamp(
            f"f{form}", fs=250, units=["mV", "uV"], sig_name=["II", "V1"], fmt=[form] * 2,
            d_signal=rng.integers(-500, 500, (300, 2)), adc_gain=[200, 0.2], baseline=[0, 10],
            write_dir=str(folder), comments=["a comment"],
        )  # fmt: skip
    (folder / "frames.dat").write_bytes(rng.bytes(2 * 300 * 5))
    frames = "frames 3 83.3/1(0) 300\nframes.dat 16x3 200/mV 12 0 0 0 0 II\n"
    frames += "frames.dat 16:1 1e3(5)/NU 12 0 0 0 0 RESP\nframes.dat 16 200 12 0 0 0 0 V1\n"
    (folder / "frames.hea").write_text(frames)
    (folder / "m.mat").write_bytes(bytes(24) + rng.bytes(600))
    (folder / "m.hea").write_text(
        "m 1 300 300 05:05:15 1/05/2000 \nm.mat 16+24 1000/mV 16 0 1 2 0 ECG \n"
    )
    (folder / "strung.hea").write_text("strung/3 2 250 650\nf16 300\n~ 50\nf212 300\n")
    layout = "lay 3 250 0\n~ 0 200/mV 12 0 0 0 0 II\n~ 0 200/mV 12 0 0 0 0 V1\n~ 0 1/NU\n"
    (folder / "lay.hea").write_text(layout)
    (folder / "varied.hea").write_text("varied/4 3 250 650\nlay 0\nf24 300\n~ 50\nf516 300\n")
    names = (*(f"f{form}" for form in FORMATS), "frames", "m", "strung", "varied")
    head = ("## time resolution: 250", "## annotation type definitions", "1 v pvc", "3 r rbbb")
    notes = (*head, "42 AX apnoea", "## end of definitions")
    for name in names:
        wfdb.wrann(
            name, "atr", np.array([*([0] * len(notes)), 20, 22, 100, 150, 70_000]),
            symbol=[*(['"'] * len(notes)), "N", "N", "R", "+", "V"],
            aux_note=[*notes, "", "", "", "(AFIB\0", ""], chan=np.array([*([0] * 7), 1, 0, 0, 1]),
            write_dir=str(folder),
        )  # fmt: skip
    return names


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Return a file's bytes after one to four changes."""
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(content) + 1)
        how = rng.randrange(7)
        if how == 0:
            content = content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :]
        elif how == 1:
            content = content[:at] + content[at + rng.randint(1, 8) :]
        elif how == 2:
            content = content[:at] + rng.randbytes(rng.randint(1, 8)) + content[at:]
        elif how == 3:
            content = content[:at]
        elif how == 4:
            lines = content.split(b"\n")
            lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
            content = b"\n".join(lines)
        else:
            words = content.split(b" ")
            words[rng.randrange(len(words))] = rng.choice(WORDS).encode()
            content = b" ".join(words)
    return content


def outcome(folder: Path, name: str) -> str:
    """Return how reading ends, by the kind of reason; raise what no reader may raise."""
    try:
        record_read = _wfdb.read_record(
            "x", folder, name, subject="s", mains_hz=50, annotator="atr"
        )
    except (ValueError, FileNotFoundError) as error:
        message = str(error)
        assert "\n" not in message, message
        assert message.startswith(f"x/{name}: "), message
        kind = message.removeprefix(f"x/{name}: ").partition(":")[0]
        return " ".join(kind.split()[:2]) if isinstance(error, FileNotFoundError) else kind
    assert isinstance(record_read, Record)
    for record in (record_read, *record_read.beside):
        assert record.signal_CT.dtype == np.float32
        assert record.signal_CT.shape[0] == len(record.leads) == len(record.units) > 0
        assert len(set(record.leads)) == len(record.leads)
        marks = record.annotations.sample_A
        assert ((marks >= 0) & (marks < record.signal_CT.shape[1])).all()
        assert (np.diff(marks) >= 0).all()
        assert all("\n" not in note for note in record.notes)
    return "read"
