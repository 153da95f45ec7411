"""Every record is accepted, or quarantined with its reason; the digest is of what can be used."""

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wfdb
from tiny_database import Tiny, fetch, http_servers, mirror_of, reasons, write_hashes, write_record

from cardiograft.physionet.manifest import summary
from cardiograft.records import Record


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
    found = reasons(manifest)
    assert found.pop("101", "").startswith(reason)
    assert found == {"100": None, "sub/rec_1": None}
    assert str(tmp_path) not in json.dumps(manifest["records"])


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
