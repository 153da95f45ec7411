"""Readers of one's own folders: values, times, labels and subjects, from files made here."""

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import own_folder
import pytest

from cardiograft.datasets import _own, _stream_csv, csv_folder, edf_folder, wfdb_folder
from cardiograft.physionet import own
from cardiograft.physionet.headers import UnfitError
from cardiograft.physionet.mirrors import own_content
from cardiograft.records import LABEL
from cardiograft.segments.cutting import Prepared, spans
from cardiograft.segments.labels import file_record, file_span
from cardiograft.specs.own_folder import OwnFolder


def folder(**changed: Any) -> OwnFolder:
    given = {"path": "x", "name": "clinic", "subject": "record", "mains_hz": 60}
    return OwnFolder.model_validate(given | changed)


def table(root: Path, *rows: str, name: str = "labels.csv", encoding: str = "utf-8") -> Path:
    root.mkdir(exist_ok=True)
    (root / name).write_text("\n".join(rows) + "\n", encoding=encoding)
    return root


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_folder.write(tmp_path_factory.mktemp("own") / "clinic")


def test_wfdb_values_are_those_that_were_written(clinic: Path) -> None:
    clinic_folder = folder(leads={"II": ["MLII"]})
    for person in range(1, 7):
        name = f"ward/{own_folder.name(5)}" if person == 5 else own_folder.name(person)
        record = wfdb_folder.read(clinic, name, folder=clinic_folder)
        expected_CT = own_folder.signal(person).T
        if person == 1:
            low, high = (round(s * own_folder.RATE_HZ) for s in own_folder.GAP_S)
            expected_CT[:, low:high] = np.nan
        if person == 4:
            expected_CT = expected_CT * 1000
        step = 0.51 if person == 4 else 0.00051
        np.testing.assert_allclose(record.signal_CT, expected_CT, atol=step)
        assert record.leads == own_folder.LEADS
        assert record.rate_hz == Fraction(257)
        assert (record.dataset, record.mains_hz) == ("clinic", 60)


def test_segments_are_no_recordings_and_hidden_files_are_passed_over(clinic: Path) -> None:
    (clinic / ".hidden.hea").write_text("x")
    names = wfdb_folder.record_names(clinic, folder=folder())
    assert "P03_rest" in names
    assert "P03_a" not in names
    assert "ward/P05_rest" in names
    assert not any("hidden" in name for name in names)


def test_records_lists_what_there_is(tmp_path: Path) -> None:
    root = own_folder.write(tmp_path / "clinic")
    (root / "RECORDS").write_text("P02_rest\nward/\n")
    assert wfdb_folder.record_names(root, folder=folder()) == ("P02_rest", "ward/P05_rest")


def test_an_alias_yields_to_the_leads_own_name(clinic: Path) -> None:
    clinic_folder = folder(leads={"II": ["V5", "V6"]})
    assert wfdb_folder.read(clinic, "P06_rest", folder=clinic_folder).leads == own_folder.LEADS
    record = wfdb_folder.read(clinic, "P02_rest", folder=clinic_folder)
    assert record.leads[record.leads.index("V6") - 1] == "II"
    assert "MLII" in record.leads
    assert record.notes == ("lead by another name: V5 is taken as II",)


@pytest.mark.parametrize(
    ("subject", "record", "expected"),
    [
        ({"pattern": r"(P\d+)_"}, "ward/P05_rest", "P05"),
        ({"pattern": r"(?:a|b)_(?P<subject>\d+)"}, "a_7", "7"),
        ({"pattern": r"^(P\d+)_"}, "ward/P05_rest", None),
        ("folder", "ward/visit 1/x", "ward"),
        ("folder", "x", None),
        ("record", "ward/x", "ward/x"),
        ({"column": "who", "file": "people.csv", "record": "name"}, "a", "Ann"),
        ({"column": "who", "file": "people.csv", "record": "name"}, "b", None),
        ({"column": "who", "file": "people.csv", "record": "name"}, "c", None),
        ({"column": "who", "file": "people.csv", "record": "name"}, "sub/d", "007"),
        ({"column": "who", "file": "people.csv", "record": "name"}, "e", None),
        ({"column": "who", "file": "people.csv", "record": "name"}, "f", None),
    ],
)
def test_a_subject_is_told_or_refused(
    subject: Any, record: str, expected: str | None, tmp_path: Path
) -> None:
    rows = ["name;who", "a.hea;Ann", "b;Bob", "b;Bill", "c;", "sub\\d; 007 ", "f;NaN"]
    root = table(tmp_path, *rows, name="people.csv", encoding="utf-8-sig")
    clinic_folder = folder(subject=subject)
    if expected is None:
        with pytest.raises(UnfitError, match=r"^no subject: "):
            _own.subject(root, record, clinic_folder)
    else:
        assert _own.subject(root, record, clinic_folder) == expected


TIMES = {"file": "labels.csv", "start_s": "from", "end_s": "to"}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["a,0,10,N", "a,10,20,AF"], [(0, 10, "N"), (10, 20, "AF")]),
        (["a,10,,AF", "a,,10,N"], [(0, 10, "N"), (10, math.inf, "AF")]),
        (["a,0,10,N", "a,2,5,N", "a,12,15,AF"], [(0, 10, "N"), (12, 15, "AF")]),
        (["b,0,10,N", "a,0,10,"], []),
        (["a,0,100,N", "a,1,2,N", "a,50,60,AF"], "contradict: N and AF at 50 s"),
        (["a,0,10,N", "a,0,10,AF"], "contradict"),
        (["a,5,5,N"], "labels of no time: '5' to '5' in labels.csv"),
        (["a,-1,5,N"], "no time"),
        (["a,nan,5,N"], "no time"),
        (["a,1_0,20,N"], "no time"),
        (["a,0,10,nan", "a,0,10,NaN", "a,10,20,AF"], [(10, 20, "AF")]),
        (['a,"1,5",5,N'], "no time"),
    ],
)
def test_labels_of_spans_are_read_or_refused(
    rows: list[str], expected: Any, tmp_path: Path
) -> None:
    root = table(tmp_path, "record,from,to,label", *rows)
    if isinstance(expected, str):
        with pytest.raises(UnfitError, match=expected):
            _own.labels(root, "a", folder(labels=TIMES))
    else:
        assert list(_own.labels(root, "a", folder(labels=TIMES))) == expected


def test_a_table_without_a_column_stops(tmp_path: Path) -> None:
    root = table(tmp_path, "record,lable", "a,N")
    with pytest.raises(ValueError, match=r"labels.csv has no column label: it begins 'record,labl"):
        _own.mentioned(root, folder(labels={"file": "labels.csv"}))
    table(tmp_path, "name,label", "a,N")
    with pytest.raises(
        ValueError, match=r"labels.csv has no column record: it begins 'name,label'"
    ):
        _own.mentioned(root, folder(labels={"file": "labels.csv"}))
    with pytest.raises(ValueError, match="no table"):
        _own.mentioned(root, folder(labels={"file": "other.csv"}))


def test_an_edited_table_is_read_again(tmp_path: Path) -> None:
    clinic_folder = folder(path=str(tmp_path), labels={"file": "labels.csv"})
    root = table(tmp_path, "record,label", "a,N")
    before = own_content(clinic_folder, tmp_path / "none.json")
    assert [span.label for span in _own.labels(root, "a", clinic_folder)] == ["N"]
    table(tmp_path, "record,label", "a,AFIB")
    assert [span.label for span in _own.labels(root, "a", clinic_folder)] == ["AFIB"]
    assert own_content(clinic_folder, tmp_path / "none.json") != before


def csv_file(root: Path, text: str) -> Path:
    root.mkdir(exist_ok=True)
    (root / "a.csv").write_text(text)
    return root


def test_csv_values_rate_units_and_gaps(tmp_path: Path) -> None:
    time_T = np.arange(500) / 257
    lines = [f"{t:.3f},{k},{'' if k == 3 else k / 2},x" for k, t in enumerate(time_T)]
    del lines[100:110]
    root = csv_file(tmp_path, "t,II [uV],V1,remark\n" + "\n".join(lines))
    record = csv_folder.read(root, "a", folder=folder(time="t", unit="mV"))
    assert record.rate_hz == 257
    assert (record.leads, record.units) == (("II", "V1"), ("uV", "mV"))
    assert record.notes == ("lead left out: remark holds what is no number",)
    expected_T = np.arange(500, dtype=np.float32)
    expected_T[100:110] = np.nan
    np.testing.assert_array_equal(record.signal_CT[0], expected_T)
    expected_T[3] = np.nan
    np.testing.assert_array_equal(record.signal_CT[1], expected_T / 2)


def test_csv_of_another_country(tmp_path: Path) -> None:
    root = csv_file(tmp_path, "II [mV];V1\n0,5;1\n1,5;2\n")
    record = csv_folder.read(root, "a", folder=folder(rate_hz=249.89))
    assert record.rate_hz == Fraction("249.89")
    np.testing.assert_array_equal(record.signal_CT, [[0.5, 1.5], [1, 2]])


@pytest.mark.parametrize(
    "text",
    [
        "I [mV],II [mV]\n1,5,\n2,6,\n3,7,\n",  # a mark ends each row
        "I [mV],II [mV],\n1,5,\n2,6,\n3,7,\n",  # the first row too
        "\n \nI [mV],II [mV]\n1,5\n2,6,\n3,7\n",  # one row alone; blank lines before
        '"I [mV]", "II [mV]"\n1, 5\n2, 6\n3, 7\n',
        "I [mV]\tII [mV]\n1\t5\t\n2\t6\t\n3\t7\t\n",
    ],
)
def test_a_mark_at_the_end_of_rows_moves_no_column(text: str, tmp_path: Path) -> None:
    root = csv_file(tmp_path, text)
    record = csv_folder.read(root, "a", folder=folder(rate_hz=250))
    assert (record.leads, record.units, record.notes) == (("I", "II"), ("mV", "mV"), ())
    np.testing.assert_array_equal(record.signal_CT, [[1, 2, 3], [5, 6, 7]])
    stream = _stream_csv.open_csv(root / "a.csv", folder(rate_hz=250))
    assert [group.leads for group in stream.groups] == [("I", "II")]
    np.testing.assert_array_equal(stream.read(0, 3)[0], record.signal_CT)


def test_two_csv_columns_of_one_name_are_two_leads(tmp_path: Path) -> None:
    root = csv_file(tmp_path, "II [mV],II [uV],V1\n1,5,8\n2,6,9\n")
    record = csv_folder.read(root, "a", folder=folder(rate_hz=250))
    assert (record.leads, record.units) == (("II", "II (2)", "V1"), ("mV", "uV", ""))
    assert record.notes == ("two leads of one name: II is a column before, 1 is 'II (2)'",)
    stream = _stream_csv.open_csv(root / "a.csv", folder(rate_hz=250))
    assert stream.groups[0].leads == record.leads
    assert stream.notes == record.notes


def test_a_column_of_the_time_that_is_read_as_a_lead_is_said(tmp_path: Path) -> None:
    root = csv_file(tmp_path, "Time [s],II\n0,1\n0.004,2\n0.02,3\n")
    for notes in (
        csv_folder.read(root, "a", folder=folder(rate_hz=250)).notes,
        _stream_csv.open_csv(root / "a.csv", folder(rate_hz=250)).notes,
    ):
        assert len(notes) == 1
        assert notes[0].startswith("'Time' is read as a lead: `time` (--time)")
    assert csv_folder.read(root, "a", folder=folder(time="Time")).notes == ()


@pytest.mark.parametrize(
    "text", ["I,II\n1,5\n2,6,7\n", "I,II\n1,5,0\n2,6,0\n", "I\n1,2,3\n", "I\n1,,3\n"]
)
def test_csv_rows_wider_than_the_first_are_refused(text: str, tmp_path: Path) -> None:
    root = csv_file(tmp_path, text)
    for read in (
        lambda: csv_folder.read(root, "a", folder=folder(rate_hz=250)),
        lambda: _stream_csv.open_csv(root / "a.csv", folder(rate_hz=250)),
    ):
        with pytest.raises(UnfitError, match=r"more cells than the first row|Expected|too many"):
            read()


@pytest.mark.parametrize(
    ("text", "options", "reason"),
    [
        ("II\n1\n2\n", {}, "no rate: neither `rate_hz`"),
        ("II\n1\n2\n", {"time": "t"}, "no rate: 0 columns are called 't'"),
        ("t,II\n0,1\n1,2\n1.5,3\n3,4\n3.4,4\n4.4,5\n5.9,5\n", {"time": "t"}, "no constant rate"),
        ("t,II\n0,1\n1,2\n0.5,3\n", {"time": "t"}, "does not go on"),
        ("t,II\n0,1\n0.004,2\n0.008,1\n4000,3\n", {"time": "t"}, "absurd length"),
        ("t [d],II\n0,1\n1,2\n", {"time": "t"}, "the time is in 'd'"),
        ("t,name\n0,x\n1,y\n", {"time": "t"}, "holds no signal"),
        ("", {"rate_hz": 250.0}, "unreadable a.csv|no row"),
        ("II\n", {"rate_hz": 250.0}, "no row of numbers"),
    ],
)
def test_csv_that_can_not_be_used_says_why(
    text: str, options: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    root = csv_file(tmp_path, text)
    with pytest.raises(UnfitError, match=reason):
        csv_folder.read(root, "a", folder=folder(**options))


def test_tables_are_no_recordings(tmp_path: Path) -> None:
    root = table(csv_file(tmp_path, "II\n1\n"), "record,label", "a,N")
    clinic_folder = folder(labels={"file": "labels.csv"})
    assert csv_folder.record_names(root, folder=clinic_folder) == ("a",)


def test_edf_values_rates_and_names(tmp_path: Path) -> None:
    library = pytest.importorskip("pyedflib", reason="pyedflib reads EDF files: extra `edf`")
    written = {"ECG II": (256, "uV", 900.0), "ECG": (256, "mV", 0.9), "Resp": (32, "Ohm", 0.5)}
    signals = []
    with library.EdfWriter(str(tmp_path / "a.EDF"), len(written)) as writer:
        for number, (label, (rate_hz, unit, size)) in enumerate(written.items()):
            about = {"label": label, "dimension": unit, "sample_frequency": rate_hz}
            about |= {"physical_max": 2 * size, "physical_min": -2 * size}
            about |= {"digital_max": 32767, "digital_min": -32768}
            about |= {"transducer": "", "prefilter": ""}
            writer.setSignalHeader(number, about)
            signals.append(size * np.sin(np.arange(4 * rate_hz) / 9))
        writer.writeSamples(signals)
    assert edf_folder.record_names(tmp_path, folder=folder()) == ("a",)
    record = edf_folder.read(tmp_path, "a", folder=folder())
    assert (record.leads, record.units, record.rate_hz) == (("II", "ECG"), ("uV", "mV"), 256)
    assert (record.beside[0].leads, record.beside[0].rate_hz) == (("Resp",), 32)
    for row, signal_T in zip(
        (*record.signal_CT, *record.beside[0].signal_CT), signals, strict=True
    ):
        np.testing.assert_allclose(row, signal_T, atol=np.abs(signal_T).max() / 8000)
    whole = (tmp_path / "a.EDF").read_bytes()
    (tmp_path / "a.EDF").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnfitError, match=r"truncated a\.EDF"):
        edf_folder.read(tmp_path, "a", folder=folder())


def test_edf_without_its_reader_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyedflib", None)
    with pytest.raises(ValueError, match=r"pip install 'cardiograft\[edf\]'"):
        edf_folder.record_names(tmp_path, folder=folder())


def marked(root: Path, *rows: str) -> Any:
    root = table(csv_file(root, "II\n" + "1\n2\n" * 500), "record,from,to,label", *rows)
    return csv_folder.read(root, "a", folder=folder(rate_hz=100, labels=TIMES))


def test_a_span_holds_its_windows_from_end_to_end(tmp_path: Path) -> None:
    record = marked(tmp_path, "a,1,3,N", "a,3,5,AF", "a,6,,N")
    labels = file_span.label(record)
    at_A = record.annotations.sample_A
    assert (at_A.tolist(), record.annotations.aux_A.tolist()) == (
        [100, 300, 500, 600],
        ["N", "AF", "", "N"],
    )
    assert set(record.annotations.symbol_A) == {LABEL}
    prepared = Prepared(
        name="a",
        lead="II",
        units=("1",),
        signal_CT=record.signal_CT,
        scale="none",
        rate_hz=record.rate_hz,
        source_rate_hz=record.rate_hz,
        mains_hz=60,
        annotations=record.annotations,
        sample_A=at_A,
        labels=labels,
        missing_T=np.zeros(1000, dtype=bool),
        moved_CT=np.ones((1, 1000), dtype=bool),
    )
    start_N = np.array([0, 50, 100, 200, 250, 300, 450, 500, 590, 600, 900])
    label_N = spans(prepared, start_N, start_N + 100)
    expected = [None, None, "N", "N", None, "AF", None, None, None, "N", "N"]
    assert label_N.tolist() == expected
    assert "of spans" in (file_record.label(record).unusable or "")


def test_a_label_of_the_whole(tmp_path: Path) -> None:
    assert file_record.label(marked(tmp_path / "a", "a,,,N")).whole == "N"
    without = marked(tmp_path / "b", "other,,,N")
    assert file_record.label(without).unusable == "no label in its table"
    assert file_span.label(without).unusable == "no label in its table"
    beyond = marked(tmp_path / "c", "a,0,5,N", "a,99,,AF")
    assert beyond.notes == ("labels beyond the end: 1 of 2",)


def test_hashes_beside_the_recordings_are_believed(tmp_path: Path) -> None:
    root = csv_file(tmp_path, "II\n1\n2\n")
    (root / "SHA256SUMS.txt").write_text(f"{'0' * 64} a.csv\n")
    bound = own.of_folder(csv_folder, folder(rate_hz=100))
    (entry,) = own.gather(bound, root, None).records
    assert entry.reason == "wrong hash: a.csv"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"subject": {}}, "say by what"),
        ({"subject": {"pattern": "(", "by": "pattern"}}, "pattern"),
        ({"subject": {"pattern": "x"}}, "no group"),
        ({"subject": {"column": "who"}}, "needs a file"),
        ({"subject": "nobody"}, "subject"),
        ({"labels": {"file": "a", "start_s": "x"}}, "go together"),
    ],
)
def test_what_contradicts_itself_is_refused(change: dict[str, Any], line: str) -> None:
    with pytest.raises(ValueError, match=line):
        folder(**change)


def test_a_folder_stays_the_same_as_json() -> None:
    one = folder(subject={"pattern": "(x)"}, leads={"II": ["MLII"]}, labels=TIMES)
    assert OwnFolder.model_validate_json(one.model_dump_json()) == one
    assert OwnFolder.model_validate(one.model_dump(mode="json")) == one
