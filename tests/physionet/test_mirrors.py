"""A mirror is checked before any job, and other bytes are told from the same bytes elsewhere."""

import hashlib
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tiny_database import http_servers

from cardiograft.physionet import mirrors
from cardiograft.physionet.collect import collect, transport
from cardiograft.physionet.fetch import Fetcher, Patience
from cardiograft.physionet.progress import Progress

FACTS: Any = SimpleNamespace(SLUG="tiny", VERSION="1.0.0", ANNOTATORS=("atr",), EXTRAS=())


def _database(base: Path, *, hashed: bool) -> Path:
    root = base / "tiny" / "1.0.0"
    root.mkdir(parents=True)
    for name in ("100", "101"):
        (root / f"{name}.hea").write_text(f"{name} 1 360 100\n{name}.dat 16 200\n")
        (root / f"{name}.dat").write_bytes(name.encode() * 100 + b"end")
        (root / f"{name}.atr").write_bytes(name.encode())
    (root / "RECORDS").write_text("100\n101\n")
    if hashed:
        _hash(root)
    return base


def _hash(root: Path) -> None:
    files = sorted(p for p in root.iterdir() if p.name != "SHA256SUMS.txt")
    rows = [f"{hashlib.sha256(p.read_bytes()).hexdigest()} {p.name}\n" for p in files]
    (root / "SHA256SUMS.txt").write_text("".join(rows))


@pytest.fixture
def served() -> Iterator[Callable[[Path], str]]:
    with http_servers() as serve:
        yield serve


def _content(mirror: Path | str, manifest: Path) -> str:
    return mirrors.content(str(mirror), "tiny", "1.0.0", manifest)


def _download(mirror: Path | str, data: Path, manifest: Path) -> str:
    """Do what planning and the job do together; return the spec's `content`."""
    content = _content(mirror, manifest)
    way = transport(str(mirror), slug="tiny", version="1.0.0", jobs=2)
    fetcher = Fetcher(way, data / "tiny" / "1.0.0", Progress(""), patience=Patience(first_s=0))
    collection = collect(fetcher, FACTS, None)
    if hasattr(way, "client"):
        way.client.close()
    refused = [
        {"path": n, "bytes": e.bytes, "sha256": e.sha256, "kind": e.kind}
        for n, e in collection.refused.items()
    ]
    written = {"slug": "tiny", "version": "1.0.0", "simulated": False, "content": content}
    written |= {
        "listing": collection.listing,
        "files": [vars(f) for f in collection.files.values()],
    }
    manifest.write_text(json.dumps(written | {"refused": refused}))
    return content


def test_a_mirror_that_can_be_used_passes(tmp_path: Path, served: Any) -> None:
    mirrors.check("simulated")
    mirrors.check(str(tmp_path))
    url = served(tmp_path)
    mirrors.check(url)
    mirrors.check(f"{url}/not/there/")  # any answer shows that the host is there


@pytest.mark.parametrize(
    ("mirror", "part"),
    [
        ("simulate", "no directory 'simulate'. Did you mean 'simulated'?"),
        ("", "no directory ''"),
        ("no/such/place", "no directory 'no/such/place'"),
        ("htps://physionet.org/files", "'htps://physionet.org/files' begins with 'htps'"),
        ("ftp://physionet.org", "begins with 'ftp'"),
        ("https://", "'https://' is not a URL"),
        ("https://a host/", "is not a URL"),
        ("https://host:port/", "can't be reached"),
        ("s3://", "names no bucket"),
        ("s3://Bucket_1/x", "names no bucket"),
    ],
)
def test_a_misspelt_mirror_is_one_line(mirror: str, part: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        mirrors.check(mirror)
    message = str(caught.value)
    assert message.startswith("mirror: ")
    assert part in message
    assert "accepted: 'simulated', 'https://host/path', 's3://bucket/prefix'" in message
    assert "\n" not in message


def test_a_file_is_no_mirror(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="is no directory"):
        mirrors.check(str(tmp_path / "file"))


def test_a_host_that_refuses_is_one_line() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ValueError, match=rf"mirror: 'http://127.0.0.1:{port}/' can't be reached"):
        mirrors.check(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("scheme", ["http", "s3"])
def test_a_host_that_never_answers_is_not_waited_for(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}")
        start_s = time.monotonic()
        with pytest.raises(ValueError, match="can't be reached"):
            mirrors.check(f"http://{host}" if scheme == "http" else "s3://recordings")
        assert time.monotonic() - start_s < 20  # two, on a machine with nothing else to do


def test_a_bucket_that_is_not_there_is_one_line(
    served: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", served(tmp_path))
    with pytest.raises(ValueError, match="there is no bucket 'recordings'"):
        mirrors.check("s3://recordings/open")
    (tmp_path / "recordings").mkdir()
    mirrors.check("s3://recordings/open")


def test_planning_imports_nothing_heavy() -> None:
    code = (
        "import sys; from cardiograft.physionet import mirrors; mirrors.check('simulated');"
        "print(sorted({'httpx', 'boto3', 'wfdb', 'numpy', 'rich'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"


def test_before_anything_was_fetched(tmp_path: Path) -> None:
    base = _database(tmp_path / "m", hashed=True)
    none = tmp_path / "none.json"
    assert _content("simulated", none) == "simulated"
    assert _content("https://nowhere.invalid", none) == "published"
    assert _content("s3://bucket", none) == "published"
    assert len(_content(base, none)) == 64
    with pytest.raises(FileNotFoundError, match=r"mirror: '.*' has no tiny/2\.0\.0"):
        mirrors.content(str(base), "tiny", "2.0.0", none)


@pytest.mark.parametrize("hashed", [True, False])
def test_the_same_bytes_elsewhere_are_the_same(tmp_path: Path, served: Any, hashed: bool) -> None:
    here = _database(tmp_path / "here", hashed=hashed)
    there = tmp_path / "there"
    shutil.copytree(here, there)
    ways = [str(here), str(there), served(here), served(there), "s3://bucket/prefix"]
    for number, first in enumerate(ways[:4]):
        manifest = tmp_path / f"{number}.json"
        content = _download(first, tmp_path / f"data{number}", manifest)
        assert content == ("published" if "://" in first else _content(here, tmp_path / "none"))
        assert [_content(way, manifest) for way in ways] == [content] * 5


@pytest.mark.parametrize("hashed", [True, False])
@pytest.mark.parametrize("network", [True, False])
@pytest.mark.parametrize("name", ["100.dat", "100.hea", "100.atr", "RECORDS"])
def test_other_bytes_are_other_bytes(
    tmp_path: Path, served: Any, hashed: bool, network: bool, name: str
) -> None:
    base, manifest = _database(tmp_path / "m", hashed=hashed), tmp_path / "m.json"
    first = _download(served(base) if network else base, tmp_path / "data", manifest)
    root = base / "tiny" / "1.0.0"
    changed = b"100\n" if name == "RECORDS" else (root / name).read_bytes()[::-1]
    (root / name).write_bytes(changed)
    if hashed:
        _hash(root)
    second = _download(base, tmp_path / "data", manifest)
    assert second != first
    assert _content(base, manifest) == second
    assert (tmp_path / "data" / "tiny" / "1.0.0" / name).read_bytes() == changed


@pytest.mark.parametrize("hashed", [True, False])
@pytest.mark.parametrize("network", [True, False])
def test_a_file_that_was_missing_and_came_is_fetched(
    tmp_path: Path, served: Any, hashed: bool, network: bool
) -> None:
    base, manifest = _database(tmp_path / "m", hashed=hashed), tmp_path / "m.json"
    gone = base / "tiny" / "1.0.0" / "101.dat"
    body = gone.read_bytes()
    gone.unlink()
    first = _download(served(base) if network else base, tmp_path / "data", manifest)
    assert _content(base, manifest) == first
    gone.write_bytes(body)
    second = _download(base, tmp_path / "data", manifest)
    assert second != first
    assert _content(base, manifest) == second


def test_a_wrong_file_that_was_mended_in_place_is_fetched(tmp_path: Path) -> None:
    base, manifest = _database(tmp_path / "m", hashed=True), tmp_path / "m.json"
    file = base / "tiny" / "1.0.0" / "101.dat"
    body = file.read_bytes()
    file.write_bytes(body[::-1])
    first = _download(base, tmp_path / "data", manifest)
    assert _content(base, manifest) == first
    file.write_bytes(body)
    second = _download(base, tmp_path / "data", manifest)
    assert second != first
    assert _content(base, manifest) == second
    assert (tmp_path / "data" / "tiny" / "1.0.0" / "101.dat").read_bytes() == body


def test_a_mirror_that_was_put_away_leaves_what_was_fetched(tmp_path: Path) -> None:
    base, manifest = _database(tmp_path / "m", hashed=True), tmp_path / "m.json"
    first = _download(base, tmp_path / "data", manifest)
    shutil.rmtree(base)
    assert _content(base, manifest) == first


def test_the_order_of_hashes_and_line_ends_change_nothing(tmp_path: Path) -> None:
    base, manifest = _database(tmp_path / "m", hashed=True), tmp_path / "m.json"
    first = _download(base, tmp_path / "data", manifest)
    sums = base / "tiny" / "1.0.0" / "SHA256SUMS.txt"
    sums.write_text("\r\n".join(reversed(sums.read_text().splitlines())))
    assert _content(base, manifest) == first


def test_a_file_that_nothing_needs_changes_nothing(tmp_path: Path) -> None:
    base, manifest = _database(tmp_path / "m", hashed=True), tmp_path / "m.json"
    first = _download(base, tmp_path / "data", manifest)
    (base / "tiny" / "1.0.0" / "notes.txt").write_text("mine")
    assert _content(base, manifest) == first


@pytest.mark.parametrize(
    "written",
    [
        "",
        "[]",
        "{}",
        '{"slug": "tiny", "version": "1.0.0", "simulated": true, "content": "simulated"}',
        '{"slug": "tiny", "version": "0.9.0", "simulated": false, "content": "old"}',
        '{"slug": "other", "version": "1.0.0", "simulated": false, "content": "other"}',
    ],
)
def test_a_manifest_of_something_else_says_nothing(tmp_path: Path, written: str) -> None:
    manifest = tmp_path / "m.json"
    manifest.write_text(written)
    assert _content("https://nowhere.invalid", manifest) == "published"
    base = _database(tmp_path / "m", hashed=True)
    assert _content(base, manifest) == _content(base, tmp_path / "none")
