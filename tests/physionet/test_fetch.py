"""Files arrive whole and right, or not at all, whatever the server does."""

import errno
import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cardiograft.physionet.fetch import DamagedError, Fetcher, File, Patience
from cardiograft.physionet.https import Https
from cardiograft.physionet.progress import Progress
from cardiograft.physionet.transports import Folder, RefusedError

BODY = random.Random(7).randbytes(700_000)
PAGE = b"<!DOCTYPE html>\n<html><body>Please log in</body></html>"
SWIFT = Patience(attempts=4, first_s=0.001)


@dataclass
class Server:
    """Serves `files`; `faults[path]` are acted out first, one a request."""

    files: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    always: str = ""
    ranges: bool = True
    etags: bool = True
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    sent: int = 0
    url: str = ""
    over: threading.Event = field(default_factory=threading.Event)  # frees what is stuck

    def fault(self, path: str) -> str:
        waiting = self.faults.get(path)
        return waiting.pop(0) if waiting else self.always


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stage: Server

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        wanted_range = self.headers.get("Range")
        if self.command == "GET":
            self.stage.requests.append((name, wanted_range))
        verb, _, detail = self.stage.fault(name).partition(":")
        if verb == "status":
            code, _, wait = detail.partition(",")
            return self.answer(int(code), b"no", **({"Retry-After": wait} if wait else {}))
        if verb == "html":
            return self.answer(200, PAGE, **{"Content-Type": "text/html; charset=utf-8"})
        if name not in self.stage.files:
            return self.answer(404, b"<html>no such file</html>")
        body = self.stage.files[name]
        if verb == "wrong":
            body = body[:-1] + bytes([body[-1] ^ 1])
        return self.file(body, wanted_range, verb, detail)

    def file(self, body: bytes, wanted_range: str | None, verb: str, detail: str) -> None:
        tag = f'"{hashlib.md5(body).hexdigest()}"'
        headers = {"ETag": tag} if self.stage.etags else {}
        fits = self.headers.get("If-Range", tag) == tag
        code, start, stop = 200, 0, len(body)
        if wanted_range and self.stage.ranges and fits:
            code, start = 206, int(wanted_range.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                return self.answer(416, b"", **{"Content-Range": f"bytes */{len(body)}"})
            shown = start - 7 if verb == "shifted" else start
            stop = start + int(detail) if verb == "slice" else len(body)
            headers["Content-Range"] = f"bytes {shown}-{stop - 1}/{len(body)}"
        rest = body[start:stop]
        length = len(rest)
        if verb == "long":
            length += 10
        elif verb == "short":
            rest, length = rest[: int(detail)], int(detail)
        elif verb == "drop":
            rest = rest[: int(detail)]
        return self.answer(code, rest, length=length, stuck=verb == "stuck", **headers)

    def answer(
        self, code: int, body: bytes, length: int | None = None, stuck: bool = False, **headers: str
    ) -> None:
        self.send_response(code)
        length = len(body) if length is None else length
        for key, value in {"Content-Length": str(length), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        for at in range(0, len(body), 20_000):
            self.wfile.write(body[at : at + 20_000])
            self.stage.sent += len(body[at : at + 20_000])
            if stuck and at >= 300_000:
                self.stage.over.wait(120)
        self.close_connection = self.close_connection or length > len(body)


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that was killed is no news."""


@pytest.fixture
def server() -> Iterator[Server]:
    stage = Server(files={"100.dat": BODY})
    handler = type("Staged", (Handler,), {"stage": stage})
    with Quiet(("127.0.0.1", 0), handler) as http:
        stage.url = f"http://127.0.0.1:{http.server_port}"
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        yield stage
        stage.over.set()
        http.shutdown()


@pytest.fixture
def fetcher(server: Server, tmp_path: Path) -> Iterator[Fetcher]:
    way = Https(server.url, jobs=4)
    sums = {name: _sha256(body) for name, body in server.files.items()}
    yield Fetcher(way, tmp_path, Progress("test"), jobs=4, patience=SWIFT, sums=sums)
    way.client.close()


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_arrives_and_is_not_asked_for_again(fetcher: Fetcher, server: Server) -> None:
    file = fetcher.file("100.dat")
    assert file == File(path="100.dat", bytes=len(BODY), sha256=_sha256(BODY), verified=True)
    assert fetcher.file("100.dat") == file
    assert len(server.requests) == 1
    assert _left(fetcher.root) == ["100.dat"]


def test_a_file_that_rotted_on_the_disk_is_fetched_again(fetcher: Fetcher) -> None:
    (fetcher.root / "100.dat").write_bytes(BODY[:-1] + b"x")
    assert fetcher.file("100.dat").verified
    assert (fetcher.root / "100.dat").read_bytes() == BODY


def test_without_hashes_nothing_is_verified(fetcher: Fetcher, server: Server) -> None:
    fetcher.sums.clear()
    first = fetcher.file("100.dat")
    assert first == File(path="100.dat", bytes=len(BODY), sha256=_sha256(BODY), verified=False)
    assert fetcher.file("100.dat") == first
    assert len(server.requests) == 1
    server.files["100.dat"] = BODY[:-5]
    assert fetcher.file("100.dat").bytes == len(BODY) - 5


def test_a_dropped_connection_is_resumed(fetcher: Fetcher, server: Server) -> None:
    server.faults["100.dat"] = ["drop:300000", "drop:100000"]
    assert fetcher.file("100.dat").verified
    assert [wanted_range for _, wanted_range in server.requests] == [
        None,
        "bytes=300000-",
        "bytes=400000-",
    ]
    assert server.sent == len(BODY)


def test_drops_that_bring_the_file_forward_never_exhaust_patience(
    fetcher: Fetcher, server: Server
) -> None:
    server.faults["100.dat"] = ["drop:60000"] * 11
    assert fetcher.file("100.dat").verified
    assert len(server.requests) == 12 > SWIFT.attempts


def test_drops_that_bring_nothing_end_in_one_line_and_keep_what_came(
    fetcher: Fetcher, server: Server
) -> None:
    server.faults["100.dat"] = ["drop:300000"] + ["drop:0"] * 10
    with pytest.raises(ValueError, match=r"100\.dat: .*\(4 attempts\)"):
        fetcher.file("100.dat")
    assert (fetcher.root / "100.dat.part").read_bytes() == BODY[:300_000]
    server.faults.clear()
    assert fetcher.file("100.dat").verified
    assert server.requests[-1] == ("100.dat", "bytes=300000-")


def test_a_server_without_ranges_starts_over(fetcher: Fetcher, server: Server) -> None:
    server.ranges, server.faults["100.dat"] = False, ["drop:300000"]
    assert fetcher.file("100.dat").verified
    assert (fetcher.root / "100.dat").read_bytes() == BODY


@pytest.mark.parametrize("etags", [True, False])
def test_two_versions_are_never_spliced(fetcher: Fetcher, server: Server, etags: bool) -> None:
    fetcher.sums.clear()
    server.etags, server.faults["100.dat"] = etags, ["drop:300000"] + ["status:503"] * 10
    with pytest.raises(ValueError, match="503"):
        fetcher.file("100.dat")
    server.faults.clear()
    server.files["100.dat"] = BODY[::-1]
    fetcher.file("100.dat")
    assert (fetcher.root / "100.dat").read_bytes() == BODY[::-1]


def test_a_part_of_another_version_fails_its_hash_and_is_fetched_whole(
    fetcher: Fetcher, server: Server
) -> None:
    (fetcher.root / "100.dat.part").write_bytes(b"old" * 1000)
    assert fetcher.file("100.dat").verified
    assert [wanted_range for _, wanted_range in server.requests] == ["bytes=3000-", None]


def test_another_range_than_asked_for_is_not_appended(fetcher: Fetcher, server: Server) -> None:
    server.faults["100.dat"] = ["drop:300000", "shifted"]
    assert fetcher.file("100.dat").verified
    assert [wanted_range for _, wanted_range in server.requests] == [None, "bytes=300000-", None]


def test_less_of_a_range_than_asked_for_is_gone_on_from(fetcher: Fetcher, server: Server) -> None:
    fetcher.sums.clear()
    server.faults["100.dat"] = ["drop:300000", "slice:1000"]
    fetcher.file("100.dat")
    assert (fetcher.root / "100.dat").read_bytes() == BODY
    assert server.requests[-1] == ("100.dat", "bytes=301000-")


def test_a_part_longer_than_the_file_is_dropped(fetcher: Fetcher, server: Server) -> None:
    (fetcher.root / "100.dat.part").write_bytes(BODY + b"more")
    assert fetcher.file("100.dat").verified
    assert (fetcher.root / "100.dat").read_bytes() == BODY


def test_a_part_that_is_complete_only_needs_its_name(fetcher: Fetcher, server: Server) -> None:
    (fetcher.root / "100.dat.part").write_bytes(BODY)
    assert fetcher.file("100.dat").verified
    assert server.requests == []


def test_a_server_that_promises_more_than_it_sends_gives_no_data(
    fetcher: Fetcher, server: Server
) -> None:
    fetcher.sums.clear()
    server.always = "long"
    with pytest.raises(ValueError, match="4 attempts"):
        fetcher.file("100.dat")
    assert not (fetcher.root / "100.dat").exists()


def test_a_body_cut_short_in_good_order_fails_its_hash(fetcher: Fetcher, server: Server) -> None:
    server.always = "short:1000"
    with pytest.raises(DamagedError, match=r"not the bytes that SHA256SUMS\.txt lists") as caught:
        fetcher.file("100.dat")
    assert (caught.value.kind, caught.value.bytes) == ("wrong hash", 1000)
    assert len(server.requests) == SWIFT.damaged
    assert _left(fetcher.root) == []


def test_one_wrong_answer_is_forgiven(fetcher: Fetcher, server: Server) -> None:
    server.faults["100.dat"] = ["wrong", "html"]
    assert fetcher.file("100.dat").verified


@pytest.mark.parametrize("hashed", [True, False])
def test_a_web_page_is_no_data(fetcher: Fetcher, server: Server, hashed: bool) -> None:
    server.always = "html"
    if not hashed:
        fetcher.sums.clear()
    with pytest.raises(DamagedError, match=r"/100\.dat: an HTML page came in its place"):
        fetcher.file("100.dat")
    assert _left(fetcher.root) == []


def test_a_web_page_that_is_listed_is_what_it_is(fetcher: Fetcher, server: Server) -> None:
    server.files["biometric.shtml"] = PAGE
    assert not fetcher.file("biometric.shtml").verified
    fetcher.sums["notes"] = _sha256(PAGE)
    server.files["notes"] = PAGE
    assert fetcher.file("notes").verified


@pytest.mark.parametrize(
    ("code", "kind"), [(404, "missing file"), (410, "missing file"), (403, "forbidden file")]
)
def test_no_is_final(fetcher: Fetcher, server: Server, code: int, kind: str) -> None:
    server.always = f"status:{code}"
    with pytest.raises(RefusedError, match=rf"127.*/100\.dat: answered {code} ") as caught:
        fetcher.file("100.dat")
    assert caught.value.kind == kind
    assert len(server.requests) == 1


def test_a_busy_server_is_asked_again(fetcher: Fetcher, server: Server) -> None:
    server.faults["100.dat"] = ["status:503", "status:429,0", "status:500"]
    assert fetcher.file("100.dat").verified


def test_a_server_that_stays_busy_ends_in_one_line(fetcher: Fetcher, server: Server) -> None:
    server.always = "status:503"
    with pytest.raises(ValueError, match=r"answered 503 Service Unavailable \(4 attempts\)"):
        fetcher.files(["100.dat"])


def test_a_server_says_how_long_to_wait(fetcher: Fetcher, server: Server) -> None:
    server.faults["100.dat"] = ["status:429,1"]
    start_s = time.monotonic()
    fetcher.file("100.dat")
    assert time.monotonic() - start_s >= 1


def test_pauses_double_and_obey_within_reason() -> None:
    patience = Patience(first_s=1, longest_s=8, obeyed_s=60)
    pauses = [patience.pause_s(attempt, None) for attempt in (1, 2, 3, 4, 5, 50)]
    for pause, least in zip(pauses, (1, 2, 4, 8, 8, 8), strict=True):
        assert least <= pause <= 1.25 * least
    assert patience.pause_s(1, 30.0) == 30
    assert patience.pause_s(1, 1e6) == 60


def test_many_files_come_at_once_and_refusals_do_not_stop_them(
    fetcher: Fetcher, server: Server
) -> None:
    server.files |= {f"{n}.dat": BODY[:n] for n in range(1, 40)}
    names = [*(f"{n}.dat" for n in range(1, 40)), "gone.dat"]
    got = fetcher.files(names)
    assert [a.bytes for a in got.values() if isinstance(a, File)] == list(range(1, 40))
    assert isinstance(got["gone.dat"], RefusedError)


def test_one_failure_for_good_stops_the_others(fetcher: Fetcher, server: Server) -> None:
    fetcher.patience = Patience(attempts=2, first_s=0.01)
    server.faults = {"bad": ["status:500"] * 9, "busy": ["status:503,100"] * 9}
    start_s = time.monotonic()  # the other was told to wait for 100 s
    with pytest.raises(ValueError, match="/bad: answered 500"):
        fetcher.files(["busy", "bad"])
    assert time.monotonic() - start_s < 50


def _child(server: Server, root: Path) -> subprocess.Popen[str]:
    code = (  # a shell's background jobs ignore the keyboard, and so do their children
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from pathlib import Path; from cardiograft.physionet.fetch import Fetcher;"
        "from cardiograft.physionet.https import Https;"
        "from cardiograft.physionet.progress import Progress;"
        f"fetcher = Fetcher(Https({server.url!r}, 1), Path({str(root)!r}), Progress(''));"
        "fetcher.files(['100.dat'])"
    )
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)


def test_a_killed_download_resumes(server: Server, fetcher: Fetcher) -> None:
    server.faults["100.dat"] = ["stuck"]
    part = fetcher.root / "100.dat.part"
    with _child(server, fetcher.root) as child:
        _wait(lambda: part.is_file() and part.stat().st_size > 100_000)
        child.send_signal(signal.SIGKILL)
    held = part.stat().st_size
    assert 100_000 < held < len(BODY)
    assert fetcher.file("100.dat").verified
    assert server.requests[-1] == ("100.dat", f"bytes={held}-")


def test_control_c_does_not_wait_for_a_busy_server(server: Server, fetcher: Fetcher) -> None:
    server.always = "status:503,100"
    with _child(server, fetcher.root) as child:
        _wait(lambda: bool(server.requests))
        child.send_signal(signal.SIGINT)
        try:
            _, output = child.communicate(timeout=60)
        finally:
            child.kill()
    assert "KeyboardInterrupt" in output


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_a_full_disk_is_named_and_loses_nothing(
    fetcher: Fetcher, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    class Full:
        def __init__(self, file: Any) -> None:
            self.file = file

        def __enter__(self) -> "Full":
            return self

        def __exit__(self, *_: Any) -> None:
            self.file.close()

        def write(self, chunk: bytes) -> None:
            if self.file.tell() + len(chunk) > 500_000:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self.file.write(chunk)

    def full(path: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
        file = opened(path, mode, *rest, **options)
        return Full(file) if mode == "ab" else file

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        with pytest.raises(OSError, match="No space left on device") as caught:
            fetcher.files(["100.dat"])
    part = fetcher.root / "100.dat.part"
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(part))
    held = part.stat().st_size
    assert held > 0
    fetcher._stop.clear()
    assert fetcher.file("100.dat").verified
    assert server.requests[-1] == ("100.dat", f"bytes={held}-")


def test_a_link_planted_in_the_data_folder_is_not_written_through(
    fetcher: Fetcher, tmp_path_factory: pytest.TempPathFactory
) -> None:
    victim = tmp_path_factory.mktemp("elsewhere") / "victim"
    victim.write_text("mine")
    for name in ("100.dat", "100.dat.part"):
        (fetcher.root / name).symlink_to(victim)
        with pytest.raises(ValueError, match="follows a link out of the data folder"):
            fetcher.file("100.dat")
        (fetcher.root / name).unlink()
    assert victim.read_text() == "mine"


def test_a_folder_is_copied_through_the_same_checks(tmp_path: Path) -> None:
    source, root = tmp_path / "mirror", tmp_path / "data"
    source.mkdir()
    for name, body in {"a": BODY, "b": BODY, "page": PAGE}.items():
        (source / name).write_bytes(body)
    os.mkfifo(source / "pipe")
    sums = {"a": _sha256(BODY), "b": _sha256(b"other")}
    fetcher = Fetcher(Folder(source), root, Progress(""), patience=SWIFT, sums=sums)
    got = fetcher.files(["a", "b", "page", "pipe", "gone"])
    kinds = {name: a.kind for name, a in got.items() if isinstance(a, RefusedError)}
    missing = "missing file"
    assert kinds == {"b": "wrong hash", "page": "HTML page", "pipe": missing, "gone": missing}
    assert _left(root) == ["a"]
