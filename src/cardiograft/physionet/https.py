"""A database below a URL: Range, If-Range, Retry-After, redirects, and what a status means."""

import contextlib
import datetime
import email.utils
import re
from collections.abc import Iterator
from urllib.parse import quote

import httpx

from cardiograft.physionet.transports import (
    FORBIDDEN,
    MISSING,
    PACE,
    REDIRECTED,
    BrokenOffError,
    Pace,
    RefusedError,
    Remote,
    StaleError,
    Stream,
    UnreachableError,
    is_lasting,
    total_of_range,
)

MOST_REDIRECTS = 10


class Https(Remote):
    """A database below a URL."""

    def __init__(self, base: str, jobs: int, pace: Pace = PACE) -> None:
        self.base, self.pace = base.rstrip("/"), pace
        self._answered: set[str] = set()
        self.client = httpx.Client(
            follow_redirects=False,  # each is looked at first
            timeout=httpx.Timeout(30, connect=10),
            limits=httpx.Limits(max_connections=jobs, max_keepalive_connections=jobs),
            # Lengths and offsets must count the file's own bytes.
            headers={"Accept-Encoding": "identity", "User-Agent": "cardiograft"},
        )

    @contextlib.contextmanager
    def open(self, name: str, offset: int, validator: str | None) -> Iterator[Stream]:
        """GET, with Range and If-Range where something has arrived before."""
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        if offset and validator:
            headers["If-Range"] = validator
        with self._answer("GET", name, headers) as answer:
            yield self._stream(answer, offset, self.where(name))

    def where(self, name: str) -> str:
        """Return its URL, without a user's password."""
        return re.sub(r"^(\w+://)[^/@]*@", r"\1", f"{self.base}/{quote(name)}")

    def size(self, name: str) -> int:
        """HEAD."""
        with self._answer("HEAD", name, {}) as answer:
            return int(answer.headers.get("Content-Length", -1))

    @contextlib.contextmanager
    def _answer(self, method: str, name: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
        where = self.where(name)
        request = self.client.build_request(method, f"{self.base}/{quote(name)}", headers=headers)
        try:
            with contextlib.closing(
                self.pace.answered(lambda: self._send(request, where), where, httpx.Response.close)
            ) as answer:
                _judge(answer, where)
                yield answer
        except httpx.RequestError as error:
            message = f"{where}: {error or type(error).__name__}"
            if is_lasting(error, answered=error.request.url.host in self._answered):
                raise UnreachableError(message) from error
            raise BrokenOffError(message) from error

    def _send(self, request: httpx.Request, where: str) -> httpx.Response:
        """Return the first answer that leads nowhere else, its body unread."""
        for _ in range(MOST_REDIRECTS):
            answer = self.client.send(request, stream=True)
            self._answered.add(request.url.host)
            if answer.next_request is None:
                return answer
            answer.close()
            secure, request = request.url.scheme == "https", answer.next_request
            schemes = ("https",) if secure else ("http", "https")
            if request.url.scheme not in schemes:
                note = f"redirected to {_plain(request.url)}, which is not {' or '.join(schemes)}"
                raise RefusedError(REDIRECTED, where, note=note)
        note = f"more than {MOST_REDIRECTS} redirects, the last to {_plain(request.url)}"
        raise RefusedError(REDIRECTED, where, note=note)

    def _stream(self, answer: httpx.Response, offset: int, where: str) -> Stream:
        encoding = answer.headers.get("Content-Encoding", "").strip().lower()
        encoding = "" if encoding == "identity" else encoding
        start, total = 0, None
        if answer.status_code == 206:
            if encoding:
                raise StaleError(f"{where}: a range in the encoding {encoding!r}")
            ranges = answer.headers.get("Content-Range", "")
            start, total = offset, total_of_range(ranges, offset, where)
        elif "Content-Length" in answer.headers:
            total = int(answer.headers["Content-Length"])
        etag = answer.headers.get("ETag", "W/")
        # A weak tag does not vouch for the bytes.
        validator = answer.headers.get("Last-Modified") if etag.startswith("W/") else etag
        base = httpx.URL(self.base)
        elsewhere = (answer.url.host, answer.url.port) != (base.host, base.port)
        return Stream(
            start=start,
            total=total,
            # What is no header of ours can't be sent back.
            validator=validator if validator and validator.isascii() else None,
            html=answer.headers.get("Content-Type", "").startswith("text/html"),
            # As they come: a buffer would be lost in a drop. And as they are: what expands has
            # no bound.
            chunks=self.pace.watched(answer.iter_raw(), where),
            encoding=encoding,
            led_to=_plain(answer.url) if elsewhere else "",
        )


def _plain(url: httpx.URL) -> str:
    """Return a URL without what may be secret in it."""
    return str(url.copy_with(userinfo=b"", query=None, fragment=None))


def _judge(answer: httpx.Response, url: str) -> None:
    status = f"answered {answer.status_code} {answer.reason_phrase}".strip()
    if answer.status_code in (200, 206):
        return
    if answer.status_code == 416:
        raise StaleError(f"{url}: {status}")
    refuses = answer.status_code in (501, 505, 511)  # of 5xx, these will be the same tomorrow
    if answer.status_code in (408, 425, 429) or (answer.status_code >= 500 and not refuses):
        wait_s = _wait_s(answer.headers.get("Retry-After", ""))
        raise BrokenOffError(f"{url}: {status}", wait_s=wait_s)
    kind = MISSING if answer.status_code in (404, 410) else FORBIDDEN
    raise RefusedError(kind, url, note=status)


def _wait_s(retry_after: str) -> float | None:
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        then = email.utils.parsedate_to_datetime(retry_after)
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, (then - datetime.datetime.now(then.tzinfo)).total_seconds())
