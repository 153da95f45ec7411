"""A database is fetched whole, or as far as asked for, from every kind of mirror."""

import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer
from tiny_database import (
    NAMES,
    Tiny,
    fetch,
    http_servers,
    mirror_of,
    paths,
    reasons,
    sha256,
    tree,
    write_hashes,
    write_lists,
    write_record,
)

from cardiograft.physionet import collect, own
from cardiograft.physionet.collect import locked


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return mirror_of(tmp_path / "mirror")


@pytest.fixture
def served() -> Iterator[Callable[[Path], str]]:
    with http_servers() as serve:
        yield serve


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], str]]:
    """Puts directories into an S3 bucket that anyone may read."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    httpx.post(f"http://{host}:{port}/moto-api/reset")  # servers of one process share buckets
    client = boto3.client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.create_bucket(Bucket="recordings", ACL="public-read-write")

    def put(folder: Path) -> str:
        for path in folder.rglob("*"):
            if path.is_file():
                key = f"open/{path.relative_to(folder).as_posix()}"
                client.put_object(
                    Bucket="recordings", Key=key, Body=path.read_bytes(), ACL="public-read"
                )
        return "s3://recordings/open"

    yield put
    client.close()
    server.stop()


def test_the_manifest_says_what_was_fetched(mirror: Path, tmp_path: Path) -> None:
    manifest = fetch(mirror, tmp_path / "data")
    names = [f"{n}.{e}" for n in NAMES for e in ("atr", "dat", "hea")]
    assert paths(manifest) == sorted([*names, "RECORDS", "SHA256SUMS.txt"])
    source = mirror / "tiny" / "1.0.0"
    for file in manifest["files"]:
        assert file["sha256"] == sha256(source / file["path"])
        assert file["bytes"] == (source / file["path"]).stat().st_size
        assert file["verified"] == (file["path"] != "SHA256SUMS.txt")
    assert manifest["records"][2] == {
        "name": "sub/rec_1",
        "subject": "sub",
        "status": "accepted",
        "reason": None,
        "leads": ["MLII", "V5"],
        "rate_hz": 360.0,
        "samples": 400,
        "notes": [],
    }


def test_every_kind_of_mirror_gives_the_same_manifest(
    mirror: Path, tmp_path: Path, served: Any, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifests = []
    for number, way in enumerate((mirror, served(mirror), bucket(mirror))):
        (tmp_path / str(number)).mkdir()
        monkeypatch.chdir(tmp_path / str(number))
        manifests.append(json.dumps(fetch(way, Path("data"))))
    assert manifests[0] == manifests[1] == manifests[2]
    assert len({tree(tmp_path / str(n) / "data") for n in range(3)}) == 1


def test_s3_without_hashes_or_with_a_missing_file(
    mirror: Path, tmp_path: Path, bucket: Any
) -> None:
    root = mirror / "tiny" / "1.0.0"
    (root / "SHA256SUMS.txt").unlink()
    (root / "101.dat").unlink()
    manifest = fetch(bucket(mirror), tmp_path / "data")
    assert reasons(manifest) == {"100": None, "101": "missing file: 101.dat", "sub/rec_1": None}
    assert not any(file["verified"] for file in manifest["files"])
    again = fetch("s3://recordings/open", tmp_path / "data")
    assert again == manifest


def test_s3_resumes_a_part(mirror: Path, tmp_path: Path, bucket: Any) -> None:
    source, root = mirror / "tiny" / "1.0.0", tmp_path / "data" / "tiny" / "1.0.0"
    (source / "SHA256SUMS.txt").unlink()
    root.mkdir(parents=True)
    whole = (source / "100.dat").read_bytes()
    (root / "100.dat.part").write_bytes(bytes(500))  # unlike the file, to be known again
    (root / "100.dat.part.from").write_text(f'"{hashlib.md5(whole).hexdigest()}"')
    fetch(bucket(mirror), tmp_path / "data")
    assert (root / "100.dat").read_bytes() == bytes(500) + whole[500:]


def test_s3_drops_a_part_that_fails_its_hash(mirror: Path, tmp_path: Path, bucket: Any) -> None:
    root = tmp_path / "data" / "tiny" / "1.0.0"
    root.mkdir(parents=True)
    (root / "101.dat.part").write_bytes(b"of something else")
    assert set(reasons(fetch(bucket(mirror), tmp_path / "data")).values()) == {None}


def test_s3_never_splices_two_versions(mirror: Path, tmp_path: Path, bucket: Any) -> None:
    (mirror / "tiny" / "1.0.0" / "SHA256SUMS.txt").unlink()
    root = tmp_path / "data" / "tiny" / "1.0.0"
    root.mkdir(parents=True)
    (root / "100.dat.part").write_bytes(bytes(500))
    (root / "100.dat.part.from").write_text('"0123456789abcdef0123456789abcdef"')
    fetch(bucket(mirror), tmp_path / "data")
    assert sha256(root / "100.dat") == sha256(mirror / "tiny" / "1.0.0" / "100.dat")


def test_a_bucket_that_is_not_there_is_one_line(tmp_path: Path, bucket: Any) -> None:
    with pytest.raises(ValueError, match=r"s3://absent/tiny/1\.0\.0/RECORDS: answered 404"):
        fetch("s3://absent", tmp_path / "data")


def test_a_mirror_without_the_database_is_one_line(tmp_path: Path, served: Any) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"http.*/tiny/1\.0\.0/RECORDS: answered 404 "):
        fetch(served(tmp_path / "empty"), tmp_path / "data")
    with pytest.raises(ValueError, match=r"empty/tiny/1\.0\.0/RECORDS: missing file"):
        fetch(tmp_path / "empty", tmp_path / "data")


@pytest.mark.parametrize("records", [2, ("101", "100")])
def test_a_limit_fetches_only_those(
    mirror: Path, tmp_path: Path, records: int | tuple[str, ...]
) -> None:
    manifest = fetch(mirror, tmp_path / "data", records=records)
    assert [row["name"] for row in manifest["records"]] == ["100", "101"]
    kept = {p.name for p in (tmp_path / "data").rglob("*") if p.is_file()}
    assert kept == {*(f"{n}.{e}" for n in (100, 101) for e in ("atr", "dat", "hea"))} | {
        "RECORDS",
        "SHA256SUMS.txt",
    }


def test_a_record_that_is_not_listed_is_an_error(mirror: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"tiny: no record 'sub/rec1' .* mean 'sub/rec_1'"):
        fetch(mirror, tmp_path / "data", records=("100", "sub/rec1"))


class Counted(str):
    """A name that counts how often it is looked at."""

    looks = 0

    def __hash__(self) -> int:
        Counted.looks += 1
        return super().__hash__()

    def __eq__(self, other: object) -> bool:
        Counted.looks += 1
        return super().__eq__(other)


@pytest.mark.parametrize("of_a_folder", [False, True])
def test_naming_every_record_costs_in_proportion(
    monkeypatch: pytest.MonkeyPatch, of_a_folder: bool
) -> None:
    names = tuple(Counted(f"{number:04d}") for number in range(1000))
    monkeypatch.setattr(Counted, "looks", 0)
    if of_a_folder:
        chosen = own._requested("tiny", names, names[::-1])
    else:
        chosen = collect._requested(iter(names), names[::-1], "tiny")
    assert list(map(str, chosen)) == [f"{number:04d}" for number in range(1000)]
    assert Counted.looks < 20 * len(names)


def test_extras_come_with_any_limit_and_must_be_there(mirror: Path, tmp_path: Path) -> None:
    root = mirror / "tiny" / "1.0.0"
    with pytest.raises(ValueError, match=r"labels\.csv: missing file"):
        fetch(mirror, tmp_path / "data", Tiny(EXTRAS=("labels.csv",)), records=1)
    before = fetch(mirror, tmp_path / "data", records=1)["digest"]
    (root / "labels.csv").write_text("100,N\n")
    after = fetch(mirror, tmp_path / "data", Tiny(EXTRAS=("labels.csv",)), records=1)
    assert "labels.csv" in paths(after)
    assert after["digest"] != before


@pytest.mark.parametrize("hashed", [True, False])
@pytest.mark.parametrize("slash", ["/", ""])
@pytest.mark.parametrize("network", [True, False])
def test_records_within_records(
    mirror: Path, tmp_path: Path, served: Any, hashed: bool, slash: str, network: bool
) -> None:
    root = mirror / "tiny" / "1.0.0"
    (root / "sub" / "deep").mkdir()
    write_record(root, "sub/deep/rec_2")
    (root / "RECORDS").write_text(f"100\nsub{slash}\n101\n")
    (root / "sub" / "RECORDS").write_text(f"rec_1\ndeep{slash}\n")
    (root / "sub" / "deep" / "RECORDS").write_text("rec_2\n")
    (root / "SHA256SUMS.txt").unlink()
    if hashed:
        write_hashes(root)
    way = served(mirror) if network else mirror
    manifest = fetch(way, tmp_path / "data")
    assert reasons(manifest) == dict.fromkeys(("100", "sub/rec_1", "sub/deep/rec_2", "101"))
    limited = fetch(way, tmp_path / "few", records=2)
    assert list(reasons(limited)) == ["100", "sub/rec_1"]
    assert "sub/deep/RECORDS" not in paths(limited)
    named = fetch(way, tmp_path / "named", records=("sub/deep/rec_2",))
    assert list(reasons(named)) == ["sub/deep/rec_2"]


def test_records_without_end_are_an_error(mirror: Path, tmp_path: Path) -> None:
    root = mirror / "tiny" / "1.0.0"
    (root / "loop").symlink_to(root)
    (root / "RECORDS").write_text("loop/\n")
    with pytest.raises(ValueError, match="too deep"):
        fetch(mirror, tmp_path / "data")


@pytest.mark.parametrize("name", ["../../../victim", "/etc/victim", "a\\b", "C:x"])
@pytest.mark.parametrize("list_", ["RECORDS", "SHA256SUMS.txt"])
def test_a_list_that_leads_outside_is_an_error(
    mirror: Path, tmp_path: Path, list_: str, name: str
) -> None:
    root = mirror / "tiny" / "1.0.0"
    (tmp_path / "victim").write_text("mine")
    line = name if list_ == "RECORDS" else f"{'a' * 64} {name}"
    (root / list_).write_text(f"{line}\n")
    with pytest.raises(ValueError, match="may lead outside the data folder"):
        fetch(mirror, tmp_path / "data")
    assert (tmp_path / "victim").read_text() == "mine"


def test_records_that_fail_their_hash_are_an_error_on_a_network(
    mirror: Path, tmp_path: Path, served: Any
) -> None:
    root = mirror / "tiny" / "1.0.0"
    (root / "RECORDS").write_text("100\n")
    with pytest.raises(ValueError, match=r"RECORDS: not the bytes that SHA256SUMS\.txt lists"):
        fetch(served(mirror), tmp_path / "data")


def test_a_directory_may_hold_a_cut_database(
    mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = mirror / "tiny" / "1.0.0"
    (root / "RECORDS").write_text("100\n")
    manifest = fetch(mirror, tmp_path / "data")
    assert reasons(manifest) == {"100": None}
    assert [f["verified"] for f in manifest["files"] if f["path"] == "RECORDS"] == [False]
    assert "RECORDS is not the one that SHA256SUMS.txt lists" in capsys.readouterr().err


def test_names_that_differ_in_case_alone_need_a_disk_that_tells_them_apart(
    mirror: Path, tmp_path: Path
) -> None:
    root = mirror / "tiny" / "1.0.0"
    for place, name in enumerate(("rec", "REC")):
        write_record(root, name, seed=place)
    write_lists(root, ("rec", "REC"))
    manifest = fetch(mirror, tmp_path / "data")
    assert reasons(manifest) == {"rec": None, "REC": None}
    by_path = {file["path"]: file["sha256"] for file in manifest["files"]}
    assert by_path["rec.dat"] != by_path["REC.dat"]
    folding = tmp_path / "folding" / "tiny" / "1.0.0"
    folding.mkdir(parents=True)
    (folding / "records").symlink_to("RECORDS")
    with pytest.raises(ValueError, match="'rec' and 'REC' would be one file on this disk"):
        fetch(mirror, tmp_path / "folding")


def test_a_record_in_segments_brings_them_along(mirror: Path, tmp_path: Path) -> None:
    root = mirror / "tiny" / "1.0.0"
    (root / "long.hea").write_text("long/2 2 360 800\n100 400\n101 400\n")
    (root / "RECORDS").write_text("long\n")
    write_hashes(root)
    manifest = fetch(mirror, tmp_path / "data", Tiny(ANNOTATORS=()))
    assert reasons(manifest) == {"long": None}
    assert {"100.dat", "101.hea", "101.dat"} < set(paths(manifest))
    (root / "101.dat").unlink()
    with pytest.raises(ValueError, match="missing file 1"):
        fetch(mirror, tmp_path / "again", Tiny(ANNOTATORS=()))


def test_a_data_set_without_headers_names_its_files(mirror: Path, tmp_path: Path) -> None:
    root = mirror / "tiny" / "1.0.0"
    shutil.rmtree(root / "sub")
    (root / "RECORDS").unlink()

    def files(_: Path, record: str) -> tuple[str, ...]:
        return (f"{record}.hea", f"{record}.dat")

    manifest = fetch(mirror, tmp_path / "data", Tiny(files=files))
    gone = "missing file: sub/rec_1.hea"
    assert reasons(manifest) == {"100": None, "101": None, "sub/rec_1": gone}


def test_a_file_of_the_database_may_list_its_records(mirror: Path, tmp_path: Path) -> None:
    root = mirror / "tiny" / "1.0.0"
    (root / "RECORDS").unlink()
    (root / "sheet.csv").write_text("101\n100\n")

    def files(_: Path, record: str) -> tuple[str, ...]:
        return (f"{record}.hea", f"{record}.dat")

    def listed(root: Path) -> tuple[str, ...]:
        return tuple((root / "sheet.csv").read_text().split())

    tiny = Tiny(files=files, listed=listed, EXTRAS=("sheet.csv",))
    assert list(reasons(fetch(mirror, tmp_path / "data", tiny))) == ["101", "100"]


def test_two_downloads_take_turns(mirror: Path, tmp_path: Path) -> None:
    root = tmp_path / "data" / "tiny" / "1.0.0"
    order = []

    def other() -> None:
        with locked(root):
            order.append("second")

    with locked(root):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
