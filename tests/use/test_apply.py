"""A trained network on new recordings: the workflow's own figures, in files that others open."""

import json
import runpy
import shutil
import sys
import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import in_use
import numpy as np
import pandas as pd
import pytest
import wfdb
from in_use import Trained

from cardiograft.checkpoints.file import read_checkpoint, write_checkpoint
from cardiograft.datasets import _stream_csv
from cardiograft.datasets._stream_wfdb import open_wfdb
from cardiograft.files import read_json
from cardiograft.specs.own_folder import OwnFolder
from cardiograft.use import command, recordings
from cardiograft.use.apply import Report, apply
from cardiograft.use.marks import Marker
from cardiograft.use.model import load
from cardiograft.use.signal_file import SignalFile

ROOT = Path(__file__).parents[2]
CLASSES = ("beats", "detected", "windows")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Trained]:
    made: dict[str, Trained] = {}

    def model(kind: str) -> Trained:
        if kind not in made:
            made[kind] = in_use.trained(kind, tmp_path_factory.mktemp(kind))
        return made[kind]

    return model


def used(
    model: Path, records: list[Path], out: Path, piece_s: float = 3600.0, **changes: Any
) -> Report:
    about = {"path": ".", "subject": "record", "mains_hz": 60, "name": "mitdb", **changes}
    folder = OwnFolder.model_validate(about)
    return apply(load(model), records, out, folder=folder, piece_s=piece_s)


def probabilities(table: pd.DataFrame) -> pd.DataFrame:
    return table.set_index("id").filter(like="p_")


def everything(out: Path) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(file) for file in sorted(out.rglob("*.parquet"))])


@pytest.mark.parametrize("kind", CLASSES)
def test_probabilities_are_the_workflows(
    models: Callable[[str], Trained], kind: str, tmp_path: Path
) -> None:
    case = models(kind)
    annotator = {"annotator": "atr"} if kind == "beats" else {}
    used(case.model, [case.root], tmp_path, **annotator)
    ours, theirs = probabilities(everything(tmp_path)), case.predicted
    known = ours.loc[theirs.id_N.tolist()].to_numpy()
    assert len(theirs.id_N) > 100
    np.testing.assert_allclose(known, theirs.score_NK, rtol=1e-5, atol=1e-6)
    # of a window or a beat without a label the workflow predicts nothing
    assert set(theirs.id_N) <= set(ours.index)


def test_predicted_signals_are_the_workflows(
    models: Callable[[str], Trained], tmp_path: Path
) -> None:
    case = models("signal")
    used(case.model, [case.root], tmp_path, name="chest", mains_hz=50)
    ours, theirs = everything(tmp_path).set_index("id"), case.predicted
    known = np.stack(ours.loc[theirs.id_N.tolist(), "score"].to_list())
    assert len(theirs.id_N) > 100
    np.testing.assert_allclose(known, theirs.score_NK, rtol=1e-4, atol=1e-5)


def test_real_recordings_have_the_workflows_probabilities(
    models: Callable[[str], Trained], physionet: Path, tmp_path: Path
) -> None:
    """One in which V5 stands for the lead that it lacks, one with many ventricular beats."""
    case, root = models("beats"), physionet / "mitdb" / "1.0.0"
    segments = in_use.cut("beats", root, tmp_path / "segments", ("102", "106"), label=None)
    spec = read_checkpoint(case.model / "model.safetensors").about["spec"]
    theirs = in_use.workflow(
        in_use.Pretrain.model_validate(spec),
        segments,
        in_use.split(tmp_path / "split.parquet", segments),
        case.model,
        tmp_path,
    )
    records = [root / "102", root / "106"]
    report = used(case.model, records, tmp_path / "out", annotator="atr")
    ours = probabilities(everything(tmp_path / "out")).loc[theirs.id_N.tolist()]
    assert len(theirs.id_N) > 4000
    np.testing.assert_allclose(ours.to_numpy(), theirs.score_NK, rtol=1e-5, atol=1e-6)
    assert list(report.taken["102"]["lead"]) == ["V5"]


def test_other_tools_open_the_beats(models: Callable[[str], Trained], tmp_path: Path) -> None:
    case = models("beats")
    used(case.model, [case.root / "208"], tmp_path, annotator="atr")
    table, annotation = pd.read_csv(tmp_path / "208.csv"), wfdb.rdann(str(tmp_path / "208"), "pred")
    assert annotation.fs == 360
    assert annotation.sample.tolist() == table["beat"].tolist()
    assert annotation.symbol == table["predicted"].tolist()
    truth = wfdb.rdann(str(case.root / "208"), "atr")
    beats = truth.sample[np.isin(truth.symbol, list("NVSFAQ"))]
    assert np.isin(annotation.sample, beats).all()
    written = pd.read_parquet(tmp_path / "208.parquet")
    shown = table.filter(like="p_").to_numpy(dtype=np.float32)
    assert (shown == written.filter(like="p_").to_numpy()).all()


def test_detected_beats_are_marked_at_their_peaks(
    models: Callable[[str], Trained], tmp_path: Path
) -> None:
    case = models("detected")
    used(case.model, [case.root / "106"], tmp_path)
    truth = wfdb.rdann(str(case.root / "106"), "atr")
    beats = truth.sample[np.isin(truth.symbol, list("NV"))]
    peak_N = pd.read_parquet(tmp_path / "106.parquet")["beat"].to_numpy()
    apart_N = np.abs(peak_N[:, None] - beats).min(axis=1)
    assert np.mean(apart_N < 0.05 * 360) > 0.95


def test_rhythms_are_spans(models: Callable[[str], Trained], tmp_path: Path) -> None:
    case = models("windows")
    used(case.model, [case.root / "119"], tmp_path)
    annotation = wfdb.rdann(str(tmp_path / "119"), "pred")
    table = pd.read_parquet(tmp_path / "119.parquet")
    assert set(annotation.symbol) == {"+"}
    assert annotation.sample[0] == table["start"][0] == 0
    assert annotation.aux_note[0].rstrip("\0") == f"({table['predicted'][0]}"
    assert annotation.aux_note[-1].rstrip("\0") == ")"
    assert annotation.sample[-1] == table["start"].iloc[-1] + 4 * 360


def test_marks_stand_where_the_class_changes() -> None:
    marker = Marker("quality")
    marks = [*marker.add([0, 10, 20, 50], [10, 20, 30, 60], ["high", "low", "low", "low"])]
    assert [(m.sample, m.symbol, m.note) for m in [*marks, *marker.finish()]] == [
        (0, "~", "high"),
        (10, "~", "low"),
        (30, "~", "unjudged"),  # nobody is to take the gap for one of the class before it
        (50, "~", "low"),
        (60, "~", "unjudged"),
    ]
    note = Marker("note")
    notes = [*note.add([0, 10, 40], [10, 20, 50], ["A", "A", "B"]), *note.finish()]
    expected = [(0, "A"), (20, "unjudged"), (40, "B"), (50, "unjudged")]
    assert [(m.sample, m.symbol, m.note) for m in notes] == [(at, '"', one) for at, one in expected]
    rhythm = Marker("rhythm")
    spans = [*rhythm.add([0, 30], [10, 40], ["N", "N"]), *rhythm.finish()]
    assert [(m.sample, m.note) for m in spans] == [(0, "(N"), (10, ")"), (30, "(N"), (40, ")")]
    assert [*Marker("beat").add([5], [6], ["odd"])] == [(5, '"', "odd")]


def test_other_tools_open_a_predicted_ecg(models: Callable[[str], Trained], tmp_path: Path) -> None:
    case = models("signal")
    used(case.model, [case.root / "P1"], tmp_path, name="chest", mains_hz=50)
    record = wfdb.rdrecord(str(tmp_path / "P1"))
    assert (record.fs, record.sig_name, record.units) == (125, ["II"], ["NU"])
    # the last two seconds are in no second window, the first in no other
    table = pd.read_parquet(tmp_path / "P1.parquet")
    first_T = np.asarray(table["score"][0])[:250]
    step = np.nanmax(np.abs(record.p_signal)) / 32000
    np.testing.assert_allclose(record.p_signal[:250, 0], first_T, atol=step)
    assert record.sig_len == int((table["start_s"].iloc[-1] + 4) * 125)


def test_windows_that_overlap_are_averaged(tmp_path: Path) -> None:
    window_NDT = np.stack([np.full((1, 4), 1.0), np.full((1, 4), 3.0), np.full((1, 4), 5.0)])
    with SignalFile(tmp_path / "x", ["II"], ["1"], Fraction(125)) as file:
        file.add(np.array([0, 2]), window_NDT[:2].astype(np.float32), settled=3)
        file.add(np.array([8]), window_NDT[2:].astype(np.float32), settled=12)
    signal_T = wfdb.rdrecord(str(tmp_path / "x")).p_signal[:, 0]
    expected = [1, 1, (2 * 1 + 1 * 3) / 3, (1 * 1 + 2 * 3) / 3, 3, 3, np.nan, np.nan, 5, 5, 5, 5]
    np.testing.assert_allclose(signal_T, expected, atol=2e-4)


def test_a_recording_that_does_not_fit_is_refused_and_others_go_on(
    models: Callable[[str], Trained], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case, odd = models("windows"), tmp_path / "odd"
    shutil.copytree(case.root, odd)
    time_s = np.arange(2000) / 50
    in_use.write_wfdb(odd, "other", np.stack([np.sin(time_s)] * 2), leads=("V1", "V2"))
    in_use.write_wfdb(odd, "slow", np.stack([np.sin(time_s)] * 2), leads=("V5", "V2"), rate_hz=50)
    in_use.write_wfdb(odd, "short", np.stack([np.sin(time_s)[:99]] * 2), leads=("V5", "V2"))
    (odd / "RECORDS").write_text("106\nother\nslow\nshort\ngone\n")
    report = used(case.model, [odd], tmp_path / "out")
    assert list(report.taken) == ["106"]
    assert report.refused["other"] == (
        "no lead MLII|V5 (it has V1, V2): say which stands for it, as in --lead 'MLII=NAME'"
    )
    assert "40 is not below half of the rate 50 Hz" in report.refused["slow"]
    assert report.refused["short"] == "no segment: shorter than a window 1"
    assert "no header" in report.refused["gone"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        *("106.csv", "106.parquet", "106.pred", "summary.json")
    ]
    assert read_json(tmp_path / "out" / "summary.json")["refused"] == report.refused
    assert "other: refused: no lead" in capsys.readouterr().err


def test_what_a_former_run_predicted_of_a_recording_refused_now_is_removed(
    models: Callable[[str], Trained], tmp_path: Path
) -> None:
    """Else a reader takes it for this run's. What is not such a prediction stays."""
    case, own, out = models("windows"), tmp_path / "own", tmp_path / "out"
    shutil.copytree(case.root, own)
    used(case.model, [own / "106"], out)
    pd.DataFrame({"a": [1]}).to_parquet(out / "119.parquet")
    for name in ("106", "119"):
        (own / f"{name}.dat").write_bytes(b"")
        (out / f"{name}.dat").write_bytes(b"mine")
    report = used(case.model, [own / "106", own / "119"], out)
    assert report.refused["106"].endswith("; its predictions of a former run are removed")
    assert "former" not in report.refused["119"]
    assert sorted(p.name for p in out.iterdir()) == [
        *("106.dat", "119.dat", "119.parquet", "summary.json")
    ]


def test_units_that_a_network_can_not_take_are_refused(
    models: Callable[[str], Trained], tmp_path: Path
) -> None:
    signal_CT = np.random.default_rng(0).standard_normal((1, 5000))
    for name, unit in (("mmHg", "mmHg"), ("g", "g")):
        in_use.write_wfdb(tmp_path, name, signal_CT, leads=["SCG z"], units=[unit])
    model = models("signal").model
    report = used(model, [tmp_path / "mmHg", tmp_path / "g"], tmp_path / "out", name="chest")
    assert report.refused == {"mmHg": "SCG z: unit 'mmHg' can't become m/s2"}
    assert list(report.taken) == ["g"]


def test_a_unit_that_no_file_says_is_asked_for(
    models: Callable[[str], Trained], tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("MLII\n" + "".join(f"{v:.4f}\n" for v in np.sin(np.arange(6000) / 50)))
    model = models("windows").model
    report = used(model, [file], tmp_path / "out", rate_hz=250)
    assert report.refused == {"a": "MLII: unknown unit '': say what values are in, as in --unit mV"}
    assert used(model, [file], tmp_path / "out", rate_hz=250, unit="mV").taken


def test_a_lead_by_another_name_is_taken_and_said(
    models: Callable[[str], Trained], tmp_path: Path
) -> None:
    case = models("windows")
    for end in ("dat", "hea"):
        shutil.copy(case.root / f"106.{end}", tmp_path)
    header = tmp_path / "106.hea"
    header.write_text(header.read_text().replace("MLII", "II").replace("V1", "V2"))
    report = used(case.model, [tmp_path / "106"], tmp_path / "out", leads={"MLII": ["II"]})
    assert list(report.taken["106"]["lead"]) == ["MLII"]
    assert report.taken["106"]["notes"] == ["lead by another name: II is taken as MLII"]


@pytest.mark.parametrize("kind", ["detected", "windows"])
def test_a_long_recording_in_pieces_is_the_whole(
    models: Callable[[str], Trained], kind: str, tmp_path: Path
) -> None:
    """Filters and beats have a minute to settle; what is the recording's own is the piece's."""
    case = models(kind)
    in_use.mitdb.simulate(tmp_path / "raw", ("233",), 0, duration_s=1000.0)
    tables = []
    for piece_s in (3600.0, 200.0):
        out = tmp_path / f"{piece_s:g}"
        used(case.model, [tmp_path / "raw" / "233"], out, piece_s)
        tables.append(pd.read_parquet(out / "233.parquet"))
    whole, parted = (probabilities(table) for table in tables)
    assert parted.index.is_unique
    assert tables[1]["start"].is_monotonic_increasing
    if kind == "windows":
        assert parted.index.tolist() == whole.index.tolist()
        np.testing.assert_allclose(parted, whole, atol=1e-3)
        return
    common = whole.index.intersection(parted.index)
    assert len(common) > 0.99 * max(len(whole), len(parted))
    # the median beat and the median interval are of 200 s, not of 1000 s
    assert np.abs(parted.loc[common] - whole.loc[common]).median().max() < 0.02


@pytest.mark.parametrize("rate_hz", [360, 300])
def test_windows_that_begin_anew_do_so_at_gaps_alone(
    models: Callable[[str], Trained], rate_hz: int, tmp_path: Path
) -> None:
    """Gaps in the first piece, over the border of the second and third, and in margins."""
    case = models("anew")
    signal_CT = np.random.default_rng(0).standard_normal((1, 1000 * rate_hz)).cumsum(axis=1)
    signal_CT -= signal_CT.mean()
    gaps = ((50.3, 1.7), (380.1, 0.9), (399.4, 2.33), (530.77, 5.1), (801.0, 1.0))
    for second, lasting in gaps:
        signal_CT[0, int(second * rate_hz) : int((second + lasting) * rate_hz)] = np.nan
    in_use.write_wfdb(tmp_path, "holed", signal_CT / 1000, leads=("MLII",), rate_hz=rate_hz)
    tables = []
    for piece_s in (3600.0, 200.0):
        out = tmp_path / f"{piece_s:g}"
        used(case.model, [tmp_path / "holed"], out, piece_s)
        tables.append(probabilities(pd.read_parquet(out / "holed.parquet")))
    whole, parted = tables
    assert parted.index.tolist() == whole.index.tolist()
    np.testing.assert_allclose(parted, whole, atol=1e-3)


def test_memory_does_not_grow_with_the_length(
    models: Callable[[str], Trained], tmp_path: Path
) -> None:
    case = models("windows")
    in_use.mitdb.simulate(tmp_path / "raw", ("106",), 0, duration_s=600.0)
    signal_TC = wfdb.rdrecord(str(tmp_path / "raw" / "106")).p_signal
    peaks = {}
    for repeats, piece_s in ((1, 120.0), (9, 120.0), (9, 86_400.0)):
        signal_CT = np.tile(signal_TC, (repeats, 1)).T
        in_use.write_wfdb(tmp_path, f"x{repeats}", signal_CT, leads=("MLII", "V1"), rate_hz=360)
        del signal_CT
        tracemalloc.start()
        used(case.model, [tmp_path / f"x{repeats}"], tmp_path / "out", piece_s)
        peaks[repeats, piece_s] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peaks[9, 120.0] < 1.1 * peaks[1, 120.0]
    assert peaks[9, 86_400.0] > 2 * peaks[9, 120.0]


@pytest.mark.parametrize("record", ["106", "odd"])
def test_a_stretch_is_read_as_in_the_whole(
    models: Callable[[str], Trained], record: str, tmp_path: Path
) -> None:
    """In format 212, two samples in three bytes, and of three segments strung together."""
    root = models("beats").root
    if record == "odd":
        root = _strung(tmp_path)
    stream = open_wfdb(root, record)
    whole_CT = stream.read(0, stream.frames)[0]
    for first, count in ((0, 7), (1001, 3333), (stream.frames - 5, 5)):
        part_CT = stream.read(first, count)[0]
        np.testing.assert_array_equal(part_CT, whole_CT[:, first : first + count])


@pytest.mark.parametrize(("format_", "kind"), [("8", "i1"), ("61", ">i2"), ("160", "<u2")])
def test_a_stretch_of_a_format_that_nobody_writes(format_: str, kind: str, tmp_path: Path) -> None:
    """Differences (8), bytes the other way round (61), an offset (160): by their definition."""
    stored_TC = np.random.default_rng(1).integers(-100, 100, (500, 2))
    (tmp_path / "r.dat").write_bytes(
        (stored_TC + (2**15 if format_ == "160" else 0)).astype(kind).tobytes()
    )
    start = [30, -20] if format_ == "8" else [0, 0]
    lines = [f"r.dat {format_} 100 12 0 {start[c]} 0 0 {lead}" for c, lead in enumerate(("I", "V"))]
    (tmp_path / "r.hea").write_text("r 2 250 500\n" + "\n".join(lines) + "\n")
    value_TC = np.cumsum(stored_TC, axis=0) + start if format_ == "8" else stored_TC
    stream = open_wfdb(tmp_path, "r")
    for first, count in ((0, 500), (97, 3), (499, 1)):
        read_CT = stream.read(first, count)[0]
        np.testing.assert_allclose(read_CT.T, value_TC[first : first + count] / 100, rtol=1e-6)


@pytest.mark.parametrize("suffix", ["hea", "csv"])
def test_predictions_are_not_written_over_recordings(
    models: Callable[[str], Trained], suffix: str, tmp_path: Path
) -> None:
    case = models("windows")
    signal_TC = wfdb.rdrecord(str(case.root / "106")).p_signal
    if suffix == "csv":
        pd.DataFrame(signal_TC, columns=["MLII [mV]", "V1 [mV]"]).to_csv(tmp_path / "a.csv")
    else:
        in_use.write_wfdb(tmp_path, "a", signal_TC.T, leads=("MLII", "V1"), rate_hz=360)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(ValueError, match=r"is read, and would be written over: name another --out"):
        used(case.model, [tmp_path / f"a.{suffix}"], tmp_path, rate_hz=360)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def _strung(root: Path) -> Path:
    random = np.random.default_rng(0)
    for name, samples in (("a", 2000), ("b", 3000)):
        signal_CT = random.standard_normal((2, samples))
        in_use.write_wfdb(root, name, signal_CT, leads=("I", "II"), units=("mV", "mV"))
    (root / "odd.hea").write_text("odd/3 2 250 6000\na 2000\n~ 1000\nb 3000\n")
    return root


def test_edf_is_read_too(models: Callable[[str], Trained], tmp_path: Path) -> None:
    library = pytest.importorskip("pyedflib", reason="pyedflib reads EDF files: extra `edf`")
    case = models("windows")
    signal_TC = wfdb.rdrecord(str(case.root / "106")).p_signal
    head = {"dimension": "mV", "sample_frequency": 360, "digital_min": -32768, "digital_max": 32767}
    limits = {"physical_min": -8, "physical_max": 8}
    with library.EdfWriter(str(tmp_path / "106.edf"), 1) as file:
        file.setSignalHeaders([{**head, **limits, "label": "ECG MLII"}])
        file.writeSamples([signal_TC[:, 0].copy()])
    used(case.model, [tmp_path / "106.edf"], tmp_path / "edf", 60.0)
    used(case.model, [case.root / "106"], tmp_path / "wfdb")
    ours, theirs = (probabilities(everything(tmp_path / kind)) for kind in ("edf", "wfdb"))
    assert ours.index.tolist() == theirs.index.tolist()
    np.testing.assert_allclose(ours, theirs, atol=0.01)  # of 0.24 µV a step


def test_csv_is_read_too(models: Callable[[str], Trained], tmp_path: Path) -> None:
    case = models("windows")
    signal_TC = wfdb.rdrecord(str(case.root / "106")).p_signal
    frame = pd.DataFrame(signal_TC, columns=["MLII [mV]", "V1 [mV]"])
    frame.to_csv(tmp_path / "106.csv", index=False)
    used(case.model, [tmp_path / "106.csv"], tmp_path / "csv", rate_hz=360)
    used(case.model, [case.root / "106"], tmp_path / "wfdb")
    ours, theirs = (probabilities(everything(tmp_path / kind)) for kind in ("csv", "wfdb"))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("clock", [{"rate_hz": 250}, {"time": "at"}])
def test_a_large_csv_file_is_read_as_a_small_one(
    clock: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some rows at a time, with a gap longer than these, a column of text and missing cells."""
    monkeypatch.setattr(_stream_csv, "ROWS", 64)
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.standard_normal((500, 2)), columns=["II [mV]", "ecg 2"])
    frame["at [ms]"] = 4.0 * np.arange(500) + 7
    frame["note"] = ["", *["x"] * 499]
    frame.iloc[10:20, 0] = np.nan
    if "time" in clock:
        frame = frame.drop(index=range(100, 330))
    frame.to_csv(tmp_path / "a.csv", index=False)
    content = {"path": ".", "subject": "record", "mains_hz": 50, **clock}
    folder = OwnFolder.model_validate(content)
    (recording,) = recordings.find([tmp_path / "a.csv"], folder)
    small = recordings.opened(recording, folder)
    monkeypatch.setattr(recordings, "LARGE_CSV", 0)
    large = recordings.opened(recording, folder)
    assert (large.frames, large.groups) == (small.frames, small.groups)
    assert large.frames == 500
    assert large.notes == small.notes == ("lead left out: note holds what is no number",)
    for first, count in ((0, 500), (90, 300)):
        np.testing.assert_array_equal(large.read(first, count)[0], small.read(first, count)[0])


def test_an_older_card_needs_the_shards_beside_it(
    models: Callable[[str], Trained], tmp_path: Path
) -> None:
    case = models("windows")
    old = tmp_path / "alone" / "pretrain" / "windows" / "0"
    shutil.copytree(case.model, old)
    checkpoint = read_checkpoint(old / "model.safetensors")
    del checkpoint.about["segments"]
    write_checkpoint(checkpoint, old / "model.safetensors")
    with pytest.raises(ValueError, match=r"does not say how recordings were cut .*--segments"):
        load(old)
    assert load(old, case.segments).spec == load(case.model).spec
    shutil.copytree(case.segments, tmp_path / "alone" / "segments" / "windows")
    assert load(old).spec == load(case.model).spec
    with pytest.raises(ValueError, match="not the segments that"):
        load(old, models("beats").segments)


def test_a_card_says_how_recordings_were_cut(models: Callable[[str], Trained]) -> None:
    case = models("windows")
    windows = read_json(case.model / "card.json")["segments"]["windows"]
    assert windows["spec"]["cut"]["options"]["window_s"] == 4
    assert (windows["channels"], windows["rate_hz"]) == (["MLII|V5"], 125)


@pytest.mark.parametrize("how", ["command", "script"])
def test_the_command_ends_as_it_went(
    models: Callable[[str], Trained],
    how: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    case = models("windows")
    bad = tmp_path / "bad.hea"
    bad.write_text("bad 1 360 100\nbad.dat 16 200 0 0 0 0 0 II\n")

    def called() -> None:
        if how == "command":
            command.main()
        else:
            runpy.run_path(str(ROOT / "workflow/scripts/apply.py"), run_name="__main__")

    def ended(*words: str | Path) -> str:
        line = [str(case.model), *map(str, words), "--out", str(tmp_path / how)]
        name = "cardiograft" if how == "command" else "apply.py"
        monkeypatch.setattr(sys, "argv", [name, *(["apply"] if how == "command" else []), *line])
        with pytest.raises(SystemExit) as end:
            called()
        assert end.value.code == 1
        return capsys.readouterr().err

    output = ended(case.root / "106", bad)
    assert "takes MLII or else V5 at 125 Hz, cut by windows" in output
    assert "SIMULATED" in output
    assert "bad: refused: " in output
    assert "1 of 2 recordings: 0.03 h in " in output
    assert (tmp_path / how / "106.csv").is_file()
    assert "nothing: no such recording" in ended("nothing")
    assert "--lead 'II': expected LEAD=NAME" in ended(case.root / "106", "--lead", "II")
    assert "rate_hz: -1" in ended(case.root / "106", "--rate-hz", "-1")


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ("recognise_transform", "recognise what was done to a signal"),
        ("predict_features", "measurements that can be taken of a signal itself"),
    ],
)
def test_a_pretext_task_says_nothing_of_a_recording(
    task: str, reason: str, pretrained: Any
) -> None:
    model = pretrained(task=task)
    checkpoint = read_checkpoint(model / "model.safetensors")
    content = json.loads(json.dumps(checkpoint.about["segments"]))
    content["toy"]["spec"] = {
        "database": "db",
        "dataset": "mitdb",
        "signal": {"leads": ["II"]},
        "rate_hz": 125,
        "cut": "kachuee",
    }
    checkpoint.about["segments"] = content
    write_checkpoint(checkpoint, model / "model.safetensors")
    with pytest.raises(ValueError, match=reason):
        load(model)
