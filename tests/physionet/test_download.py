"""The stage as it is run: simulated and real recordings go one way, to one manifest."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import scripts
import wfdb
from tiny_database import Tiny, fetch, http_servers, mirror_of, paths, reasons, sha256, tree

from cardiograft import plugins
from cardiograft.specs.download import Download


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The stage's script, with a tiny data set for any name."""
    monkeypatch.setattr(plugins, "load", lambda kind, name: Tiny())
    return scripts.load("download")


@pytest.fixture
def served() -> Iterator[Callable[[Path], str]]:
    with http_servers() as serve:
        yield serve


def test_simulated_recordings_go_the_same_way(script: ModuleType, tmp_path: Path) -> None:
    out, data = tmp_path / "tiny.json", tmp_path / "data"
    spec = Download(dataset="tiny", records=2, simulate={"level": 0.5}, seed=3, content="simulated")
    script.download(spec, "simulated", data, out, 2)
    manifest = json.loads(out.read_text())
    assert manifest["simulated"] is True
    assert reasons(manifest) == {"100": None, "101": None}
    assert all(f["verified"] for f in manifest["files"] if f["path"] != "SHA256SUMS.txt")
    root = Path(manifest["root"])
    assert root.is_relative_to(data / "simulated")
    assert root.parts[-2:] == ("tiny", "1.0.0")
    first = tree(root)
    script.download(spec, "simulated", data, out, 2)
    assert (tree(root), json.loads(out.read_text())) == (first, manifest)


def test_two_simulations_never_mix(script: ModuleType, tmp_path: Path) -> None:
    manifests = []
    for changed in ({}, {"seed": 4}, {"records": 1}, {"simulate": {"level": 0.25}}):
        fields = {"records": 3, "simulate": {"level": 0.5}, "seed": 3, **changed}
        spec = Download(dataset="tiny", content="simulated", **fields)
        script.download(spec, "simulated", tmp_path / "data", tmp_path / "m.json", 2)
        manifests.append(json.loads((tmp_path / "m.json").read_text()))
    for manifest in manifests:
        for file in manifest["files"]:
            assert sha256(Path(manifest["root"], file["path"])) == file["sha256"]
    assert len({m["digest"] for m in manifests}) == 4


def test_a_record_that_can_not_be_simulated_is_an_error(script: ModuleType, tmp_path: Path) -> None:
    spec = Download(dataset="tiny", records=("10",), simulate={}, seed=3)
    with pytest.raises(ValueError, match="no record '10'"):
        script.download(spec, "simulated", tmp_path, tmp_path / "m.json", 2)


@pytest.mark.parametrize(("mirror_", "options"), [("simulated", None), ("/tmp", {"level": 0.5})])
def test_mirror_and_spec_must_agree(
    script: ModuleType, tmp_path: Path, mirror_: str, options: dict[str, Any] | None
) -> None:
    spec = Download(dataset="tiny", simulate=options, seed=0 if options else None)
    with pytest.raises(ValueError, match=r"mirror: .* contradicts simulate"):
        script.download(spec, mirror_, tmp_path, tmp_path / "m.json", 1)


@pytest.mark.parametrize("option", [None, "allowed"])
def test_a_named_record_that_is_lost_stops_the_stage(
    script: ModuleType, tmp_path: Path, option: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror = mirror_of(tmp_path / "mirror")
    (mirror / "tiny" / "1.0.0" / "101.dat").unlink()
    out = tmp_path / "m.json"
    spec = Download(dataset="tiny", records=("100", "101"), lost=option)
    if option:
        script.download(spec, str(mirror), tmp_path / "data", out, 1)
        assert "1 of 2 records" in capsys.readouterr().err
        return
    with pytest.raises(ValueError, match=r"tiny: 1 of 2 .*: 101 \(missing file: 101\.dat\)\."):
        script.download(spec, str(mirror), tmp_path / "data", out, 1)
    assert not out.exists()
    assert (tmp_path / "data" / "tiny" / "1.0.0" / "100.dat").exists()


def test_what_is_unverified_is_said_on_the_console(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror, spec = mirror_of(tmp_path / "mirror"), Download(dataset="tiny")
    sums = mirror / "tiny" / "1.0.0" / "SHA256SUMS.txt"
    sums.write_text(sums.read_text().splitlines()[0])
    script.download(spec, str(mirror), tmp_path / "data", tmp_path / "m.json", 1)
    assert "9 of 10 files unverified by SHA256SUMS.txt" in capsys.readouterr().err
    sums.unlink()
    script.download(spec, str(mirror), tmp_path / "data", tmp_path / "m.json", 1)
    output = capsys.readouterr().err
    assert "no SHA256SUMS.txt: all 10 files are unverified" in output
    sums.touch()
    with pytest.raises(ValueError, match=r"SHA256SUMS\.txt lists no hash \(empty\)"):
        script.download(spec, str(mirror), tmp_path / "data", tmp_path / "m.json", 1)


def test_two_downloads_at_once_both_end_right(tmp_path: Path, served: Any) -> None:
    mirror = mirror_of(tmp_path / "mirror")
    code = (
        f"import sys; sys.path[:0] = [{str(scripts.FOLDER)!r}, {str(Path(__file__).parents[1])!r}];"
        "from pathlib import Path; from tiny_database import Tiny; from cardiograft import plugins;"
        "plugins.load = lambda kind, name: Tiny(); import download;"
        "from cardiograft.specs.download import Download;"
        "download.download(Download(dataset='tiny'), sys.argv[1], Path(sys.argv[2]),"
        " Path(sys.argv[3]), 4)"
    )
    way, data = served(mirror), tmp_path / "data"
    outs = [tmp_path / f"{n}.json" for n in range(3)]
    runs = [
        subprocess.Popen([sys.executable, "-c", code, way, str(data), str(out)]) for out in outs
    ]
    assert [run.wait(120) for run in runs] == [0, 0, 0]
    manifests = [json.loads(out.read_text()) for out in outs]
    assert manifests[0] == manifests[1] == manifests[2]
    assert set(reasons(manifests[0]).values()) == {None}
    assert tree(data / "tiny" / "1.0.0") == tree(mirror / "tiny" / "1.0.0")


def test_the_script_shows_its_help() -> None:
    shown = subprocess.run(
        [sys.executable, scripts.FOLDER / "download.py", "--help"], capture_output=True, text=True
    )
    assert shown.returncode == 0
    assert "--mirror" in shown.stdout


@pytest.mark.recordings
def test_real_mitdb_by_directory_and_by_http(
    physionet: Path, tmp_path: Path, served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifests = []
    for way in (str(physionet), served(physionet)):
        place = tmp_path / str(len(manifests))
        place.mkdir()
        monkeypatch.chdir(place)
        manifests.append(fetch(way, Path("data"), Tiny("mitdb"), records=("100", "102", "114")))
    assert manifests[0] == manifests[1]
    assert reasons(manifests[0]) == dict.fromkeys(("100", "102", "114"))
    assert [row["samples"] for row in manifests[0]["records"]] == [650_000] * 3
    assert all(f["verified"] for f in manifests[0]["files"] if f["path"] != "SHA256SUMS.txt")


@pytest.mark.recordings
def test_real_ecgiddb_whose_checksums_are_wrong_is_accepted(
    physionet: Path, tmp_path: Path
) -> None:
    names = ("Person_13/rec_2", "Person_26/rec_3", "Person_72/rec_3", "Person_83/rec_1")
    facts = Tiny("ecgiddb", WANTED=("ECG I",))
    manifest = fetch(physionet, tmp_path, facts, records=names)
    assert reasons(manifest) == dict.fromkeys(names)
    root = physionet / "ecgiddb" / "1.0.0"
    stored = wfdb.rdrecord(str(root / names[0]), physical=False)
    assert stored.calc_checksum() != stored.checksum


@pytest.mark.recordings
def test_real_ptbdb_with_folders_and_two_files_a_record(physionet: Path, tmp_path: Path) -> None:
    manifest = fetch(physionet, tmp_path, Tiny("ptbdb", WANTED=("ii",), ANNOTATORS=()))
    assert set(reasons(manifest).values()) == {None}
    assert len(manifest["records"]) == 6
    assert sum(p.endswith(".xyz") for p in paths(manifest)) == 6
    assert not any(file["verified"] for file in manifest["files"])


@pytest.mark.recordings
def test_real_nstdb_that_was_cut(physionet: Path, tmp_path: Path) -> None:
    facts = Tiny("nstdb", WANTED=(), ANNOTATORS=())
    assert len(fetch(physionet, tmp_path, facts, records=("em", "118e_6"))["records"]) == 2


@pytest.mark.parametrize(
    "wrong", [{"records": ()}, {"records": 0}, {"simulate": {}}, {"seed": 1}, {"max_nonfinite": 2}]
)
def test_a_spec_that_contradicts_itself_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Download(dataset="mitdb", **wrong)
