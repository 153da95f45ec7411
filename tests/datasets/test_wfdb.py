"""Headers of every form, segments, frames and rates: the samples that were written come back."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import wfdb

from cardiograft.datasets import _agreement, _wfdb
from cardiograft.physionet.headers import UnfitError, read_header
from cardiograft.records import Record

STORED = np.array([[100, -200, 300, 50], [7, 8, -9, 10]], dtype="<i2")


def write(folder: Path, header: str | bytes, name: str = "r") -> None:
    content = header if isinstance(header, bytes) else header.encode()
    (folder / f"{name}.hea").write_bytes(content)


def write_samples(folder: Path, stored_CT: np.ndarray = STORED, file: str = "r.dat") -> None:
    place = folder / file
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(stored_CT.T.astype("<i2").tobytes())


def read(folder: Path, name: str = "r", **more: object) -> Record:
    return _wfdb.read_record("x", folder, name, subject="s", mains_hz=50, **more)


def two(line: str = "r.dat 16 200/mV 16 0 0 0 0", record: str = "r 2 250 4") -> str:
    return f"{record}\n{line} II\n{line} V1\n"


@pytest.mark.parametrize(
    ("stated", "rate_hz"),
    [("2.57e2", "257"), ("2.5E+02", "250"), ("249.89", "249.89"), (".5e3", "500"), ("128.", "128")],
)
def test_a_rate_in_any_form_of_a_number(tmp_path: Path, stated: str, rate_hz: str) -> None:
    write_samples(tmp_path)
    write(tmp_path, two(record=f"r 2 {stated}/100(3.5) 4"))
    assert read(tmp_path).rate_hz == Fraction(rate_hz)


@pytest.mark.parametrize("rest", ["12:00", "1:2:3.25 31/02/2000", "25:99:99 1/1/1", "? ?", "x y z"])
def test_times_and_dates_in_odd_forms_cost_nothing(tmp_path: Path, rest: str) -> None:
    write_samples(tmp_path)
    write(tmp_path, two(record=f"r 2 250 4 {rest}"))
    np.testing.assert_allclose(read(tmp_path).signal_CT, STORED / 200, rtol=1e-6)


@pytest.mark.parametrize(
    "unused",
    ["0 0 0 0", "16.0 0 x y 0", "nan 0 0 0 0", "12 0 99999999999999999999 1e9 -1", "? 0 - - 0", ""],
)
def test_fields_that_nobody_uses_may_hold_anything(tmp_path: Path, unused: str) -> None:
    write_samples(tmp_path)
    write(tmp_path, two(line=f"r.dat 16 200/mV {unused}"))
    record = read(tmp_path)
    assert record.leads == ("II", "V1")
    np.testing.assert_allclose(record.signal_CT, STORED / 200, rtol=1e-6)


@pytest.mark.parametrize("name", ["ECG lead one of two", "3D", "12", "V1 (left)"])
def test_a_name_of_several_words_or_a_number(tmp_path: Path, name: str) -> None:
    write_samples(tmp_path, STORED[:1])
    write(tmp_path, f"r 1 250 4\nr.dat 16 200/mV 16 0 0 0 0  {name} \n")
    assert read(tmp_path).leads == (name,)


@pytest.mark.parametrize(
    ("scale", "gain", "baseline", "units"),
    [
        ("1.0E+3", 1000, 0, "mV"),
        ("1e3(-20)/uV", 1000, -20, "uV"),
        ("1000.5(5)/mV 16 3", 1000.5, 5, "mV"),
        ("200 11 1024", 200, 1024, "mV"),
        ("200/m/s^2 11 1024", 200, 1024, "m/s^2"),
        ("-50/\u00b5V", -50, 0, "\u00b5V"),
        ("50/m/s\u00b2", 50, 0, "m/s\u00b2"),
        ("50/\u00b0/s", 50, 0, "\u00b0/s"),
        ("0 12 3", 200, 3, "mV"),
        ("", 200, 0, "mV"),
    ],
)
def test_gain_baseline_and_unit(
    tmp_path: Path, scale: str, gain: float, baseline: float, units: str
) -> None:
    write_samples(tmp_path)
    write(tmp_path, two(line=f"r.dat 16 {scale}".rstrip()).replace(" II", "").replace(" V1", ""))
    record = read(tmp_path)
    np.testing.assert_allclose(record.signal_CT, (STORED - baseline) / gain, rtol=1e-6)
    assert record.units == (units, units)
    assert any("gain not stated" in note for note in record.notes) == (scale[:2] in ("", "0 "))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig"])
def test_letters_beyond_ascii_are_kept(tmp_path: Path, encoding: str) -> None:
    write_samples(tmp_path)
    text = two(line="r.dat 16 2/\u00b5V 16 0 0 0 0").replace("V1", "Caf\u00e9 \u0085")
    write(tmp_path, (text + "# Ren\u00e9e\n").encode(encoding))
    record = read(tmp_path)
    assert record.units == ("\u00b5V", "\u00b5V")
    assert record.leads == ("II", "Caf\u00e9")
    assert record.comments == ("Ren\u00e9e",)


@pytest.mark.parametrize("file", ["sub/r.dat", "a/b/r.d", "r.v2.dat", "r"])
def test_files_in_folders_and_with_dots(tmp_path: Path, file: str) -> None:
    write_samples(tmp_path, file=f"p01/{file}")
    (tmp_path / "p01" / "r.x.hea").write_text(two(line=f"{file} 16 200/mV 16 0 0 0 0"))
    np.testing.assert_allclose(read(tmp_path, "p01/r.x").signal_CT, STORED / 200, rtol=1e-6)


def test_lines_beyond_those_announced_are_passed_over(tmp_path: Path) -> None:
    write_samples(tmp_path)
    write(tmp_path, two() + "r.dat 16 nonsense\nmore\n")
    record = read(tmp_path)
    assert record.leads == ("II", "V1")
    assert "surplus lines: the header has 2 more than it announces" in record.notes


def test_a_null_signal_costs_nothing(tmp_path: Path) -> None:
    write_samples(tmp_path, STORED[:1])
    write(tmp_path, "r 2 250 4\n~ 0 200/mV 16 0 0 0 0 V1\nr.dat 16 200/mV 16 0 0 0 0 II\n")
    record = read(tmp_path)
    assert (record.leads, record.notes) == (("II",), ("null signal: V1 has no samples",))
    np.testing.assert_allclose(record.signal_CT, STORED[:1] / 200, rtol=1e-6)


@pytest.mark.parametrize("gain", ["nan", "1e400", "mV", "x(3)/mV", "200(x)/mV", "1,5/mV"])
def test_an_illegible_gain_costs_that_lead_alone(tmp_path: Path, gain: str) -> None:
    write_samples(tmp_path)
    write(tmp_path, f"r 2 250 4\nr.dat 16 {gain} 16 0 0 0 0 V1\nr.dat 16 200/mV 16 0 0 0 0 II\n")
    record = read(tmp_path)
    assert record.leads == ("II",)
    np.testing.assert_allclose(record.signal_CT, STORED[1:] / 200, rtol=1e-6)
    assert any(note.startswith("lead left out: V1, its ") for note in record.notes)


def test_a_file_in_an_unknown_format_costs_its_leads_alone(tmp_path: Path) -> None:
    write_samples(tmp_path, STORED[:1])
    (tmp_path / "r.odd").write_bytes(b"")
    write(tmp_path, "r 2 250 4\nr.dat 16 200/mV 16 0 0 0 0 II\nr.odd 999 200/mV 16 0 0 0 0 V1\n")
    record = read(tmp_path)
    assert record.notes == ("lead left out: V1, format 999 is not known",)
    np.testing.assert_allclose(record.signal_CT, STORED[:1] / 200, rtol=1e-6)


def test_two_leads_of_one_name_are_both_there_and_it_is_said(tmp_path: Path) -> None:
    write_samples(tmp_path)
    write(tmp_path, two().replace("V1", "ii"))
    record = read(tmp_path)
    assert record.leads == ("II", "II (2)")
    assert record.notes == ("two leads of one name: II is signal 0, signal 1 is 'II (2)'",)


def test_a_null_namesake_takes_no_name(tmp_path: Path) -> None:
    write_samples(tmp_path, STORED[:1])
    write(tmp_path, "r 2 250 4\n~ 0 200 16 0 0 0 0 II\nr.dat 16 200/mV 16 0 0 0 0 II\n")
    assert read(tmp_path).leads == ("II",)


@pytest.mark.parametrize("wanted", [(), ("MLII", "II"), ("RESP", "II")])
def test_leads_at_several_rates(tmp_path: Path, wanted: Sequence[str]) -> None:
    frame_F7 = np.arange(28, dtype="<i2").reshape(4, 7)
    (tmp_path / "r.dat").write_bytes(frame_F7.tobytes())
    lines = [("II", 3), ("RESP", 1), ("V1", 3)]
    header = "r 3 83.5 4\n" + "".join(
        f"r.dat 16x{n} 10/mV 16 0 0 0 0 {name}\n" for name, n in lines
    )
    write(tmp_path, header)
    wfdb.wrann("r", "atr", np.array([1, 3]), symbol=["N", "V"], write_dir=str(tmp_path))
    record = read(tmp_path, annotator="atr", wanted=wanted)
    (other,) = record.beside
    fast, slow = (record, other) if record.leads != ("RESP",) else (other, record)
    assert (record is slow) == (wanted[:1] == ("RESP",))
    assert (fast.leads, fast.rate_hz) == (("II", "V1"), Fraction("250.5"))
    assert (slow.leads, slow.rate_hz) == (("RESP",), Fraction("83.5"))
    np.testing.assert_allclose(fast.signal_CT[0], frame_F7[:, :3].ravel() / 10, rtol=1e-6)
    np.testing.assert_allclose(fast.signal_CT[1], frame_F7[:, 4:].ravel() / 10, rtol=1e-6)
    np.testing.assert_allclose(slow.signal_CT[0], frame_F7[:, 3] / 10, rtol=1e-6)
    assert fast.annotations.sample_A.tolist() == [3, 9]
    assert slow.annotations.sample_A.tolist() == [1, 3]


def test_skew_is_undone_as_wfdb_does_it(tmp_path: Path) -> None:
    write_samples(tmp_path)
    write(tmp_path, "r 2 250 4\nr.dat 16:1 10/mV 16 0 0 0 0 II\nr.dat 16 10/mV 16 0 0 0 0 V1\n")
    expected = wfdb.rdrecord(str(tmp_path / "r")).p_signal.T.astype(np.float32)
    assert np.isnan(expected[0, -1])
    np.testing.assert_array_equal(read(tmp_path).signal_CT, expected)
    write(tmp_path, "r 2 250 4\nr.dat 16:9 10/mV 16 0 0 0 0 II\nr.dat 16 10/mV 16 0 0 0 0 V1\n")
    assert read(tmp_path).notes == ("lead left out: II, skewed by 9 samples",)


def test_differences_start_at_the_initial_value(tmp_path: Path) -> None:
    (tmp_path / "r.dat").write_bytes(np.array([0, 5, -3, 100], dtype=np.int8).tobytes())
    for fields, start in (("12 0 70 0 0", 70), ("12 9", 9)):
        write(tmp_path, f"r 1 250 4\nr.dat 8 1(0)/mV {fields}\n")
        assert read(tmp_path).signal_CT[0].tolist() == [start, start + 5, start + 2, start + 102]


def test_a_length_that_the_header_leaves_open(tmp_path: Path) -> None:
    write_samples(tmp_path)
    write(tmp_path, two(record="r 2 250"))
    np.testing.assert_allclose(read(tmp_path).signal_CT, STORED / 200, rtol=1e-6)


@pytest.mark.parametrize("form", ["16", "24"])
def test_a_compressed_file(tmp_path: Path, form: str) -> None:
    stored = np.random.default_rng(1).integers(-3000, 3000, (500, 2))
    wfdb.wrsamp(
        "r", fs=250, units=["mV"] * 2, sig_name=["II", "V1"], d_signal=stored,
        fmt=[f"5{form}"] * 2, adc_gain=[200] * 2, baseline=[0] * 2, write_dir=str(tmp_path),
    )  # fmt: skip
    np.testing.assert_allclose(read(tmp_path).signal_CT, stored.T / 200, rtol=1e-6)
    whole = (tmp_path / "r.dat").read_bytes()
    open_end = bytes([whole[21] & 0xF0]) + bytes(4)
    (tmp_path / "r.dat").write_bytes(whole[:21] + open_end + whole[26:])
    with pytest.raises(UnfitError, match=r"r\.dat leaves its length open"):
        read(tmp_path)
    (tmp_path / "r.dat").write_bytes(whole)
    text = (tmp_path / "r.hea").read_text().replace(" 500\n", " 500000\n", 1)
    write(tmp_path, text)
    with pytest.raises(UnfitError, match="truncated signal: 500 of 500000 samples"):
        read(tmp_path)


def string(folder: Path, parts: Sequence[tuple[str, int]], channels: int = 2) -> None:
    lines = [f"{name} {samples}" for name, samples in parts]
    total = sum(samples for _, samples in parts)
    write(folder, "\n".join([f"r/{len(parts)} {channels} 250 {total}", *lines]) + "\n")


def test_fixed_layout_with_a_gap(tmp_path: Path) -> None:
    for name, factor in (("a", 1), ("b", -1)):
        write_samples(tmp_path, factor * STORED, f"{name}.dat")
        write(tmp_path, two(f"{name}.dat 16 200/mV 16 0 0 0 0", f"{name} 2 250 4"), name)
    string(tmp_path, [("a", 4), ("~", 3), ("b", 4)])
    wfdb.wrann("r", "atr", np.array([9]), symbol=["V"], write_dir=str(tmp_path))
    record = read(tmp_path, annotator="atr")
    gap = np.full((2, 3), np.nan)
    expected = np.concatenate([STORED / 200, gap, -STORED / 200], axis=1)
    np.testing.assert_allclose(record.signal_CT, expected, rtol=1e-6)
    assert (record.leads, record.rate_hz) == (("II", "V1"), 250)
    assert record.annotations.sample_A.tolist() == [9]


def test_segments_of_one_file_read_as_wfdb_reads_them(tmp_path: Path) -> None:
    write_samples(tmp_path, STORED, "a.dat")
    for name, offset in (("a_1", 0), ("a_2", 8)):
        write(tmp_path, two(f"a.dat 16+{offset} 200/mV 16 0 0 0 0", f"{name} 2 250 2"), name)
    string(tmp_path, [("a_1", 2), ("a_2", 2)])
    theirs = wfdb.rdrecord(str(tmp_path / "r")).p_signal.T.astype(np.float32)
    np.testing.assert_array_equal(read(tmp_path).signal_CT, theirs)
    np.testing.assert_allclose(theirs, STORED / 200, rtol=1e-6)


def test_variable_layout_matches_leads_by_name(tmp_path: Path) -> None:
    layout = "".join(f"~ 0 200/mV 16 0 0 0 0 {name}\n" for name in ("II", "V1", "RESP"))
    write(tmp_path, "lay 3 250 0\n" + layout, "lay")
    write_samples(tmp_path, STORED, "a.dat")
    write(tmp_path, two("a.dat 16 200/mV 16 0 0 0 0", "a 2 250 4"), "a")
    write_samples(tmp_path, STORED[::-1], "b.dat")
    text = two("b.dat 16 100/mV 16 0 0 0 0", "b 2 250 4").replace("II", "x").replace("V1", "II")
    write(tmp_path, text.replace(" x", " V1"), "b")
    write_samples(tmp_path, STORED[:1], "c.dat")
    write(tmp_path, "c 1 250 4\nc.dat 16 50/mV 16 0 0 0 0 RESP\n", "c")
    string(tmp_path, [("lay", 0), ("a", 4), ("b", 4), ("c", 4)], channels=3)
    record = read(tmp_path)
    nan = np.full((1, 4), np.nan)
    expected = np.block(
        [
            [STORED[:1] / 200, STORED[:1] / 100, nan],
            [STORED[1:] / 200, STORED[1:] / 100, nan],
            [nan, nan, STORED[:1] / 50],
        ]
    )
    assert record.leads == ("II", "V1", "RESP")
    np.testing.assert_allclose(record.signal_CT, expected, rtol=1e-6)
    theirs = wfdb.rdrecord(str(tmp_path / "r")).p_signal.T
    np.testing.assert_allclose(record.signal_CT, theirs, rtol=1e-6)


@pytest.mark.parametrize(
    ("unit", "times"), [("uV", 1e-3), ("mv", 1), ("V", 1e3), ("\u00b5V", 1e-3)]
)
def test_a_segment_in_another_unit_is_converted(tmp_path: Path, unit: str, times: float) -> None:
    strings_two_units(tmp_path, unit)
    record = read(tmp_path)
    assert (record.leads, record.units, record.notes) == (("II", "V1"), ("mV", "mV"), ())
    np.testing.assert_allclose(record.signal_CT[1, :4], STORED[1] / 200, rtol=1e-6)
    np.testing.assert_allclose(record.signal_CT[1, 4:], times * STORED[1] / 200, rtol=1e-6)


@pytest.mark.parametrize("unit", ["mmHg", "?V"])
def test_a_segment_in_another_quantity_costs_that_lead_alone(tmp_path: Path, unit: str) -> None:
    strings_two_units(tmp_path, unit)
    record = read(tmp_path)
    assert (record.leads, record.signal_CT.shape) == (("II",), (1, 8))
    assert record.notes == (f"lead left out: V1, in mV and in {unit}",)


def strings_two_units(folder: Path, unit: str) -> None:
    for name, own in (("a", "mV"), ("b", unit)):
        write_samples(folder, STORED, f"{name}.dat")
        text = two(f"{name}.dat 16 200/mV 16 0 0 0 0", f"{name} 2 250 4")
        write(folder, own.join(text.rsplit("mV", 1)), name)
    string(folder, [("a", 4), ("b", 4)])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "no signal file s.dat beside its header"),
        (b"xx", "truncated signal: s.dat has 2 of 8 bytes"),
    ],
)
def test_a_file_that_is_missing_or_short_costs_its_own_leads(
    tmp_path: Path, content: bytes | None, why: str
) -> None:
    write_samples(tmp_path, STORED[:1])
    if content is not None:
        (tmp_path / "s.dat").write_bytes(content)
    write(tmp_path, "r 2 250 4\nr.dat 16 200/mV 16 0 0 0 0 II\ns.dat 16 200/mV 16 0 0 0 0 V1\n")
    record = read(tmp_path)
    assert (record.leads, record.notes) == (("II",), (f"lead left out: V1, {why}",))
    np.testing.assert_allclose(record.signal_CT, STORED[:1] / 200, rtol=1e-6)


@pytest.mark.parametrize(
    ("parts", "inner", "says"),
    [
        ([("a", 5)], "a 2 250 4", "truncated signal: segment a has 4 of 5"),
        ([("a", 4)], "a 2 125 4", "segments do not fit: a has 125 Hz, the recording 250 Hz"),
        ([("~", 4)], "a 2 250 4", "segments do not fit: none has a signal"),
        ([("r", 4)], "a 2 250 4", "segments do not fit: r is made of segments itself"),
    ],
)
def test_segments_that_do_not_fit_are_refused(
    tmp_path: Path, parts: list[tuple[str, int]], inner: str, says: str
) -> None:
    write_samples(tmp_path, STORED, "a.dat")
    write(tmp_path, two("a.dat 16 200/mV 16 0 0 0 0", inner), "a")
    string(tmp_path, parts)
    with pytest.raises(UnfitError, match=f"x/r: .*{says}"):
        read(tmp_path)


def test_a_segment_that_is_not_there(tmp_path: Path) -> None:
    string(tmp_path, [("a", 4)])
    with pytest.raises(FileNotFoundError, match="x/r: no header"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("r 2 250 1000000000000", "absurd length: 1000000000000 samples"),
        ("r 2 250 1e400", "absurd length: 1e400 samples"),
        ("r 2 1e-300 4", "absurd sampling rate: 1e-300 Hz"),
        ("r 2 1e999999999 4", "absurd sampling rate: 1e999999999 Hz"),
        ("r 2 250 4.5", "'4.5' is no number of samples"),
        ("r 2 250 -4", "'-4' is no number of samples"),
        ("r 5000 250 4", "2 signals or segments, it states 5000"),
        ("r/1 2 250 1000000000000\na 1000000000000\n", "absurd length"),
    ],
)
def test_an_absurd_header_is_refused_before_anything_is_reserved(
    tmp_path: Path, record: str, reason: str
) -> None:
    write_samples(tmp_path)
    write(tmp_path, two(record=record))
    with pytest.raises(UnfitError, match=reason):
        read_header(tmp_path, "r")


def test_a_gap_far_larger_than_the_files_is_refused(tmp_path: Path) -> None:
    write_samples(tmp_path, STORED, "a.dat")
    write(tmp_path, two("a.dat 16 200/mV 16 0 0 0 0", "a 2 250 4"), "a")
    string(tmp_path, [("a", 4), ("~", 10**10)])
    with pytest.raises(UnfitError, match="absurd length: 20000000008 samples in 16 bytes"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("r.dat 16 200\nr.dat 212 200\n", "r.dat in two formats"),
        ("r.dat 16 200\ns.dat 16 200\nr.dat 16 200\n", "lines of r.dat stand apart"),
    ],
)
def test_lines_that_contradict_one_another(tmp_path: Path, lines: str, reason: str) -> None:
    write(tmp_path, f"r {lines.count(chr(10))} 250 4\n{lines}")
    with pytest.raises(UnfitError, match=reason):
        read_header(tmp_path, "r")


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("fs", 125, "the rate is 250.0, by wfdb 125.0"),
        ("sig_len", 3, "the number of samples is 4, by wfdb 3"),
        ("n_sig", 3, "the number of signals is 2, by wfdb 3"),
        ("adc_gain", [200.0, 100.0], "of signal 1 the gain is 200.0, by wfdb 100.0"),
        ("baseline", [5, 0], "of signal 0 the baseline is 0.0, by wfdb 5"),
        ("units", ["V", "mV"], "of signal 0 the unit is mV, by wfdb V"),
        ("fmt", ["212", "16"], "of signal 0 the format is 16, by wfdb 212"),
    ],
)
def test_two_readings_of_a_plain_header_are_both_in_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: str, value: object, says: str
) -> None:
    write_samples(tmp_path)
    write(tmp_path, two())
    theirs = wfdb.rdheader(str(tmp_path / "r"))
    setattr(theirs, field, value)
    monkeypatch.setattr(_agreement.wfdb, "rdheader", lambda path: theirs)
    with pytest.raises(UnfitError, match=f"x/r: two readings of its header: {says}"):
        read(tmp_path)


@pytest.mark.recordings
@pytest.mark.parametrize(
    "slug", ["mitdb", "nstdb", "ecgiddb", "ptbdb", "ephnogram", "challenge-2017", "challenge-2021"]
)
def test_real_headers_read_as_wfdb_reads_them(physionet: Path, slug: str) -> None:
    paths = sorted((physionet / slug).rglob("*.hea"))
    if not paths:
        pytest.skip(f"no {slug}")
    for path in paths[:: max(1, len(paths) // 400)]:
        header, theirs = read_header(path.parent, path.stem), wfdb.rdheader(str(path)[:-4])
        assert next(_agreement._differences(header, theirs), None) is None, path
        assert [line.name for line in header.lines] == [name.strip() for name in theirs.sig_name]
        assert list(header.comments) == theirs.comments


@pytest.mark.recordings
@pytest.mark.parametrize("slug", ["challenge-2017", "challenge-2021", "ecg-arrhythmia", "ptbdb"])
def test_real_samples_read_as_wfdb_reads_them(physionet: Path, slug: str) -> None:
    for path in sorted((physionet / slug).rglob("*.hea"))[:6]:
        record = read(path.parent, path.stem)
        theirs = wfdb.rdrecord(str(path)[:-4]).p_signal.T.astype(np.float32)
        np.testing.assert_array_equal(record.signal_CT, theirs)
