"""Marks keep their context: clock, frames, channels, codes that a file defines, and its end."""

from pathlib import Path

import numpy as np
import pytest
import wfdb

from cardiograft.datasets import _wfdb
from cardiograft.datasets._annotations import read_marks
from cardiograft.datasets._codes import SYMBOLS, meaning
from cardiograft.physionet.headers import UnfitError
from cardiograft.records import Record

SAMPLES = 1000


def read(folder: Path, *, rate: str = "250", per_frame: int = 1, leads: int = 1) -> Record:
    frames = SAMPLES // per_frame
    lines = [f"r.dat 16x{per_frame} 200/mV 16 0 0 0 0 lead {i}\n" for i in range(leads)]
    (folder / "r.hea").write_text(f"r {leads} {rate} {frames}\n{''.join(lines)}")
    (folder / "r.dat").write_bytes(bytes(2 * SAMPLES * leads))
    return _wfdb.read_record("x", folder, "r", subject="s", mains_hz=50, annotator="atr")


def write(folder: Path, at: list[int], symbol: list[str], **more: object) -> None:
    wfdb.wrann("r", "atr", np.array(at), symbol=symbol, write_dir=str(folder), **more)


def packed(*marks: tuple[int, int, bytes], end: bytes = b"\0\0") -> bytes:
    """Return an annotation file's bytes: steps, codes and notes."""
    content = b""
    for step, code, note in marks:
        content += (step | code << 10).to_bytes(2, "little")
        if note:
            content += (len(note) | 63 << 10).to_bytes(2, "little") + note + b"\0" * (len(note) % 2)
    return content + end


def test_marks_count_frames(tmp_path: Path) -> None:
    write(tmp_path, [1, 90, 249], ["N", "V", "N"])
    record = read(tmp_path, rate="90", per_frame=4)
    assert record.rate_hz == 360
    assert record.annotations.sample_A.tolist() == [4, 360, 996]


@pytest.mark.parametrize(
    ("own", "at", "expected"),
    [(360, [360, 720], [360, 720]), (90, [90, 180], [360, 720]), (1000, [1000, 1051], [360, 378])],
)
def test_marks_count_by_the_clock_that_their_file_states(
    tmp_path: Path, own: int, at: list[int], expected: list[int]
) -> None:
    write(tmp_path, at, ["N", "V"], fs=own)
    marks = read(tmp_path, rate="90", per_frame=4).annotations
    assert marks.sample_A.tolist() == expected
    assert marks.symbol_A.tolist() == ["N", "V"]


def test_a_clock_with_an_exponent(tmp_path: Path) -> None:
    (tmp_path / "r.atr").write_bytes(
        packed((0, 22, b"## time resolution: 1.25e2"), (100, 1, b""), (50, 5, b""))
    )
    assert read(tmp_path).annotations.sample_A.tolist() == [200, 300]


@pytest.mark.parametrize("note", [b"##time resolution:500", b"##  time resolution :  500 Hz"])
def test_a_clock_that_is_stated_by_hand(tmp_path: Path, note: bytes) -> None:
    (tmp_path / "r.atr").write_bytes(packed((0, 22, note), (100, 1, b""), (50, 5, b"")))
    marks = read(tmp_path).annotations
    assert (marks.sample_A.tolist(), marks.symbol_A.tolist()) == ([50, 75], ["N", "V"])


@pytest.mark.parametrize(
    "text",
    [
        "<html><head><title>404 Not Found</title></head></html>\n",
        "    0:00.100       25     N    0    0    0\r\n" * 9,
        "sample,symbol\n25,N\n75,\u00e9\n",
    ],
)
def test_text_is_no_file_of_marks(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.atr").write_text(text, encoding="utf-8")
    with pytest.raises(
        UnfitError, match=r"x/r: unreadable annotations: r\.atr is text, only MIT's"
    ):
        read(tmp_path)


@pytest.mark.parametrize("clock", [b"1e-300", b"0", b"1e999999999"])
def test_an_absurd_clock_is_refused(tmp_path: Path, clock: bytes) -> None:
    (tmp_path / "r.atr").write_bytes(packed((0, 22, b"## time resolution: " + clock)))
    with pytest.raises(UnfitError, match=r"x/r: unreadable annotations: r\.atr counts at"):
        read(tmp_path)


def defined(*lines: bytes, marks: list[int]) -> bytes:
    head = (b"## annotation type definitions", *lines, b"## end of definitions")
    notes = [(0, 22, line) for line in head]
    return packed(*notes, *((20, code, b"") for code in marks))


def test_codes_that_a_file_defines(tmp_path: Path) -> None:
    lines = (
        b"1 v pvc",
        b"2 l LBBB beat",
        b"3 r right bundle branch block",
        b"4 z premature atrial",
    )
    (tmp_path / "r.atr").write_bytes(defined(*lines, b"41 k Kopplung", marks=[1, 2, 3, 4, 5, 1]))
    record = read(tmp_path)
    assert record.annotations.symbol_A.tolist() == ["V", "L", "R", "A", "V", "V"]
    assert record.annotations.sample_A.tolist() == [20, 40, 60, 80, 100, 120]
    codes = "1 v pvc as V (2), 4 z premature atrial as A (1)"
    assert record.notes == (f"codes that r.atr defines: {codes}",)


def test_codes_as_wfdb_writes_definitions(tmp_path: Path) -> None:
    import pandas as pd

    labels = pd.DataFrame(
        [(1, "v", "Premature ventricular contraction"), (3, "r", "RBBB")],
        columns=["label_store", "symbol", "description"],
    )
    wfdb.wrann(
        "r", "atr", np.array([10, 20, 30]), label_store=np.array([1, 3, 8]),
        custom_labels=labels, fs=125, write_dir=str(tmp_path),
    )  # fmt: skip
    record = read(tmp_path)
    assert record.annotations.symbol_A.tolist() == ["V", "R", "A"]
    assert record.annotations.sample_A.tolist() == [20, 40, 60]


@pytest.mark.parametrize("line", [b"3 r ripple", b"3 r", b"45 V vibration", b"1 Z zigzag"])
def test_a_code_with_a_meaning_that_is_not_known_is_refused(tmp_path: Path, line: bytes) -> None:
    code = int(line.split()[0])
    (tmp_path / "r.atr").write_bytes(defined(line, marks=[1 if code != 1 else 5]))
    assert not read(tmp_path).notes  # not used: no matter
    (tmp_path / "r.atr").write_bytes(defined(line, marks=[code]))
    with pytest.raises(UnfitError, match=f"of unknown meaning: r.atr defines '{line.decode()}'"):
        read(tmp_path)


def test_a_further_code_is_kept_under_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "r.atr").write_bytes(defined(b"42 AX apnoea ends", marks=[42, 43]))
    record = read(tmp_path)
    assert record.annotations.symbol_A.tolist() == ["AX", "[43]"]
    assert record.notes == (
        "codes without a standard meaning: 42 AX apnoea ends (1), 43 (1) in r.atr",
    )


def test_every_standard_description_is_its_own_code() -> None:
    from wfdb.io.annotation import ann_labels

    for label in ann_labels[1:]:
        assert SYMBOLS[label.label_store] == label.symbol
        for words in (label.short_description, label.description):
            assert meaning(99, "", words) == label.symbol, words


def test_a_beat_marked_once_a_channel_is_one_beat(tmp_path: Path) -> None:
    at = np.repeat([100, 300, 500, 700], 2) + np.tile([0, 9], 4)
    write(
        tmp_path, [30, *at.tolist(), 850, 900], ["A", *(["V", "N"] * 4), "V", "+"],
        chan=np.array([0, *([0, 1] * 4), 1, 1]),
    )  # fmt: skip
    record = read(tmp_path, leads=2)
    marks = record.annotations
    assert marks.sample_A.tolist() == [30, 100, 300, 500, 700, 850, 900]
    assert marks.symbol_A.tolist() == ["A", "V", "V", "V", "V", "V", "+"]
    assert marks.channel_A.tolist() == [0, 0, 0, 0, 0, 1, 1]
    assert record.notes == ("beats marked more than once: 4 further marks of r.atr left out",)


@pytest.mark.parametrize("more", [{}, {"chan": np.ones(6, dtype=int)}], ids=str)
def test_a_beat_marked_twice_in_one_channel_is_one(
    more: dict[str, np.ndarray], tmp_path: Path
) -> None:
    write(tmp_path, [100, 103, 300, 305, 500, 506], ["N", "N", "V", "V", "N", "V"], **more)
    record = read(tmp_path)
    # at 250 Hz 5 samples are 20 ms, and 6 are 24
    assert record.annotations.sample_A.tolist() == [100, 300, 500, 506]
    assert record.annotations.symbol_A.tolist() == ["N", "V", "N", "V"]
    assert record.notes == ("beats marked more than once: 2 further marks of r.atr left out",)


def test_a_beat_marked_by_two_annotators_is_one(tmp_path: Path) -> None:
    at = [100, 137, 300, 337, 500, 538]
    write(tmp_path, at, ["N"] * 6, num=np.array([0, 1, 0, 1, 0, 1]))
    record = read(tmp_path)
    # at 250 Hz 37 samples are 148 ms, and 38 are 152
    assert record.annotations.sample_A.tolist() == [100, 300, 500, 538]
    assert record.notes == ("beats marked more than once: 2 further marks of r.atr left out",)


def test_what_is_no_beat_is_never_merged(tmp_path: Path) -> None:
    write(tmp_path, [100, 100, 101, 102], ["N", "+", "~", "|"])
    record = read(tmp_path)
    assert record.annotations.sample_A.tolist() == [100, 100, 101, 102]
    assert record.notes == ()


def test_a_code_that_nobody_defines_is_said(tmp_path: Path) -> None:
    (tmp_path / "r.atr").write_bytes(defined(b"42 AX apnoea ends", marks=[45, 45]))
    record = read(tmp_path)
    assert record.annotations.symbol_A.tolist() == ["[45]", "[45]"]
    assert record.notes == ("codes without a standard meaning: 45 (2) in r.atr",)


def test_subtype_and_number_are_kept(tmp_path: Path) -> None:
    write(
        tmp_path, [10, 20, 30], ["~", "N", "N"], subtype=np.array([-1, 0, 3]),
        num=np.array([0, 2, 2]), aux_note=["", "x\0", ""],
    )  # fmt: skip
    marks = read(tmp_path).annotations
    assert marks.subtype_A.tolist() == [-1, 0, 3]
    assert marks.number_A.tolist() == [0, 2, 2]
    assert marks.aux_A[1] == "x"


def test_marks_beyond_the_signal_are_counted(tmp_path: Path) -> None:
    write(tmp_path, [10, 999, 1000, 5000], ["N", "V", "N", "N"])
    record = read(tmp_path)
    assert record.annotations.sample_A.tolist() == [10, 999]
    assert record.notes == ("marks beyond the signal: 2 of r.atr left out",)


def test_an_empty_file_of_marks_is_said(tmp_path: Path) -> None:
    (tmp_path / "r.atr").write_bytes(b"")
    record = read(tmp_path)
    assert len(record.annotations.sample_A) == 0
    assert record.notes == ("annotations not whole: r.atr is empty",)


def test_marks_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    write(tmp_path, [10, 20, 5000, 5010], ["N", "V", "N", "N"], aux_note=["", "note\0", "", ""])
    whole = (tmp_path / "r.atr").read_bytes()
    assert read(tmp_path).annotations.sample_A.tolist() == [10, 20]
    for length in range(1, len(whole) - 1):
        (tmp_path / "r.atr").write_bytes(whole[:length])
        record = read(tmp_path)
        assert record.annotations.sample_A.tolist() == [10, 20][: len(record.annotations.sample_A)]
        assert any("r.atr is cut off after" in note for note in record.notes), length


def test_marks_out_of_order_are_put_in_order(tmp_path: Path) -> None:
    back = (59 << 10).to_bytes(2, "little") + b"\xff\xff" + (2**16 - 50).to_bytes(2, "little")
    content = packed((100, 1, b""), end=b"") + back + packed((0, 5, b""), (10, 8, b""))
    (tmp_path / "r.atr").write_bytes(content)
    marks = read(tmp_path).annotations
    assert marks.sample_A.tolist() == [50, 60, 100]
    assert marks.symbol_A.tolist() == ["V", "A", "N"]


def test_a_file_far_longer_than_annotations_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "r.atr").open("wb") as file:
        file.truncate(1 << 27)
    with pytest.raises(UnfitError, match=r"r\.atr has over 64 MiB"):
        read(tmp_path)


@pytest.mark.recordings
@pytest.mark.parametrize("slug", ["mitdb", "nstdb", "ecgiddb"])
def test_real_marks_read_as_wfdb_reads_them(physionet: Path, slug: str) -> None:
    for path in sorted((physionet / slug).rglob("*.atr")):
        ours, theirs = read_marks(path), wfdb.rdann(str(path)[:-4], "atr")
        assert ours.fault is None
        assert [SYMBOLS[code] for code in ours.code_A.tolist()] == theirs.symbol, path
        assert list(ours.aux) == [note.rstrip("\0") for note in theirs.aux_note]
        for one, other in (
            (ours.tick_A, theirs.sample),
            (ours.subtype_A, theirs.subtype),
            (ours.channel_A, theirs.chan),
            (ours.number_A, theirs.num),
        ):
            np.testing.assert_array_equal(one, other)


def test_a_file_in_the_other_format_is_refused_by_name(tmp_path: Path) -> None:
    # as WFDB's own library writes it: 0, a letter, time (high half first), number, subtype, code
    rows = [
        bytes([0, ord(letter), 0, 0]) + time.to_bytes(2, "little") + number.to_bytes(2, "little")
        for number, (letter, time) in enumerate([("N", 77), ("V", 370), ("N", 662)], start=1)
    ]
    (tmp_path / "r.atr").write_bytes(b"".join(row + bytes(8) for row in rows))
    with pytest.raises(UnfitError, match=r"x/r: unreadable annotations: r\.atr is in AHA's format"):
        read(tmp_path)


def test_a_first_mark_512_ticks_in_is_still_of_the_usual_format(tmp_path: Path) -> None:
    write(tmp_path, [512, 600], ["T", "N"])  # bytes 0 and "N", as the other format begins
    assert (tmp_path / "r.atr").read_bytes()[:2] == b"\0N"
    assert read(tmp_path).annotations.sample_A.tolist() == [512, 600]
