"""A server that lies is found out, or does no harm: each lie is told over a real connection."""

import contextlib
import datetime
import errno
import gzip
import hashlib
import ipaddress
import os
import random
import socket
import ssl
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

from cardiograft.physionet import fetch as fetch_module
from cardiograft.physionet.fetch import DamagedError, Fetcher, File, Patience
from cardiograft.physionet.https import MOST_REDIRECTS, Https
from cardiograft.physionet.progress import Progress
from cardiograft.physionet.s3 import S3
from cardiograft.physionet.transports import (
    Pace,
    RefusedError,
    SlowError,
    Transport,
    UnreachableError,
)

BODY = random.Random(3).randbytes(300_000)
OTHER = random.Random(4).randbytes(300_000)
SHA = hashlib.sha256(BODY).hexdigest()
PAGE = b"<!DOCTYPE html>\n<html><body>Please log in</body></html>"
ERROR = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SlowDown</Code></Error>'
SWIFT = Patience(attempts=3, first_s=0.001)
BRISK = Pace(least_bytes=20_000, window_s=0.6)

Act = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Acts out `stage.acts` one a request, and the last of them ever after."""

    protocol_version = "HTTP/1.1"
    stage: "Liar"

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.stage.requests.append((self.command, self.path, self.headers.get("Range")))
        acts = self.stage.acts
        with contextlib.suppress(OSError):  # whoever is lied to may hang up
            (acts.pop(0) if len(acts) > 1 else acts[0])(self)

    def say(self, body: bytes = BODY, code: int = 200, **headers: Any) -> None:
        """Answer as given; a header of None is left out."""
        self.send_response(code)
        lines = {"Content_Length": len(body), **headers}
        for key, value in lines.items():
            if value is not None:
                self.send_header(key.replace("_", "-"), str(value))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    @property
    def start(self) -> int:
        return int((self.headers.get("Range") or "bytes=0-")[6:-1])


@dataclass
class Liar:
    acts: list[Act] = field(default_factory=list)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    url: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def gets(self) -> int:
        return len(self.requests)


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is no news."""


@contextlib.contextmanager
def lying(context: ssl.SSLContext | None = None) -> Iterator[Liar]:
    stage = Liar()
    with Quiet(("127.0.0.1", 0), type("Lying", (Handler,), {"stage": stage})) as http:
        if context:
            http.socket = context.wrap_socket(http.socket, server_side=True)
        stage.url = f"http{'s' if context else ''}://127.0.0.1:{http.server_port}"
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        yield stage
        stage.over.set()
        http.shutdown()


@pytest.fixture
def liar() -> Iterator[Liar]:
    with lying() as stage:
        yield stage


@pytest.fixture
def fetcher(liar: Liar, tmp_path: Path) -> Iterator[Fetcher]:
    way = Https(liar.url, 2, BRISK)
    sums = {"100.dat": SHA}
    yield Fetcher(way, tmp_path, Progress("test"), jobs=2, patience=SWIFT, sums=sums)
    way.client.close()


def honest(h: Handler) -> None:
    """Serve BODY as a good server would."""
    if h.headers.get("Range"):
        span = f"bytes {h.start}-{len(BODY) - 1}/{len(BODY)}"
        h.say(BODY[h.start :], 206, Content_Range=span, ETag='"one"')
    else:
        h.say(ETag='"one"')


def cut(body: bytes = BODY, at: int = 100_000, **headers: Any) -> Act:
    """Send the first bytes of a body, then hang up."""

    def act(h: Handler) -> None:
        h.say(body[:at], **{"Content_Length": len(body), "ETag": '"one"', **headers})
        h.close_connection = True

    return act


def status(code: int, body: bytes = b"no", **headers: Any) -> Act:
    return lambda h: h.say(body, code, **headers)


def says(body: bytes = BODY, **headers: Any) -> Act:
    def act(h: Handler) -> None:
        h.say(body, **headers)
        h.close_connection = headers.get("Content_Length", 0) != len(body)

    return act


def chunked(h: Handler) -> None:
    """Begin a chunked body and hang up before its end."""
    h.say(b"", Content_Length=None, Transfer_Encoding="chunked")
    h.wfile.write(b"%x\r\n%s\r\n" % (100_000, BODY[:100_000]))
    h.close_connection = True


def endless(h: Handler) -> None:
    h.say(b"", Content_Length=None)
    while not h.stage.over.is_set():
        h.wfile.write(bytes(1 << 16))


def drip(h: Handler) -> None:
    """Send ten bytes a tenth of a second."""
    h.say(b"", Content_Length=len(BODY) - h.start, ETag='"one"')
    for at in range(h.start, len(BODY), 10):
        h.wfile.write(BODY[at : at + 10])
        if h.stage.over.wait(0.1):
            return


def dripping_headers(h: Handler) -> None:
    h.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not h.stage.over.wait(0.1):
        h.wfile.write(b"x")


def endless_informational(h: Handler) -> None:
    while not h.stage.over.wait(0.01):
        h.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def spans(stated: str, body: bytes | None = None) -> Act:
    """Answer a range request with a Content-Range of one's own."""

    def act(h: Handler) -> None:
        rest = BODY[h.start :] if body is None else body
        h.say(rest, 206, Content_Range=stated.format(s=h.start), ETag='"one"')

    return act


def to(url: str, code: int = 302, **headers: Any) -> Act:
    return lambda h: h.say(b"", code, Location=url, **headers)


# What a lie is, whether a hash is listed, and what becomes of it: the right bytes after so many
# requests, or an error of a class with a word in it after so many.
Fate = tuple[int, type[Exception] | None, str]
LIES: dict[str, tuple[list[Act], bool, Fate]] = {
    "length stated too long, all sent": ([says(Content_Length=len(BODY) + 9)], True, (1, None, "")),
    "length stated too long, no hash": (
        [says(Content_Length=len(BODY) + 9)],
        False,
        (3, ValueError, "3 attempts"),
    ),
    "length stated too short": (
        [says(Content_Length=1000)],
        True,
        (3, DamagedError, "not the bytes that SHA256SUMS.txt lists"),
    ),
    "length negative": ([says(Content_Length=-1), honest], True, (2, None, "")),
    "length no number": ([says(Content_Length="many"), honest], True, (2, None, "")),
    "length absurd, all sent": ([says(Content_Length=10**18)], True, (1, None, "")),
    "length absurd, no hash": (
        [says(Content_Length=10**18)],
        False,
        (3, ValueError, "3 attempts"),
    ),
    "two lengths": (
        [lambda h: h.say(Content_Length=f"{len(BODY)}, 5"), honest],
        True,
        (2, None, ""),
    ),
    "no length, all sent": ([says(Content_Length=None)], True, (1, None, "")),
    "no length, cut off": (
        [lambda h: says(BODY[:9], Content_Length=None)(h), honest],
        True,
        (2, None, ""),
    ),
    "chunked, cut off": ([chunked, honest], True, (2, None, "")),
    "chunked, cut off, no hash": ([chunked, honest], False, (2, None, "")),
    "range elsewhere": (
        [cut(), spans("bytes 99993-299999/300000"), honest],
        True,
        (3, None, ""),
    ),
    "range elsewhere, no hash": (
        [cut(), spans("bytes 99993-299999/300000"), honest],
        False,
        (3, None, ""),
    ),
    "range not stated": (
        [cut(), lambda h: h.say(BODY[h.start :], 206), honest],
        True,
        (3, None, ""),
    ),
    "range of numbers without end": (
        [cut(), spans(f"bytes {{s}}-{'9' * 5000}/{'9' * 5000}"), honest],
        False,
        (3, None, ""),
    ),
    "range of many parts": (
        [cut(), status(206, b"--x", Content_Type="multipart/byteranges"), honest],
        True,
        (3, None, ""),
    ),
    "range of another whole": (
        [cut(), spans("bytes {s}-399999/400000", BODY[100_000:] + bytes(100_000)), honest],
        False,
        (3, None, ""),
    ),
    "range of a whole that is smaller": (
        [cut(), spans("bytes {s}-5/6", b"x"), honest],
        False,
        (3, None, ""),
    ),
    "range ignored": ([cut(), says()], False, (2, None, "")),
    "range never satisfiable": ([cut(), status(416), honest], True, (3, None, "")),
    "part where none was asked for": (
        [status(206, BODY[5:], Content_Range="bytes 5-299999/300000"), honest],
        True,
        (2, None, ""),
    ),
    "changed between resumptions": (
        [cut(OTHER, ETag='"one"'), honest, honest],
        True,
        (3, None, ""),
    ),
    "tag new each time": ([cut(ETag='"a"'), says(ETag='"b"')], False, (2, None, "")),
    "tag that can not be sent back": ([cut(ETag='"ä"'), honest], True, (2, None, "")),
    "tag that is weak": (
        [cut(OTHER, ETag='W/"one"'), honest],
        False,
        (2, None, ""),
    ),
    "gzip label on a plain file": ([says(Content_Encoding="gzip")], True, (1, None, "")),
    "gzip, no hash": (
        [says(gzip.compress(BODY), Content_Encoding="gzip")],
        False,
        (1, RefusedError, "in the encoding 'gzip', which was not asked for"),
    ),
    "gzip, hash": (
        [says(gzip.compress(BODY), Content_Encoding="gzip")],
        True,
        (1, RefusedError, "in the encoding 'gzip', which was not asked for"),
    ),
    "encoding unknown": (
        [says(Content_Encoding="x-secret")],
        False,
        (1, RefusedError, "in the encoding 'x-secret'"),
    ),
    "page in its place": (
        [says(PAGE, Content_Type="text/html")],
        False,
        (3, DamagedError, "an HTML page came in its place"),
    ),
    "page called a file": (
        [says(b"<!-- hello --><html>", Content_Type="application/octet-stream")],
        False,
        (3, DamagedError, "an HTML page came in its place"),
    ),
    "storage error with 200": (
        [says(ERROR)],
        False,
        (3, DamagedError, "a storage service's error came in its place"),
    ),
    "storage error once": ([says(ERROR), honest], False, (2, None, "")),
    "nothing at all": (
        [says(b"")],
        True,
        (3, DamagedError, "not the bytes that SHA256SUMS.txt lists"),
    ),
    "wrong bytes of the right length": (
        [says(OTHER)],
        True,
        (3, DamagedError, "not the bytes that SHA256SUMS.txt lists"),
    ),
    "garbage for an answer": (
        [lambda h: h.wfile.write(b"\x00\xff garbage\r\n\r\n") and None, honest],
        True,
        (2, None, ""),
    ),
    "hangs up at once": (
        [lambda h: setattr(h, "close_connection", True), honest],
        True,
        (2, None, ""),
    ),
    "headers without end": (
        [lambda h: h.wfile.write(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000) and None, honest],
        True,
        (2, None, ""),
    ),
    **{
        f"answer {code}": ([status(code)], True, (1, RefusedError, f"answered {code}"))
        for code in (400, 401, 403, 404, 405, 410, 451, 501, 505, 511)
    },
    **{
        f"answer {code}, then right": ([status(code), honest], True, (2, None, ""))
        for code in (408, 425, 429, 500, 502, 503, 504)
    },
    "wait for a nonsense time": (
        [status(503, Retry_After="Tue, 99 Foo 99999 99:99:99 +9999999"), honest],
        True,
        (2, None, ""),
    ),
    "redirect without a place": ([status(302)], True, (1, RefusedError, "answered 302")),
    "redirect in a loop": (
        [to("/100.dat")],
        True,
        (MOST_REDIRECTS, RefusedError, "more than 10 redirects, the last to http://127"),
    ),
    "redirect to a scheme that is none of ours": (
        [to("ftp://127.0.0.1/100.dat")],
        True,
        (1, RefusedError, "redirected to ftp://127.0.0.1/100.dat, which is not http or https"),
    ),
    "redirect to a local file": (
        [to("file:///etc/passwd")],
        True,
        (1, RefusedError, "redirected to file://"),
    ),
    "redirect on the same host": ([to("/moved/100.dat"), honest], True, (2, None, "")),
    "redirect to a login page": (
        [to("/login?next=100.dat"), says(PAGE, Content_Type="text/html")] * 3,
        False,
        (6, DamagedError, "an HTML page came in its place"),
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie(fetcher: Fetcher, liar: Liar, lie: str) -> None:
    acts, hashed, (requests, error, message) = LIES[lie]
    liar.acts = list(acts)
    if not hashed:
        fetcher.sums.clear()
    if error is None:
        file = fetcher.file("100.dat")
        expected = File(path="100.dat", bytes=len(BODY), sha256=SHA, verified=hashed)
        assert file == expected
        assert (fetcher.root / "100.dat").read_bytes() == BODY
        assert [p.name for p in fetcher.root.iterdir()] == ["100.dat"]
    else:
        with pytest.raises(error) as caught:
            fetcher.file("100.dat")
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)
        assert not (fetcher.root / "100.dat").exists()
    assert liar.gets == requests


def test_a_hash_that_agrees_in_spite_of_the_length_is_said_once(
    fetcher: Fetcher, liar: Liar, capsys: pytest.CaptureFixture[str]
) -> None:
    liar.acts = [says(Content_Length=len(BODY) + 9)]
    fetcher.sums["101.dat"] = SHA
    fetcher.files(["100.dat", "101.dat"])
    assert capsys.readouterr().err.count("its hash agrees, so it is taken as whole") == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_redirect_to_another_host_is_followed_and_named_once(
    fetcher: Fetcher, liar: Liar, capsys: pytest.CaptureFixture[str], host: str
) -> None:
    with lying() as other:
        other.acts = [honest]
        place = other.url.replace("127.0.0.1", host)
        liar.acts = [lambda h: to(f"{place}{h.path}?token=secret")(h)]
        fetcher.sums["101.dat"] = SHA
        for name in ("100.dat", "101.dat"):
            assert fetcher.file(name).verified
    output = capsys.readouterr().err
    assert output.count("redirected to another host") == 1
    assert f"redirected to another host, {place}/100.dat" in output
    assert "secret" not in output


def test_a_page_on_another_host_is_named_with_it(fetcher: Fetcher, liar: Liar) -> None:
    with lying() as other:
        other.acts = [says(PAGE, Content_Type="text/html")]
        liar.acts = [to(f"{other.url}/login")]
        with pytest.raises(DamagedError, match=rf"in its place, from {other.url}/login"):
            fetcher.file("100.dat")


def test_the_body_of_a_redirect_is_not_read(fetcher: Fetcher, liar: Liar) -> None:
    def act(h: Handler) -> None:
        h.send_response(302)
        h.send_header("Location", "/there")
        h.end_headers()
        while not h.stage.over.is_set():
            h.wfile.write(bytes(1 << 16))

    liar.acts = [act, honest]
    assert fetcher.file("100.dat").verified


def test_a_password_in_the_mirror_is_not_shown(liar: Liar) -> None:
    liar.acts = [lambda h: h.say(ETag=h.headers["Authorization"])]
    way = Https(liar.url.replace("//", "//me:secret@"), 1)
    with way.open("100.dat", 0, None) as stream:
        assert (stream.validator or "").startswith("Basic ")
    assert way.where("100.dat") == f"{liar.url}/100.dat"
    way.client.close()


@pytest.fixture
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate of 127.0.0.1 that nobody has signed."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    place = tmp_path_factory.mktemp("tls") / "one.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    place.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place)
    return place, context


def _fetcher(way: Transport, root: Path, **more: Any) -> Fetcher:
    sums = {"100.dat": SHA}
    return Fetcher(way, root, Progress("test"), patience=SWIFT, sums=sums, **more)


def test_a_redirect_from_https_to_http_is_refused(
    liar: Liar,
    tmp_path: Path,
    certificate: tuple[Path, ssl.SSLContext],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place, context = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(place))
    liar.acts = [honest]
    with lying(context) as secure:
        secure.acts = [honest, to(f"{liar.url}/100.dat")]
        way = Https(secure.url, 1)
        assert _fetcher(way, tmp_path).file("100.dat").verified
        with pytest.raises(RefusedError, match=f"redirected to {liar.url}/100.dat, which is not"):
            _fetcher(way, tmp_path / "again").file("100.dat")
        way.client.close()
    assert liar.requests == []


def _waits(fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Count pauses, without making them."""
    pauses: list[float] = []
    monkeypatch.setattr(fetcher._stop, "wait", lambda s: pauses.append(s) or False)
    return pauses


def _s3(endpoint: str, monkeypatch: pytest.MonkeyPatch, pace: Pace = BRISK) -> S3:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    return S3("recordings", "open", 1, pace)


@pytest.mark.parametrize("kind", ["http", "s3"])
@pytest.mark.parametrize("fault", ["certificate", "host", "refused"])
def test_a_fault_that_lasts_is_not_retried(
    tmp_path: Path,
    kind: str,
    fault: str,
    certificate: tuple[Path, ssl.SSLContext],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with contextlib.ExitStack() as stack:
        url, message = "https://nowhere.invalid", "."
        if fault == "certificate":
            url, message = (
                stack.enter_context(lying(certificate[1])).url,
                "CERTIFICATE_VERIFY_FAILED",
            )
        elif fault == "refused":
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                url = f"http://127.0.0.1:{free.getsockname()[1]}"
        way = Https(url, 1) if kind == "http" else _s3(url, monkeypatch)
        fetcher = _fetcher(way, tmp_path)
        pauses = _waits(fetcher, monkeypatch)
        with pytest.raises(UnreachableError, match=message):
            fetcher.file("100.dat")
        way.client.close()
    assert pauses == []


@pytest.mark.parametrize("kind", ["http", "s3"])
def test_a_host_that_has_answered_may_come_back(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lying() as once:
        once.acts = [cut()]
        way = Https(once.url, 1) if kind == "http" else _s3(once.url, monkeypatch)
        fetcher = _fetcher(way, tmp_path)
        fetcher.patience = Patience(attempts=1)
        with pytest.raises(ValueError, match="1 attempts"):
            fetcher.file("100.dat")
    fetcher.patience = SWIFT
    pauses = _waits(fetcher, monkeypatch)
    with pytest.raises(ValueError, match="3 attempts"):
        fetcher.file("100.dat")
    way.client.close()
    assert len(pauses) == 2


DRIPS: dict[str, Act] = {
    "body": drip,
    "headers": dripping_headers,
    "informational answers": endless_informational,
}


@pytest.mark.parametrize("kind", ["http", "s3"])
@pytest.mark.parametrize("what", DRIPS)
def test_a_drip_is_broken_off_and_resumed(
    liar: Liar, tmp_path: Path, what: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    liar.acts = [DRIPS[what], honest]
    way = Https(liar.url, 2, BRISK) if kind == "http" else _s3(liar.url, monkeypatch)
    start_s = time.monotonic()
    assert _fetcher(way, tmp_path).file("100.dat").verified
    assert time.monotonic() - start_s < 20
    assert liar.gets == 2
    if what == "body" and kind == "http":
        assert 10 <= int((liar.requests[1][2] or "")[6:-1]) < 1000  # what dripped in is kept
    liar.over.set()
    way.client.close()


@pytest.mark.parametrize("kind", ["http", "s3"])
def test_a_drip_for_ever_ends_in_one_line(
    liar: Liar, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    liar.acts = [drip]
    way = Https(liar.url, 2, BRISK) if kind == "http" else _s3(liar.url, monkeypatch)
    with pytest.raises(ValueError, match=r"within 0\.6 s \(3 attempts\)"):
        _fetcher(way, tmp_path).file("100.dat")
    assert liar.gets == SWIFT.attempts
    liar.over.set()
    way.client.close()


def test_a_slow_transfer_that_is_fast_enough_is_let_be(fetcher: Fetcher, liar: Liar) -> None:
    def slow(h: Handler) -> None:
        h.say(b"", Content_Length=len(BODY))
        for at in range(0, len(BODY), 20_000):
            h.wfile.write(BODY[at : at + 20_000])
            time.sleep(0.1)

    liar.acts = [slow]
    assert fetcher.file("100.dat").verified
    assert liar.gets == 1


def test_time_spent_on_the_disk_is_not_the_servers() -> None:
    chunks = BRISK.watched(iter([b"x"] * 5), "here")
    for _ in chunks:
        time.sleep(BRISK.window_s / 2)
    with pytest.raises(SlowError, match=r"here: fewer than 20000 bytes within 0\.6 s"):
        list(BRISK.watched((time.sleep(0.2) or b"x" for _ in range(9)), "here"))


def test_a_byte_a_connection_is_no_progress(fetcher: Fetcher, liar: Liar) -> None:
    liar.acts = [lambda h: cut(BODY[h.start :], at=1)(h)]
    with pytest.raises(ValueError, match="3 attempts"):
        fetcher.file("100.dat")
    assert liar.gets == SWIFT.attempts


@pytest.mark.parametrize(
    ("name", "limit"),
    [("100.dat", "UNSTATED_BYTES"), ("100.hea", "HEADER_BYTES"), ("RECORDS", "LIST_BYTES")],
)
def test_a_body_without_end_ends(
    fetcher: Fetcher, liar: Liar, name: str, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_module, limit, 500_000)
    liar.acts = [endless]
    with pytest.raises(RefusedError, match=r"its length is not stated, at most 500000 are taken"):
        fetcher.file(name)
    assert list(fetcher.root.iterdir()) == []
    assert liar.gets == 1


def test_a_header_that_is_stated_to_be_huge_is_not_begun(fetcher: Fetcher, liar: Liar) -> None:
    liar.acts = [lambda h: h.say(b"", Content_Length=10**12)]
    with pytest.raises(RefusedError, match=f"{10**12} bytes are stated"):
        fetcher.file("100.hea")
    assert not list(fetcher.root.glob("100.hea*"))


def test_a_file_that_is_a_gzip_may_be_called_so(fetcher: Fetcher, liar: Liar) -> None:
    packed = gzip.compress(BODY)
    liar.acts = [says(packed, Content_Encoding="x-gzip")]
    assert fetcher.file("notes.csv.gz").bytes == len(packed)
    assert (fetcher.root / "notes.csv.gz").read_bytes() == packed


def _peak(liar: Liar, root: Path, names: list[str], sums: dict[str, str]) -> int:
    """Return by how many MB fetching raises the highest memory of a process."""
    code = (
        "import re; from pathlib import Path;"
        "from cardiograft.physionet.fetch import Fetcher;"
        "from cardiograft.physionet.https import Https;"
        "from cardiograft.physionet.progress import Progress;"
        # not getrusage, which remembers the process that this one was forked from
        "said = Path('/proc/self/status').read_text;"
        "peak = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', said())[1]);"
        f"fetcher = Fetcher(Https({liar.url!r}, 2), Path({str(root)!r}), Progress(''));"
        f"fetcher.sums.update({sums!r});"
        "before = peak();"
        f"fetcher.files({names!r});"
        "print((peak() - before) // 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")


@on_linux
def test_memory_does_not_grow_with_a_file(liar: Liar, tmp_path: Path) -> None:
    count, block = 300, BODY[: 1 << 18] * 4

    def large(h: Handler) -> None:
        h.say(b"", Content_Length=count << 20)
        for _ in range(count):
            h.wfile.write(block)

    digest = hashlib.sha256()
    for _ in range(count):
        digest.update(block)
    liar.acts = [large]
    assert _peak(liar, tmp_path, ["100.dat"], {"100.dat": digest.hexdigest()}) < 30
    assert (tmp_path / "100.dat").stat().st_size == count << 20


@on_linux
@pytest.mark.parametrize("hashed", [True, False])
def test_a_gzip_that_grows_is_not_unpacked(liar: Liar, tmp_path: Path, hashed: bool) -> None:
    bomb = gzip.compress(bytes(300 << 20), 1)
    liar.acts = [says(bomb, Content_Encoding="gzip")]
    sums = {"100.dat": SHA} if hashed else {}
    assert _peak(liar, tmp_path, ["100.dat"], sums) < 30
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_cleared(fetcher: Fetcher, liar: Liar) -> None:
    liar.acts = [honest]
    fetcher.file("100.dat")
    (fetcher.root / "100.dat.part").write_bytes(b"half")
    (fetcher.root / "100.dat.part.from").write_text('"one"')
    fetcher.file("100.dat")
    assert [p.name for p in fetcher.root.iterdir()] == ["100.dat"]


S3_LIES: dict[str, tuple[list[Act], bool, Fate]] = {
    "storage error with 200": ([says(ERROR)], False, (3, DamagedError, "a storage service's")),
    "range ignored": ([cut(), says()], False, (2, None, "")),
    "range elsewhere": ([cut(), spans("bytes 7-299999/300000"), honest], False, (3, None, "")),
    "cut off": ([cut(), honest], False, (2, None, "")),
    "length stated too long": ([says(Content_Length=len(BODY) + 9)], True, (1, None, "")),
    "gzip": (
        [says(gzip.compress(BODY), Content_Encoding="gzip")],
        False,
        (1, RefusedError, "in the encoding 'gzip'"),
    ),
    "page": ([says(PAGE, Content_Type="text/html")], False, (3, DamagedError, "an HTML page")),
    "denied": ([status(403, ERROR)], True, (1, RefusedError, "answered 403 SlowDown")),
    "busy": ([status(503, ERROR), honest], True, (2, None, "")),
    "checksum that is wrong": (
        [says(x_amz_checksum_crc32="AAAAAA=="), honest],
        True,
        (1, None, ""),
    ),
}


@pytest.mark.parametrize("lie", S3_LIES)
def test_a_lie_of_a_bucket(
    liar: Liar, tmp_path: Path, lie: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts, hashed, (requests, error, message) = S3_LIES[lie]
    liar.acts = list(acts)
    way = _s3(liar.url, monkeypatch)
    fetcher = _fetcher(way, tmp_path)
    if not hashed:
        fetcher.sums.clear()
    if error is None:
        assert fetcher.file("100.dat").sha256 == SHA
    else:
        with pytest.raises(error, match=message):
            fetcher.file("100.dat")
        assert list(tmp_path.iterdir()) == []
    way.client.close()
    assert liar.gets == requests


def test_a_bucket_that_moved_without_saying_where_is_one_line(
    liar: Liar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    liar.acts = [status(301, ERROR)]
    way = _s3(liar.url, monkeypatch, Pace())
    fetcher = _fetcher(way, tmp_path)
    pauses = _waits(fetcher, monkeypatch)
    with pytest.raises(UnreachableError, match=r"s3://recordings/open/100\.dat: .*recursion"):
        fetcher.file("100.dat")
    way.client.close()
    assert pauses == []


def test_a_disk_that_fills_up_at_the_last_moment_is_named(
    fetcher: Fetcher, liar: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    liar.acts = [honest]
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left on device") as caught:
            fetcher.file("100.dat")
    assert caught.value.filename == str(fetcher.root / "100.dat.part")
    assert fetcher.file("100.dat").verified
    assert liar.gets == 1
