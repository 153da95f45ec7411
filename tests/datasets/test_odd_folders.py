"""Folders as people have them: odd names, lost files, links in a circle, leads of one name."""

import hashlib
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from cardiograft.datasets import csv_folder, wfdb_folder
from cardiograft.physionet import own
from cardiograft.physionet.headers import UnfitError, read_header
from cardiograft.segments.write import write_segments
from cardiograft.specs.download import Download
from cardiograft.specs.own_folder import OwnFolder
from cardiograft.specs.segment import Segment
from cardiograft.use import folder_look

RATE_HZ, SAMPLES = 100, 1000
MISSING = -32768


def signal(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-900, 900, SAMPLES)


def record(root: Path, name: str, *leads: tuple[str, str, np.ndarray | None]) -> None:
    """Write a recording of leads (name, file, samples), one a file; None leaves the file out."""
    place = root / name
    place.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{place.name.rpartition('/')[2]} {len(leads)} {RATE_HZ} {SAMPLES}"]
    for lead, file, stored_T in leads:
        lines.append(f"{file} 16 1000(0)/mV 16 0 0 0 0 {lead}")
        if stored_T is not None:
            (place.parent / file).write_bytes(stored_T.astype("<i2").tobytes())
    place.with_name(f"{place.name}.hea").write_text("\n".join(lines) + "\n")


def plain(root: Path, name: str = "P1") -> Path:
    record(root, name, ("II", f"{Path(name).name}.dat", signal()))
    return root


def folder(root: Path, **changed: Any) -> OwnFolder:
    given = {"path": str(root), "name": "clinic", "subject": "record", "mains_hz": 50}
    return OwnFolder.model_validate(given | changed)


def manifest(
    root: Path, dataset: ModuleType = wfdb_folder, **changed: Any
) -> tuple[dict[str, Any], dict[str, str | None]]:
    """Return the manifest, and each recording's reason for being quarantined."""
    name = dataset.__name__.rpartition(".")[2]
    spec = Download(dataset=name, folder=folder(root, **changed))
    found = own.manifest_of(dataset, spec, folder(root, **changed))
    return found, {row["name"]: row["reason"] for row in found["records"]}


ODD = {
    "a\\b": "a\\b",
    "C:x": "C:x",
    "a\nb": "a\\nb",
    os.fsdecode(b"caf\xe9"): "caf\\udce9",
}


@pytest.mark.parametrize("odd", ODD, ids=ascii)
@pytest.mark.parametrize("dataset", [wfdb_folder, csv_folder], ids=lambda d: d.__name__[-11:])
def test_an_odd_name_costs_that_recording(odd: str, dataset: ModuleType, tmp_path: Path) -> None:
    options: dict[str, Any] = {}
    if dataset is wfdb_folder:
        plain(tmp_path)
        (tmp_path / f"{odd}.hea").write_bytes((tmp_path / "P1.hea").read_bytes())
    else:
        options = {"rate_hz": 100}
        for name in ("P1", odd):
            (tmp_path / f"{name}.csv").write_text("II [mV]\n1\n2\n")
    _, reasons = manifest(tmp_path, dataset, **options)
    assert reasons.pop("P1") is None
    ((name, reason),) = reasons.items()
    assert name == ODD[odd]
    assert str(reason).startswith("unsafe name")
    (name + str(reason)).encode()  # no console or page has to show half a letter
    look = folder_look.look(tmp_path, folder(tmp_path, **options))
    assert [one.name for one in look.seen] == ["P1"]
    assert list(look.faults) == [ODD[odd]]
    "".join((*look.faults, *look.faults.values())).encode()


def test_a_header_in_capitals_is_read(tmp_path: Path) -> None:
    plain(plain(tmp_path), "P3")
    (tmp_path / "P3.hea").rename(tmp_path / "P3.HEA")
    assert wfdb_folder.record_names(tmp_path, folder=folder(tmp_path)) == ("P1", "P3")
    _, reasons = manifest(tmp_path)
    assert reasons == {"P1": None, "P3": None}
    found = wfdb_folder.read(tmp_path, "P3", folder=folder(tmp_path))
    np.testing.assert_allclose(found.signal_CT[0], signal() / 1000, rtol=1e-6)
    assert {one.name for one in folder_look.look(tmp_path, folder(tmp_path)).seen} == {"P1", "P3"}


def test_a_link_to_nowhere_costs_nothing(tmp_path: Path) -> None:
    plain(tmp_path)
    (tmp_path / "P4.hea").symlink_to(tmp_path / "gone.hea")
    (tmp_path / "RECORDS").write_text("P1\nP4\n")
    _, reasons = manifest(tmp_path)
    assert reasons == {"P1": None, "P4": "missing file: P4.hea"}


def test_a_lost_file_costs_its_lead_alone(tmp_path: Path) -> None:
    record(tmp_path, "P1", ("II", "a.dat", signal()), ("V1", "lost.dat", None))
    found, reasons = manifest(tmp_path)
    assert reasons == {"P1": None}
    row = found["records"][0]
    assert row["leads"] == ["II"]
    assert row["notes"] == [
        "lead left out: V1, no signal file lost.dat beside its header",
    ]
    record(tmp_path, "P2", ("II", "gone.dat", None))
    _, reasons = manifest(tmp_path)
    assert reasons["P2"] == "missing file: gone.dat"


def test_a_lost_file_of_a_segment_costs_its_lead_there(tmp_path: Path) -> None:
    record(tmp_path, "a", ("II", "a.dat", signal(1)), ("V1", "av.dat", signal(2)))
    record(tmp_path, "b", ("II", "b.dat", signal(3)), ("V1", "lost.dat", None))
    (tmp_path / "P1.hea").write_text(f"P1/2 2 {RATE_HZ} {2 * SAMPLES}\na {SAMPLES}\nb {SAMPLES}\n")
    _, reasons = manifest(tmp_path)
    assert reasons == {"P1": None}
    found = wfdb_folder.read(tmp_path, "P1", folder=folder(tmp_path))
    expected_CT = np.array([[*signal(1), *signal(3)], [*signal(2), *[np.nan] * SAMPLES]]) / 1000
    np.testing.assert_allclose(found.signal_CT, expected_CT, rtol=1e-6)


def test_a_recording_that_is_a_segment_of_itself_is_not_passed_over(tmp_path: Path) -> None:
    plain(plain(tmp_path), "P2")
    (tmp_path / "P1.hea").write_text(
        f"P1/2 1 {RATE_HZ} {2 * SAMPLES}\nP1 {SAMPLES}\nP2 {SAMPLES}\n"
    )
    _, reasons = manifest(plain(tmp_path, "P3"))
    assert reasons.pop("P3") is None
    assert list(reasons) == ["P1"]
    assert "P1 is made of segments itself" in str(reasons["P1"])


def test_records_that_lists_oddly(tmp_path: Path) -> None:
    plain(plain(tmp_path), "sub/P3")
    (tmp_path / "RECORDS").write_text("./P1\n\n./sub/\n.\n../out\n/root\n")
    found = wfdb_folder.record_names(tmp_path, folder=folder(tmp_path))
    assert found == ("P1", "sub/P3", "../out", "/root")
    _, reasons = manifest(tmp_path)
    assert [name for name, reason in reasons.items() if reason is None] == ["P1", "sub/P3"]
    assert str(reasons["../out"]).startswith("unsafe name")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_texts_in_other_encodings(encoding: str, tmp_path: Path) -> None:
    plain(plain(plain(tmp_path), "P2"), "P3")
    mark = "\ufeff" if encoding == "utf-16-be" else ""  # Python writes the others' own
    good = hashlib.sha256((tmp_path / "P1.dat").read_bytes()).hexdigest()
    header = (tmp_path / "P3.hea").read_text().replace("/mV", "/\u00b5V")
    for name, text in {
        "RECORDS": "P1\r\nP2\r\nP3\r\n",
        "SHA256SUMS.txt": f"{good} P1.dat\r\n{'0' * 64} P2.dat\r\n",
        "labels.csv": "record,label\nP1,SR\n",
        "P3.hea": header,
    }.items():
        (tmp_path / name).write_bytes((mark + text).encode(encoding))
    found, reasons = manifest(tmp_path, labels={"file": "labels.csv"})
    assert reasons == {"P1": None, "P2": "wrong hash: P2.dat", "P3": None}
    assert [f["path"] for f in found["files"] if f["verified"]] == ["P1.dat"]
    read = wfdb_folder.read(tmp_path, "P3", folder=folder(tmp_path))
    assert (read.leads, read.units) == (("II",), ("\u00b5V",))
    np.testing.assert_allclose(read.signal_CT[0], signal() / 1000, rtol=1e-6)


def test_links_in_a_circle_list_a_recording_once(tmp_path: Path) -> None:
    plain(plain(tmp_path), "sub/P3")
    (tmp_path / "RECORDS").write_text("P1\nsub/\n")
    (tmp_path / "sub" / "RECORDS").write_text("P3\nup/\n")
    (tmp_path / "sub" / "up").symlink_to(tmp_path)
    assert wfdb_folder.record_names(tmp_path, folder=folder(tmp_path)) == ("P1", "sub/P3")


def segment(root: Path, out: Path, **changed: Any) -> tuple[str, np.ndarray]:
    """Return the line of a job that cuts windows of II, and the first one's samples."""
    import json

    import pyarrow.parquet as pq

    found, _ = manifest(root, **changed)
    spec = Segment(
        database="clinic",
        dataset="wfdb_folder",
        signal={"leads": ["II"], "scale": "none"},
        rate_hz=RATE_HZ,
        cut={"name": "windows", "window_s": 4},
    )
    line = write_segments(spec, found, out)
    rows = [r for p in sorted(out.glob("part*.parquet")) for r in pq.read_table(p).to_pylist()]
    assert json.loads((out / "summary.json").read_text())["segments"] == len(rows)
    return line, np.array(rows[0]["signal"]).ravel()


@pytest.mark.parametrize("first_dead", [True, False])
def test_an_alias_reaches_a_second_lead_of_its_name(first_dead: bool, tmp_path: Path) -> None:
    first = np.full(SAMPLES, MISSING) if first_dead else signal(1)
    root = tmp_path / "clinic"
    record(root, "P1", ("MLII", "a.dat", first), ("MLII", "b.dat", signal(2)))
    found = wfdb_folder.read(root, "P1", folder=folder(root, leads={"II": ["MLII"]}))
    assert found.leads == ("II", "II (2)")
    assert "lead by another name: MLII (2) is taken as II (2)" in found.notes
    line, window_T = segment(root, tmp_path / "out", leads={"II": ["MLII"]})
    expected_T = signal(2 if first_dead else 1)[: 4 * RATE_HZ] / 1000
    np.testing.assert_allclose(window_T, expected_T, atol=2e-3)  # half precision in shards
    assert f"of 2 II, number {2 if first_dead else 1} taken" in line


def test_a_recording_without_a_segment_is_named(tmp_path: Path) -> None:
    root = plain(tmp_path / "clinic", "long")
    short = signal()[:250]
    (root / "P1.dat").write_bytes(short.astype("<i2").tobytes())
    (root / "P1.hea").write_text("P1 1 100 250\nP1.dat 16 1000(0)/mV 16 0 0 0 0 II\n")
    line, _ = segment(root, tmp_path / "out")
    assert "no segment (1), such as P1: shorter than a window 1" in line
    summary = (tmp_path / "out" / "summary.json").read_text()
    assert '"P1: shorter than a window 1"' in summary


@pytest.mark.parametrize("gain", ["1e-400", "1e400", "0.00001e-100"])
def test_a_gain_that_no_number_holds_is_no_default(gain: str, tmp_path: Path) -> None:
    text = "r 2 100 4\nr.dat 16 {}/mV 16 0 0 0 0 I\nr.dat 16 100/mV 16 0 0 0 0 II\n"
    (tmp_path / "r.hea").write_text(text.format(gain))
    assert read_header(tmp_path, "r").lines[0].fault == "its gain is no number"
    (tmp_path / "r.hea").write_text(text.format("0e5"))
    line = read_header(tmp_path, "r").lines[0]
    assert (line.fault, line.gain, line.gain_stated) == (None, 200, False)


@pytest.mark.parametrize("rate", ["250.000000001", "249.999999999"])
def test_a_rate_that_was_computed_is_one_reading(rate: str, tmp_path: Path) -> None:
    plain(tmp_path)
    place = tmp_path / "P1.hea"
    place.write_text(place.read_text().replace(f" {RATE_HZ} ", f" {rate} "))
    found = wfdb_folder.read(tmp_path, "P1", folder=folder(tmp_path))
    assert float(found.rate_hz) == float(rate)


def test_rates_that_differ_in_the_last_digits_are_shown(tmp_path: Path) -> None:
    record(tmp_path, "a", ("II", "a.dat", signal()))
    text = (tmp_path / "a.hea").read_text().replace(" 100 ", " 100.00001 ")
    (tmp_path / "a.hea").write_text(text)
    (tmp_path / "P1.hea").write_text(f"P1/1 1 100 {SAMPLES}\na {SAMPLES}\n")
    with pytest.raises(UnfitError, match=r"a has 100\.00001 Hz, the recording 100 Hz"):
        wfdb_folder.read(tmp_path, "P1", folder=folder(tmp_path))
