import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import wfdb

from cardiograft.datasets import _simulated, _wfdb, mitdb, nstdb, ptbdb
from cardiograft.signals import leads

AAMI = {"N": "NLRej", "S": "AaJS", "V": "VE", "F": "F", "Q": "/fQ"}
TRAPPED = {
    **dict.fromkeys(("Person_15/rec_1", "Person_44/rec_1", "Person_83/rec_1"), 1024),
    **dict.fromkeys(("Person_13/rec_2", "Person_24/rec_5", "Person_72/rec_3"), 2048),
}


def write(
    folder: Path, header: str, content: bytes = b"", *, name: str = "r", data: str = "r.dat"
) -> Path:
    (folder / f"{name}.hea").write_bytes(header.encode())
    (folder / data).write_bytes(content)
    return folder


def read(folder: Path, **more: object) -> _wfdb.Record:
    return _wfdb.read_record("x", folder, "r", subject="r", mains_hz=50, **more)


@pytest.mark.parametrize(
    ("spelling", "meant"),
    [("avr", "aVR"), (" V1", "V1"), ("vx", "Vx"), ("Lead II", "II"), ("ML2", "MLII")],
)
def test_a_lead_has_one_spelling(spelling: str, meant: str) -> None:
    assert leads.canonical(spelling) == meant


@pytest.mark.parametrize("name", ["MLII", "ECG I", "ECG I filtered", "noise1", "RESP"])
def test_other_placements_keep_their_name(name: str) -> None:
    assert leads.canonical(name) == name


def test_a_lead_is_found_by_name_whatever_its_place() -> None:
    assert leads.index(("V5", "MLII"), ("MLII", "V5")) == 1
    assert leads.index(("v5", "V2"), ("MLII", "V5")) == 0
    assert leads.index(("II", "V2"), ("MLII", "V5")) is None


def test_the_real_annotations_hold_the_published_classes(physionet: Path) -> None:
    root = physionet / "mitdb" / "1.0.0"
    count = dict.fromkeys(AAMI, 0)
    for record in mitdb.names():
        marks = mitdb.read(root, record).annotations
        for kind, symbols in AAMI.items():
            count[kind] += int(np.isin(marks.symbol_A, list(symbols)).sum())
    assert count == {"N": 90_631, "S": 2_781, "V": 7_236, "F": 803, "Q": 8_043}


@pytest.mark.parametrize("record", ["100", "102", "114"])
def test_a_real_record_equals_what_wfdb_reads(physionet: Path, record: str) -> None:
    root = physionet / "mitdb" / "1.0.0"
    recording = mitdb.read(root, record)
    theirs = wfdb.rdrecord(str(root / record))
    np.testing.assert_array_equal(recording.signal_CT, theirs.p_signal.T.astype(np.float32))
    assert recording.leads == tuple(theirs.sig_name)
    assert recording.rate_hz == Fraction(360)
    assert recording.units == ("mV", "mV")


def test_the_real_record_names_are_the_twins(physionet: Path) -> None:
    listed = (physionet / "mitdb" / "1.0.0" / "RECORDS").read_text().split()
    assert tuple(listed) == mitdb.names()
    real = (physionet / "ptbdb" / "1.0.0" / "RECORDS").read_text().split()
    assert set(real) <= set(ptbdb.names())
    assert len(ptbdb.names()) == 549
    assert len({ptbdb.subject(physionet, name) for name in ptbdb.names()}) == 290


def test_201_and_202_are_one_person() -> None:
    assert mitdb.subject(Path(), "202") == mitdb.subject(Path(), "201") == "201"
    assert len({mitdb.subject(Path(), name) for name in mitdb.names()}) == 47


def test_clean_minutes_of_a_real_mixture_equal_the_clean_record(physionet: Path) -> None:
    for record in ("118e24", "118e_6"):
        mixed = nstdb.read(physionet / "nstdb" / "1.0.0", record)
        clean = mitdb.read(physionet / "mitdb" / "1.0.0", "118")
        np.testing.assert_array_equal(
            mixed.signal_CT[:, : 300 * 360], clean.signal_CT[:, : 300 * 360]
        )
        assert mixed.subject == "118"


def test_gain_0_is_200(physionet: Path) -> None:
    root = physionet / "nstdb" / "1.0.0"
    stored = wfdb.rdrecord(str(root / "em"), physical=False).d_signal
    np.testing.assert_allclose(nstdb.read(root, "em").signal_CT, stored.T / 200, rtol=1e-6)


def test_real_signals_over_two_files(physionet: Path) -> None:
    record = ptbdb.read(physionet / "ptbdb" / "1.0.0", "patient001/s0010_re")
    assert record.leads[:4] == ("I", "II", "III", "aVR")
    assert record.leads[12:] == ("Vx", "Vy", "Vz")
    assert record.signal_CT.shape == (15, 38_400)
    assert record.subject == "patient001"
    # 0.5 uV a step, and one step of rounding in each of three leads.
    np.testing.assert_allclose(
        record.signal_CT[2], record.signal_CT[1] - record.signal_CT[0], atol=1.1e-3
    )


@pytest.mark.parametrize("record", TRAPPED)
def test_a_constant_head_is_cut_and_annotations_follow(physionet: Path, record: str) -> None:
    root = physionet / "ecgiddb" / "1.0.0"

    def one(trim: bool) -> _wfdb.Record:
        return _wfdb.read_record(
            *("ecgiddb", root, record),
            subject="x",
            mains_hz=50,
            annotator="atr",
            trim_constant_head=trim,
        )

    whole, cut = one(False), one(True)
    assert cut.offset == TRAPPED[record]
    np.testing.assert_array_equal(cut.signal_CT, whole.signal_CT[:, cut.offset :])
    kept = whole.annotations.sample_A[whole.annotations.sample_A >= cut.offset]
    np.testing.assert_array_equal(cut.annotations.sample_A + cut.offset, kept)


def test_a_constant_recording_and_a_short_flat_start_stay(tmp_path: Path) -> None:
    flat = np.full((1, 1000), 7, np.int16)
    assert _wfdb.constant_head(flat, Fraction(500)) == 0
    flat[0, 100:] += np.arange(900, dtype=np.int16)
    assert _wfdb.constant_head(flat, Fraction(500)) == 0
    assert _wfdb.constant_head(flat, Fraction(300)) == 101


def test_missing_samples_are_nan_in_every_format(tmp_path: Path) -> None:
    for form, missing in (("16", -32768), ("212", -2048), ("24", -(2**23)), ("32", -(2**31))):
        stored = np.array([[5, missing, 7, -3], [1, 2, missing, 4]])
        wfdb.Record(
            record_name="r", n_sig=2, fs=250, sig_len=4, fmt=[form] * 2, adc_gain=[100.0] * 2,
            baseline=[0, 3], units=["mV"] * 2, sig_name=["I", "avf"], file_name=["r.dat"] * 2,
            d_signal=stored.T, adc_res=[12] * 2, adc_zero=[0] * 2, block_size=[0] * 2,
            init_value=[5, 1], checksum=[0, 0],
        ).wrsamp(write_dir=str(tmp_path))  # fmt: skip
        record = read(tmp_path)
        theirs = wfdb.rdrecord(str(tmp_path / "r")).p_signal.T.astype(np.float32)
        np.testing.assert_array_equal(record.signal_CT, theirs)
        np.testing.assert_array_equal(np.isnan(record.signal_CT), stored == missing)
        assert record.leads == ("I", "aVF")


def test_format_16_after_24_bytes_with_cr_lf_and_trailing_blanks(tmp_path: Path) -> None:
    stored = np.arange(-50, 50, dtype="<i2")
    header = "r 1 300 100 05:05:15 1/05/2000 \r\nr.mat 16+24 1000/mV 16 0 -127 0 0 ECG \r\n"
    write(tmp_path, header, b"\0" * 24 + stored.tobytes(), data="r.mat")
    record = read(tmp_path)
    np.testing.assert_allclose(record.signal_CT[0], stored / 1000, rtol=1e-6)
    assert record.leads == ("ECG",)


def test_a_broken_rate_stays_exact(tmp_path: Path) -> None:
    write(tmp_path, "r 1 249.6 3\nr.dat 16 1000 16 0 1 6 0 I\n", b"\1\0\2\0\3\0")
    assert read(tmp_path).rate_hz == Fraction(2496, 10)


def test_several_samples_a_frame_multiply_the_rate(tmp_path: Path) -> None:
    stored = np.arange(8, dtype="<i2")
    write(tmp_path, "r 1 250 4\nr.dat 16x2 1000 16 0 0 28 0 I\n", stored.tobytes())
    record = read(tmp_path)
    assert record.rate_hz == 500
    np.testing.assert_allclose(record.signal_CT[0], stored / 1000, rtol=1e-6)


@pytest.mark.parametrize(
    ("header", "content", "error", "says"),
    [
        (
            "r 1 250 4\nr.dat 16 200 12 0 0 0 0 I\n",
            b"\0\0",
            ValueError,
            "x/r: truncated signal: r.dat has 2 of 8",
        ),
        ("r 1 250 4\ns.dat 16 200 12 0 0 0 0 I\n", b"", FileNotFoundError, "no signal file s.dat"),
        ("r 1 250 4\n../r.dat 16 200 12 0 0 0 0 I\n", b"", ValueError, "x/r: unsafe name"),
        ("r 1 250 4\nC:\\r.dat 16 200 12 0 0 0 0 I\n", b"", ValueError, "x/r: unsafe name"),
        ("<html>\n", b"", ValueError, "x/r: unreadable header"),
        ("", b"", ValueError, "x/r: unreadable header"),
        ("r 0 250 4\n", b"", ValueError, "0 signals"),
        ("r 1 250 4\n~ 0 200 12 0 0 0 0 I\n", b"", ValueError, "names no signal"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(
    tmp_path: Path, header: str, content: bytes, error: type[Exception], says: str
) -> None:
    write(tmp_path, header, content)
    with pytest.raises(error, match=says) as raised:
        read(tmp_path)
    assert "\n" not in str(raised.value)
    assert str(raised.value).startswith("x/r: ")


def test_missing_header_and_annotations_name_themselves(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="mitdb/100: no header"):
        mitdb.read(tmp_path, "100")
    mitdb.simulate(tmp_path, ("100",), 1, duration_s=2.0)
    (tmp_path / "100.atr").unlink()
    with pytest.raises(FileNotFoundError, match=r"mitdb/100: no annotations 100\.atr"):
        mitdb.read(tmp_path, "100")


@pytest.mark.parametrize("form", ["16", "212"])
@pytest.mark.parametrize("samples", [1, 2, 7])
def test_written_samples_are_what_wfdb_reads(tmp_path: Path, form: str, samples: int) -> None:
    stored = np.random.default_rng(3).integers(-2047, 2048, (3, samples)).astype(np.int16)
    lines = [
        _simulated.signal_line("r.dat", one, form=form, scale="200 12 0", name=lead)
        for one, lead in zip(stored, ("I", "II", "V1"), strict=True)
    ]
    _simulated.write_bytes(tmp_path / "r.dat", _simulated.packed(stored, form))
    _simulated.write_header(tmp_path / "r.hea", f"r 3 500 {samples}", lines, ["a", "", "b"])
    theirs = wfdb.rdrecord(str(tmp_path / "r"), physical=False)
    np.testing.assert_array_equal(theirs.d_signal.T, stored)
    assert [c % 2**16 for c in theirs.checksum] == theirs.calc_checksum()
    assert theirs.comments == ["a", "b"]


def test_no_sample_is_written_as_missing() -> None:
    stored = _simulated.digital(np.array([[-1e3, 1e3]]), gain=200, zero=0, bits=12)
    assert stored.tolist() == [[-2047, 2047]]
    assert _simulated.digital(np.array([[-1e3, 1e3]]), gain=200, zero=1024, bits=11).tolist() == [
        [0, 2047]
    ]


def test_an_unknown_record_is_named(tmp_path: Path) -> None:
    for dataset in (mitdb, nstdb, ptbdb):
        with pytest.raises(ValueError, match=f"{dataset.SLUG}/nobody: no such record"):
            dataset.simulate(tmp_path, ("nobody",), 0)
    shutil.rmtree(tmp_path)
