"""Every record is accepted, or quarantined with its reason; the digest is of what can be used."""

import dataclasses
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wfdb
from tiny_database import (
    NAMES,
    Tiny,
    fetch,
    http_servers,
    mirror_of,
    paths,
    reasons,
    write_hashes,
    write_lists,
    write_record,
)

from cardiograft.datasets import _wfdb
from cardiograft.physionet.manifest import lost, summary
from cardiograft.records import Record
from cardiograft.specs.download import Download


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return mirror_of(tmp_path / "mirror")


@pytest.fixture
def served() -> Iterator[Callable[[Path], str]]:
    with http_servers() as serve:
        yield serve


Plant = Callable[[Path], None]


def _edit(root: Path, old: str, new: str) -> None:
    path = root / "101.hea"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _missing_lead(root: Path) -> None:
    _edit(root, "MLII", "III")
    _edit(root, "V5", "V2")


def _gaps(root: Path, *leads: int, samples: int = 60) -> None:
    samples_TC = wfdb.rdrecord(str(root / "101")).p_signal
    samples_TC[:samples, leads] = np.nan
    wfdb.wrsamp(
        "101",
        fs=360,
        units=["mV", "mV"],
        sig_name=["MLII", "V5"],
        p_signal=samples_TC,
        fmt=["212", "212"],
        adc_gain=[200, 200],
        baseline=[0, 0],
        write_dir=str(root),
    )


PLANTS: dict[str, tuple[Plant, str]] = {
    "no header": (lambda r: (r / "101.hea").unlink(), "missing file: 101.hea"),
    "no signal": (lambda r: (r / "101.dat").unlink(), "missing file: 101.dat"),
    "no marks": (lambda r: (r / "101.atr").unlink(), "missing file: 101.atr"),
    "empty header": (lambda r: (r / "101.hea").write_bytes(b""), "unreadable header: it is empty"),
    "noise for a header": (
        lambda r: (r / "101.hea").write_bytes(bytes(range(128, 256)) * 3),
        "unreadable header",
    ),
    "page for a header": (
        lambda r: (r / "101.hea").write_text("<html>404</html>"),
        "HTML page: 101.hea",
    ),
    "fewer signals": (
        lambda r: _edit(r, "101 2", "101 3"),
        "unreadable header: 2 signals or segments, it states 3",
    ),
    "odd format": (
        lambda r: _edit(r, " 212 200", " 213 200"),
        "unreadable header: no signal can be used: format 213",
    ),
    "short signal": (
        lambda r: os.truncate(r / "101.dat", 1199),
        "truncated signal: 101.dat has 1199 of 1200 bytes",
    ),
    "rate 0": (lambda r: _edit(r, " 360 ", " 0 "), "absurd sampling rate: 0 Hz"),
    "rate below 0": (lambda r: _edit(r, " 360 ", " -360 "), "absurd sampling rate: -360 Hz"),
    "rate nan": (lambda r: _edit(r, " 360 ", " nan "), "absurd sampling rate: nan Hz"),
    "rate 1e9": (lambda r: _edit(r, " 360 ", " 1e9 "), "absurd sampling rate: 1e9 Hz"),
    "lead": (_missing_lead, "no wanted lead: has III, V2; MLII or V5"),
    "gaps": (lambda r: _gaps(r, 0, 1), "non-finite samples: 15.0% of MLII"),
    "name up": (lambda r: _edit(r, "101.dat", "../101.dat"), "unsafe name: the name '../101.dat'"),
    "name absolute": (lambda r: _edit(r, "101.dat", "/etc/passwd"), "unsafe name: "),
    "name of another system": (lambda r: _edit(r, "101.dat", "..\\101.dat"), "unsafe name: "),
}


def test_a_record_in_two_listed_folders_counts_once(mirror: Path, tmp_path: Path) -> None:
    root = mirror / "tiny" / "1.0.0"
    for folder in ("again", "other"):
        shutil.copytree(root / "sub", root / folder)
    write_record(root, "other/rec_1", seed=9)  # the name alone makes no copy
    write_lists(root, (*NAMES, "again/rec_1", "other/rec_1"))
    whose = {"subject": lambda _, record: record.rpartition("/")[2]}
    manifest = fetch(mirror, tmp_path / "data", Tiny(**whose))
    assert reasons(manifest) == {
        **dict.fromkeys((*NAMES, "other/rec_1")),
        "again/rec_1": "listed twice: the same as sub/rec_1",
    }
    of_two = fetch(mirror, tmp_path / "people")  # folders are people: which one's is not known
    assert set(reasons(of_two).values()) == {None}


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("hashed", [True, False])
def test_a_record_is_quarantined_with_its_reason(
    mirror: Path, tmp_path: Path, plant: str, hashed: bool
) -> None:
    root = mirror / "tiny" / "1.0.0"
    act, reason = PLANTS[plant]
    act(root)
    (root / "SHA256SUMS.txt").unlink()
    if hashed:
        write_hashes(root)
    if plant == "page for a header" and hashed:
        reason = "unreadable header"  # it is what the mirror says it is
    manifest = fetch(mirror, tmp_path / "data")
    reason_of = reasons(manifest)
    assert reason_of.pop("101", "").startswith(reason)
    assert reason_of == {"100": None, "sub/rec_1": None}
    assert str(tmp_path) not in json.dumps(manifest["records"])


def by_the_formats_definition(root: Path, record: str) -> Record:
    return _wfdb.read_record("tiny", root, record, subject=record, mains_hz=50)


@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        ("gone", "lead left out: V5, no signal file 101b.dat beside its header"),
        ("short", "lead left out: V5, truncated signal: 101b.dat has 10 of 800 bytes"),
        ("other bytes", "wrong hash: 101b.dat"),
    ],
)
def test_a_second_signal_file_costs_its_own_leads(
    mirror: Path, tmp_path: Path, act: str, outcome: str
) -> None:
    root = mirror / "tiny" / "1.0.0"
    lines = [f"{name} 16 200/mV 16 0 0 0 0" for name in ("101.dat", "101b.dat")]
    (root / "101.hea").write_text(f"101 2 360 400\n{lines[0]} MLII\n{lines[1]} V5\n")
    for name in ("101.dat", "101b.dat"):
        (root / name).write_bytes(bytes(range(200)) * 4)
    if act == "short":
        os.truncate(root / "101b.dat", 10)
    write_hashes(root)
    if act == "gone":
        (root / "101b.dat").unlink()
    if act == "other bytes":
        (root / "101b.dat").write_bytes(bytes(800))
    dataset = Tiny(read=by_the_formats_definition)
    manifest = fetch(mirror, tmp_path / "data", dataset)
    row = next(r for r in manifest["records"] if r["name"] == "101")
    if act == "other bytes":  # never read, though it is there
        assert row["reason"].startswith(outcome)
    else:
        assert (row["status"], row["leads"]) == ("accepted", ["MLII"])
        assert row["notes"][0] == outcome


def test_fewer_gaps_than_the_limit_are_let_through(mirror: Path, tmp_path: Path) -> None:
    _gaps(mirror / "tiny" / "1.0.0", 0, 1)
    write_hashes(mirror / "tiny" / "1.0.0")
    assert reasons(fetch(mirror, tmp_path / "data", max_nonfinite=0.15))["101"] is None


@pytest.mark.parametrize("dead", [0, 1])
@pytest.mark.parametrize("wanted", [("MLII", "V5"), ("MLII",), ()])
def test_a_dead_lead_beside_a_good_one_quarantines_nothing(
    mirror: Path, tmp_path: Path, dead: int, wanted: tuple[str, ...]
) -> None:
    """Which lead is asked for, entries of `segments` know: they get the limit to judge by."""
    _gaps(mirror / "tiny" / "1.0.0", dead, samples=400)
    write_hashes(mirror / "tiny" / "1.0.0")
    manifest = fetch(mirror, tmp_path / "data", Tiny(WANTED=wanted), max_nonfinite=0.25)
    assert reasons(manifest)["101"] is None
    assert manifest["max_nonfinite"] == 0.25


def test_a_record_of_dead_leads_alone_is_quarantined(mirror: Path, tmp_path: Path) -> None:
    _gaps(mirror / "tiny" / "1.0.0", 0, 1, samples=400)
    write_hashes(mirror / "tiny" / "1.0.0")
    for most in (0.1, 1.0):
        manifest = fetch(mirror, tmp_path / f"{most}", max_nonfinite=most)
        assert reasons(manifest)["101"] == "non-finite samples: 100.0% of MLII"


def test_a_file_that_fails_its_hash_quarantines_its_record(
    mirror: Path, tmp_path: Path, served: Any
) -> None:
    root = mirror / "tiny" / "1.0.0"
    body = bytearray((root / "101.dat").read_bytes())
    body[100] ^= 1
    (root / "101.dat").write_bytes(body)
    for number, way in enumerate((mirror, served(mirror))):
        manifest = fetch(way, tmp_path / f"{number}")
        assert reasons(manifest)["101"] == "wrong hash: 101.dat"
        assert not list((tmp_path / f"{number}").rglob("101.dat*"))


def test_a_run_whose_every_record_is_quarantined_stops(mirror: Path, tmp_path: Path) -> None:
    root = mirror / "tiny" / "1.0.0"
    (root / "100.dat").unlink()
    with pytest.raises(ValueError, match="no record can be used: no wanted lead 2, missing file 1"):
        fetch(mirror, tmp_path / "data", Tiny(WANTED=("SCG",)))


def test_a_header_checksum_rejects_nothing(mirror: Path, tmp_path: Path) -> None:
    root = mirror / "tiny" / "1.0.0"
    lines = (root / "101.hea").read_text().splitlines()
    words = lines[1].split()
    words[6] = str(int(words[6]) + 1)
    (root / "101.hea").write_text("\n".join([lines[0], " ".join(words), *lines[2:]]) + "\n")
    write_hashes(root)
    assert reasons(fetch(mirror, tmp_path / "data"))["101"] is None


def test_the_digest_is_of_accepted_recordings_alone(mirror: Path, tmp_path: Path) -> None:
    root = mirror / "tiny" / "1.0.0"
    digests = [fetch(mirror, tmp_path / "0")["digest"]]
    (root / "notes.txt").write_text("a file that no record needs")
    write_hashes(root)
    digests.append(fetch(mirror, tmp_path / "1")["digest"])
    write_record(root, "100", seed=9)
    write_hashes(root)
    digests.append(fetch(mirror, tmp_path / "2")["digest"])
    assert digests[0] == digests[1] != digests[2]


def _surplus(root: Path, count: int) -> None:
    with (root / "101.dat").open("ab") as file:
        file.write(bytes(count))


@pytest.mark.parametrize("network", [True, False])
def test_a_signal_longer_than_its_header_states_needs_a_hash(
    mirror: Path, tmp_path: Path, served: Any, network: bool
) -> None:
    root, way = mirror / "tiny" / "1.0.0", served(mirror) if network else mirror
    _surplus(root, 300)
    write_hashes(root)
    manifest = fetch(way, tmp_path / "vouched")
    assert reasons(manifest)["101"] is None
    assert [row["samples"] for row in manifest["records"]] == [400] * 3
    (root / "SHA256SUMS.txt").unlink()
    fault = "surplus signal: 101.dat has 1500 bytes, its header states 1200"
    assert reasons(fetch(way, tmp_path / "data")) == {"100": None, "101": fault, "sub/rec_1": None}


def test_padding_to_whole_words_is_no_surplus(mirror: Path, tmp_path: Path) -> None:
    root = mirror / "tiny" / "1.0.0"
    (root / "SHA256SUMS.txt").unlink()
    _surplus(root, 3)
    assert reasons(fetch(mirror, tmp_path / "0"))["101"] is None
    _surplus(root, 1)
    assert "has 1204 bytes" in reasons(fetch(mirror, tmp_path / "1"))["101"]


def test_segments_that_share_a_file_are_no_surplus(mirror: Path, tmp_path: Path) -> None:
    root = mirror / "tiny" / "1.0.0"
    (root / "SHA256SUMS.txt").unlink()
    (root / "both.dat").write_bytes((root / "100.dat").read_bytes() * 2)
    for name, start in (("one", ""), ("two", "+1200")):
        lines = (root / "100.hea").read_text().replace("100.dat 212", f"both.dat 212{start}")
        (root / f"{name}.hea").write_text(lines.replace("100 2", f"{name} 2"))
    (root / "long.hea").write_text("long/2 2 360 800\none 400\ntwo 400\n")
    (root / "RECORDS").write_text("long\n")
    manifest = fetch(mirror, tmp_path / "data", Tiny(ANNOTATORS=()))
    assert "surplus" not in str(reasons(manifest))


def _keep(root: Path, *names: str) -> None:
    """Cut SHA256SUMS.txt to the lines of some files."""
    lines = (root / "SHA256SUMS.txt").read_text().splitlines()
    kept = [line for line in lines if line.split()[1] in names]
    (root / "SHA256SUMS.txt").write_text("\n".join(kept))


@pytest.mark.parametrize("network", [True, False])
def test_files_without_a_hash_are_counted_and_said(
    mirror: Path, tmp_path: Path, served: Any, network: bool
) -> None:
    root, way = mirror / "tiny" / "1.0.0", served(mirror) if network else mirror
    manifest = fetch(way, tmp_path / "0")
    assert manifest["hashes"] == {"listed": True, "malformed": 0, "unverified": 0}
    assert summary(manifest).endswith(" MB")
    _keep(root, "RECORDS", "100.dat", "100.hea", "101.dat")
    with (root / "SHA256SUMS.txt").open("a") as sums:
        sums.write("\nnonsense\n")
    manifest = fetch(way, tmp_path / "1")
    assert manifest["hashes"] == {"listed": True, "malformed": 1, "unverified": 6}
    unverified = [f["path"] for f in manifest["files"] if not f["verified"]]
    assert len(unverified) == 7
    assert "; 6 of 10 files unverified by SHA256SUMS.txt; 1 lines" in summary(manifest)
    (root / "SHA256SUMS.txt").unlink()
    manifest = fetch(way, tmp_path / "2")
    assert manifest["hashes"] == {"listed": False, "malformed": 0, "unverified": 10}
    assert "; no SHA256SUMS.txt: all 10 files are unverified" in summary(manifest)


@pytest.mark.parametrize("text", ["", "\n\n", "Please log in\n"])
@pytest.mark.parametrize("network", [True, False])
def test_a_list_of_hashes_without_one_is_refused(
    mirror: Path, tmp_path: Path, served: Any, network: bool, text: str
) -> None:
    (mirror / "tiny" / "1.0.0" / "SHA256SUMS.txt").write_text(text)
    way = served(mirror) if network else mirror
    with pytest.raises(ValueError, match=r"1\.0\.0/SHA256SUMS\.txt: SHA256SUMS\.txt lists no hash"):
        fetch(way, tmp_path / "data")


def test_a_folder_of_records_is_found_where_the_hashes_leave_it_out(
    mirror: Path, tmp_path: Path, served: Any
) -> None:
    root = mirror / "tiny" / "1.0.0"
    (root / "RECORDS").write_text("100\n101\nsub\n")
    (root / "sub" / "RECORDS").write_text("rec_1\n")
    write_hashes(root)
    _keep(root, "RECORDS", "100.dat")
    manifest = fetch(served(mirror), tmp_path / "data")
    assert reasons(manifest) == dict.fromkeys(("100", "101", "sub/rec_1"))
    assert "sub/RECORDS" in paths(manifest)


@pytest.mark.parametrize(
    ("records", "option", "stops"),
    [
        (("100", "101"), None, True),
        (("100", "101"), "refused", True),
        (("100", "101"), "allowed", False),
        (("100", "sub/rec_1"), None, False),
        (3, None, False),
        (3, "refused", True),
        (None, None, False),
        (None, "refused", True),
    ],
)
@pytest.mark.parametrize("how", ["missing", "quarantined"])
def test_records_that_are_named_must_all_be_there(
    mirror: Path, tmp_path: Path, records: Any, option: Any, stops: bool, how: str
) -> None:
    root = mirror / "tiny" / "1.0.0"
    if how == "missing":
        (root / "101.dat").unlink()
        reason = "101 (missing file: 101.dat)"
    else:
        _missing_lead(root)
        write_hashes(root)
        reason = "101 (no wanted lead: has III, V2; MLII or V5)"
    manifest = fetch(mirror, tmp_path / "data", records=records)
    line = lost(manifest, Download(dataset="tiny", records=records, lost=option))
    assert (line is not None) == stops
    if line:
        count = len(manifest["records"])
        assert line.startswith(f"tiny: 1 of {count} records that config asks for can't be used: ")
        assert reason in line
        assert line.endswith("Take them out of `records`, or say `lost: allowed` there")


def test_many_lost_records_are_one_line_of_some(mirror: Path, tmp_path: Path) -> None:
    root, names = mirror / "tiny" / "1.0.0", (*NAMES, *(f"r{n:02}" for n in range(14)))
    write_lists(root, names)
    manifest = fetch(mirror, tmp_path / "data", records=names)
    line = lost(manifest, Download(dataset="tiny", records=names)) or ""
    assert line.count("missing file") == 10
    assert " and 4 more. " in line


class Noting(Tiny):
    """A data set whose reader has something to say about each record."""

    def read(self, root: Path, record: str) -> Record:
        return dataclasses.replace(super().read(root, record), notes=("marks beyond the end: 3",))


def test_what_a_reader_notes_is_in_the_manifest_and_its_summary(
    mirror: Path, tmp_path: Path
) -> None:
    manifest = fetch(mirror, tmp_path / "data", Noting())
    assert [row["notes"] for row in manifest["records"]] == [["marks beyond the end: 3"]] * 3
    assert summary(manifest).endswith("; noted: marks beyond the end 3")
    assert "noted" not in summary(fetch(mirror, tmp_path / "other"))


def test_a_lead_at_another_rate_counts_as_a_lead(mirror: Path, tmp_path: Path) -> None:
    """One that is dead at the one rate, one that is good at the other."""

    class Two(Tiny):
        def read(self, root: Path, record: str) -> Record:
            one = super().read(root, record)
            dead_CT = np.full_like(one.signal_CT[:1], np.nan)
            return dataclasses.replace(one, signal_CT=dead_CT, leads=("RESP",), beside=(one,))

    manifest = fetch(mirror, tmp_path / "data", Two())
    assert set(reasons(manifest).values()) == {None}
    assert manifest["records"][0]["leads"] == ["RESP", "MLII", "V5"]
