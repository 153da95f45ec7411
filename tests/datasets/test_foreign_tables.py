"""CSV files as other programs write them: units of time, decimals, encodings, quotes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cardiograft.datasets import _own, _stream_csv, csv_folder
from cardiograft.physionet.headers import UnfitError
from cardiograft.specs.own_folder import OwnFolder
from cardiograft.use import folder_look

RATE_HZ = 250
SIGNAL_T = np.round(np.sin(np.arange(40) / 5), 4)
TIMES = {"file": "labels.csv", "start_s": "from", "end_s": "to"}


def folder(**changed: Any) -> OwnFolder:
    given = {"path": "x", "name": "clinic", "subject": "record", "mains_hz": 60}
    return OwnFolder.model_validate(given | changed)


def both(root: Path, **options: Any) -> list[tuple[Any, ...]]:
    """Return leads, units, rate, samples and notes of a.csv: as a whole, and in stretches."""
    asked = folder(**options)
    whole = csv_folder.read(root, "a", folder=asked)
    parts = _stream_csv.open_csv(root / "a.csv", asked)
    group = parts.groups[0]
    return [
        (whole.leads, whole.units, whole.rate_hz, whole.signal_CT, whole.notes),
        (group.leads, group.units, parts.frame_hz, parts.read(0, parts.frames)[0], parts.notes),
    ]


def refusals(root: Path, **options: Any) -> list[str]:
    asked = folder(**options)
    reads: list[Callable[[], Any]] = [
        lambda: csv_folder.read(root, "a", folder=asked),
        lambda: _stream_csv.open_csv(root / "a.csv", asked),
    ]
    messages = []
    for read in reads:
        with pytest.raises(UnfitError) as caught:
            read()
        messages.append(str(caught.value))
    return messages


@pytest.mark.parametrize(
    ("head", "unit_s", "named"),
    [
        ("time (ms)", 1e-3, "time (ms)"),
        ("time (ms)", 1e-3, "time"),
        ("time (MSec)", 1e-3, "time"),
        ("time_ms", 1e-3, "time_ms"),
        ("t/ms", 1e-3, "t/ms"),
        ("Elapsed ms", 1e-3, "Elapsed ms"),
        ("time [MS]", 1e-3, "time"),
        ("time [ms]", 1e-3, "time [ms]"),
        ("time [\u03bcs]", 1e-6, "time"),
        ("time (\u00b5s)", 1e-6, "time"),
        ("time [sec]", 1, "time"),
        ("seconds", 1, "seconds"),
        ("time [min]", 60, "time"),
        ("time (h)", 3600, "time"),
        ("t", 1, "t"),
        ("terms", 1, "terms"),  # ends like a unit, and has none
    ],
)
def test_the_time_s_unit_is_told_however_it_is_written(
    head: str, unit_s: float, named: str, tmp_path: Path
) -> None:
    time_T = np.arange(40) / RATE_HZ / unit_s
    rows = [f"{t:.12g},{x:.4f}" for t, x in zip(time_T, SIGNAL_T, strict=True)]
    (tmp_path / "a.csv").write_text("\n".join([f"{head},II [mV]", *rows]), encoding="utf-8")
    for leads, _, rate_hz, signal_CT, notes in both(tmp_path, time=named):
        assert (leads, rate_hz, notes) == (("II",), RATE_HZ, ())
        np.testing.assert_allclose(signal_CT[0], SIGNAL_T, atol=1e-6)


@pytest.mark.parametrize("head", ["time (days)", "time [days]"])
def test_a_unit_of_time_that_is_not_known_is_refused(head: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{head},II\n0,1\n1,2\n2,3\n")
    for message in refusals(tmp_path, time=head):
        assert message.startswith("no rate: the time is in 'days', not s, ms")


@pytest.mark.parametrize(("stated", "reason"), [(500, "two rates: 500 Hz"), (125, "no constant")])
def test_a_rate_that_the_time_contradicts_is_refused(
    stated: int, reason: str, tmp_path: Path
) -> None:
    rows = [f"{i / RATE_HZ},{i}" for i in range(40)]
    (tmp_path / "a.csv").write_text("\n".join(["t,II", *rows]))
    for message in refusals(tmp_path, time="t", rate_hz=stated):
        assert message.startswith(reason)
    for _, _, rate_hz, _, _ in both(tmp_path, time="t", rate_hz=RATE_HZ):
        assert rate_hz == RATE_HZ


def test_a_unit_in_round_brackets_is_one_where_it_is_known(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("II (\u00b5V),V1 (left),Resp (V)\n1,2,3\n", encoding="utf-8")
    for leads, units, _, _, _ in both(tmp_path, rate_hz=250):
        assert (leads, units) == (("II", "V1 (left)", "Resp"), ("\u00b5V", "", "V"))


@pytest.mark.parametrize(
    ("text", "time", "units"),
    [
        ("time,II,V5\ns,mV,uV\n0,1,5\n0.004,2,6\n", "time", ("mV", "uV")),
        ("time,II,V5\nms,mV,uV\n0,1,5\n4,2,6\n", "time", ("mV", "uV")),
        ("time,II [mV],V5\n,millivolts,(\u00b5V)\n0,1,5\n0.004,2,6\n", "time", ("mV", "\u00b5V")),
        ("t,II,V5\n\n[s],[mV],-\n\n0,1,5\n0.004,2,6\n", "t", ("mV", "")),
        ("time_ms,II,V5\nMS,mV,bpm\n0,1,5\n4,2,6\n", "time_ms", ("mV", "bpm")),
        ("'Time s','II','V5'\n'sec','mV','mV'\n0,1,5\n0.004,2,6\n", "Time s", ("mV", "mV")),
        ("'t','II','V5'\n0,1,5\n0.004,2,6\n", "'t'", ("", "")),
        ("t;II;V5;\ns;mV;V;\n0;1;5;\n0,004;2;6;\n", "t", ("mV", "V")),
    ],
)
def test_a_row_of_units_is_one(
    text: str, time: str, units: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    for leads, stated, rate_hz, signal_CT, notes in both(tmp_path, time=time):
        assert (leads, stated, rate_hz, notes) == (("II", "V5"), units, RATE_HZ, ())
        np.testing.assert_array_equal(signal_CT, [[1, 2], [5, 6]])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("t,II [uV]\ns,mV\n0,1\n1,2\n", "two units of II in a.csv: 'uV' in the first row, 'mV' be"),
        ("t_ms,II\ns,mV\n0,1\n1,2\n", "two units of t_ms in a.csv: 'ms' in the first row, 's' be"),
        ("t_ms,II\nmV,1\n0,1\n1,2\n", "a.csv: the row below the first has a unit, 'mV', and a num"),
    ],
)
def test_a_row_that_may_be_of_units_is_refused(text: str, line: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text)
    for message in refusals(tmp_path, time="t_ms" if "_" in text else "t"):
        assert message.startswith(line)


def test_marks_of_beats_are_no_units(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("II,mark\n,V\n1,N\n2,h\n")
    for leads, units, _, signal_CT, notes in both(tmp_path, rate_hz=250):
        assert (leads, units) == (("II",), ("",))
        assert notes == ("lead left out: mark holds what is no number",)
        np.testing.assert_array_equal(signal_CT, [[np.nan, 1, 2]])


@pytest.mark.parametrize("point", [".", ","])
@pytest.mark.parametrize("mark", [";", "\t"])
def test_decimals_are_told_by_the_rows(mark: str, point: str, tmp_path: Path) -> None:
    whole = [f"{i}{mark}0" for i in range(2)]  # which tell nothing
    rows = [f"{0.25 * i:.3f}{mark}-{i}.5e-1".replace(".", point) for i in range(2, 9)]
    (tmp_path / "a.csv").write_text("\n".join([f"I{mark}II", *whole, *rows]))
    for leads, _, _, signal_CT, notes in both(tmp_path, rate_hz=250):
        assert (leads, notes) == (("I", "II"), ())
        np.testing.assert_allclose(signal_CT[0], [0, 1, *(0.25 * i for i in range(2, 9))])
        np.testing.assert_allclose(signal_CT[1, 2:], [-(i + 0.5) / 10 for i in range(2, 9)])


@pytest.mark.parametrize(
    ("head", "row", "names"),
    [
        ("II, left\tV5", "1.5\t2", ("II, left", "V5")),
        ("II, left, right;V5", "1.5;2", ("II, left, right", "V5")),
        ("II;a;b,V5", "1.5,2", ("II;a;b", "V5")),
        ("II;V5, left, right", "1,5;2", ("II", "V5, left, right")),
        ("II;V5, left, right;", "1,5;2;", ("II", "V5, left, right")),
    ],
)
def test_a_mark_in_a_name_or_a_number_is_none_between_cells(
    head: str, row: str, names: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text(f"{head}\n{row}\n\n{row}\n")
    for leads, _, _, signal_CT, notes in both(tmp_path, rate_hz=250):
        assert (leads, notes) == (names, ())
        np.testing.assert_array_equal(signal_CT, [[1.5, 1.5], [2, 2]])


@pytest.mark.parametrize("first", ["0.5,1", "0,1.5", "-1,1", "995,1011", "1,1", "2.5"])
def test_samples_are_no_names_of_leads(first: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{first}\n{first}\n{first}\n")
    for message in refusals(tmp_path, rate_hz=250):
        assert message.startswith("a.csv has no row of names: its first row holds numbers")
    (tmp_path / "a.csv").write_text(f"{','.join(['1', '2'][: len(first.split(','))])}\n{first}\n")
    assert both(tmp_path, rate_hz=250)[0][0][0] == "1"


@pytest.mark.parametrize("above", ["# by x\n# at 250, Hz\n", "\n# a;b;c\nsep=,\n#\n", "#\n" * 9])
def test_remarks_above_the_names_are_passed_over(above: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{above}t,II\n0,1\n0.004,2\n")
    for leads, _, rate_hz, signal_CT, _ in both(tmp_path, time="t"):
        assert (leads, rate_hz) == (("II",), RATE_HZ)
        np.testing.assert_array_equal(signal_CT, [[1, 2]])
    (tmp_path / "a.csv").write_text("# t,II\n0,1\n0.004,2\n")  # as numpy writes names
    assert both(tmp_path, time="# t")[0][0] == ("II",)


def test_a_unit_that_ends_a_name_is_one(tmp_path: Path) -> None:
    names = ("II_mV", "V5/\u00b5V", "V6 {uV}", "x.mg", "pulse_adu", "V1_MV", "lead_V", "I V")
    (tmp_path / "a.csv").write_text(
        f"{','.join(names)}\n{','.join('12345678')}\n", encoding="utf-8"
    )
    for leads, units, _, _, _ in both(tmp_path, rate_hz=250):
        assert leads == names
        assert units == ("mV", "uV", "uV", "mg", "", "", "", "")


@pytest.mark.parametrize("cell", ["0:00.004", "2020-01-01 00:00:00.004", "x"])
def test_a_time_that_is_no_number_is_refused_as_one(cell: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"time,II\n0,1\n{cell},2\n0.008,3\n")
    for message in refusals(tmp_path, time="time"):
        assert message == (
            "no rate: the column of the time holds what is no number: 'time' of a.csv"
        )
    for _, _, _, _, notes in both(tmp_path, rate_hz=250):
        assert notes == ("lead left out: time holds what is no number",)


@pytest.mark.parametrize("cell", ["-", "--", "?", "*", "missing", "NaN", ""])
def test_cells_that_say_nothing_are_missing(cell: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"I,II\n1,5\n{cell},6\n3,{cell}\n")
    for _, _, _, signal_CT, notes in both(tmp_path, rate_hz=250):
        np.testing.assert_array_equal(signal_CT, [[1, np.nan, 3], [5, 6, np.nan]])
        assert notes == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16"])
def test_recordings_in_other_encodings(encoding: str, tmp_path: Path) -> None:
    text = "sep=;\nII [\u00b5V];remark\n1,5;caf\u00e9\n2;ok\n"
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    for leads, units, _, signal_CT, notes in both(tmp_path, rate_hz=250):
        assert (leads, units) == (("II",), ("\u00b5V",))
        assert notes == ("lead left out: remark holds what is no number",)
        np.testing.assert_array_equal(signal_CT, [[1.5, 2]])


def test_bytes_of_another_encoding_far_below_cost_nothing(tmp_path: Path) -> None:
    rows = b"1,x\n" * 40_000 + b"2,\xe9\n"
    (tmp_path / "a.csv").write_bytes(b"II,remark\n" + rows)
    for leads, _, _, signal_CT, _ in both(tmp_path, rate_hz=250):
        assert leads == ("II",)
        assert (signal_CT.shape[1], signal_CT[0, -1]) == (40_001, 2)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("I,II\n", "no row of numbers"),
        ("", "no row of numbers"),
        ("I" * 200_000 + "\n1\n", "a cell is too long"),
        ('I,II\n1,2\n"3,4\n5,6\n', "unreadable a.csv"),
        ("I,II\n1,2\n".encode("utf-16-le"), "not text"),
    ],
)
def test_what_is_no_recording_is_refused_in_one_line(
    content: str | bytes, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    for message in refusals(tmp_path, rate_hz=250):
        assert reason in message
        assert "\n" not in message


def labelled(root: Path, content: str | bytes) -> dict[str, list[str]]:
    raw = content.encode() if isinstance(content, str) else content
    (root / "labels.csv").write_bytes(raw)
    asked = folder(labels={"file": "labels.csv"})
    return {n: [s.label for s in _own.labels(root, n, asked)] for n in ("a", "b", "c")}


@pytest.mark.parametrize(
    "text",
    [
        "\nrecord,label\na,SR\nb,AF\n",
        " \n\nrecord,label\na,SR\n\nb,AF\n",
        "sep=;\nrecord;label\na;SR\nb;AF\n",
        "SEP=,\nrecord,label\na,SR\nb,AF\n",
        'record,label\n"a","SR"\nb,AF\n',
        "record\tlabel\ra\tSR\rb\tAF\r",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_tables_of_other_programs(text: str, encoding: str, tmp_path: Path) -> None:
    assert labelled(tmp_path, text.encode(encoding)) == {"a": ["SR"], "b": ["AF"], "c": []}
    look = folder_look.table(tmp_path / "labels.csv", ["a", "b"])
    assert (look.record, look.label, dict(look.counts)) == ("record", "label", {"SR": 1, "AF": 1})


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252", "utf-16"])
def test_labels_keep_their_letters(encoding: str, tmp_path: Path) -> None:
    text = "record,label\na,Fl\u00fcgel\n"
    assert labelled(tmp_path, text.encode(encoding))["a"] == ["Fl\u00fcgel"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('record,label\na,"SR\nb,AF\n', "a quote is not closed"),
        ('record,label\na,"SR\nb,AF"\nc,SR\n', "a quote is not closed"),
        ('record,label,"note\na,SR,x\n', "a quote is not closed"),
        ('record,label\na,"S"R\n', "a quote ends before its cell does"),
        ("record,label\na," + "x" * 200_000 + "\nb,AF\n", "a cell is too long"),
        ("record,label,more" + "x" * 200_000 + "\na,SR,1\n", "a cell is too long"),
        ("record,label\na,S\0R\n", "is not text"),
    ],
)
def test_rows_that_can_not_be_told_apart_refuse_the_table(
    text: str, reason: str, tmp_path: Path
) -> None:
    for read in (
        lambda: labelled(tmp_path, text),
        lambda: folder_look.table(tmp_path / "labels.csv", ["a", "b"]),
    ):
        with pytest.raises(ValueError, match=reason) as caught:
            read()
        assert not isinstance(caught.value, UnfitError)  # not a recording's fault
        assert str(caught.value).startswith("labels.csv")
        assert len(str(caught.value)) < 200


def test_times_of_labels_have_a_comma_where_cells_do_not_end_with_it(tmp_path: Path) -> None:
    asked = folder(labels=TIMES)
    rows = "record;from;to;label\na;0,0;10,5;SR\na;10,5;20.25;AF\n"
    (tmp_path / "labels.csv").write_text(rows)
    spans = [(0, 10.5, "SR"), (10.5, 20.25, "AF")]
    assert [tuple(span) for span in _own.labels(tmp_path, "a", asked)] == spans
    (tmp_path / "labels.csv").write_text('record,from,to,label\na,"0,0",10,SR\n')
    with pytest.raises(UnfitError, match="labels of no time: '0,0' to '10'"):
        _own.labels(tmp_path, "a", asked)
