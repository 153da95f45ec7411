"""A database below a URL: Range, If-Range, Retry-After, and what a status means for a file."""

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
    BrokenOffError,
    RefusedError,
    Remote,
    StaleError,
    Stream,
)


class Https(Remote):
    """A database below a URL."""

    def __init__(self, base: str, jobs: int) -> None:
        self.base = base.rstrip("/")
        self.client = httpx.Client(
            follow_redirects=True,
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
            yield _stream(answer, offset)

    def where(self, name: str) -> str:
        """Return its URL."""
        return f"{self.base}/{quote(name)}"

    def size(self, name: str) -> int:
        """HEAD."""
        with self._answer("HEAD", name, {}) as answer:
            return int(answer.headers.get("Content-Length", -1))

    @contextlib.contextmanager
    def _answer(self, method: str, name: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
        url = self.where(name)
        try:
            with self.client.stream(method, url, headers=headers) as answer:
                _judge(answer, url)
                yield answer
        except httpx.RequestError as error:
            raise BrokenOffError(f"{url}: {error or type(error).__name__}") from error


def _judge(answer: httpx.Response, url: str) -> None:
    status = f"answered {answer.status_code} {answer.reason_phrase}".strip()
    if answer.status_code in (200, 206):
        return
    if answer.status_code == 416:
        raise StaleError(f"{url}: {status}")
    if answer.status_code in (408, 425, 429) or answer.status_code >= 500:
        wait_s = _wait_s(answer.headers.get("Retry-After", ""))
        raise BrokenOffError(f"{url}: {status}", wait_s=wait_s)
    kind = MISSING if answer.status_code in (404, 410) else FORBIDDEN
    raise RefusedError(kind, url, note=status)


def _wait_s(retry_after: str) -> float | None:
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        then = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (then - datetime.datetime.now(then.tzinfo)).total_seconds())


def _stream(answer: httpx.Response, offset: int) -> Stream:
    start, total = 0, None
    encoded = answer.headers.get("Content-Encoding", "identity") != "identity"
    if answer.status_code == 206:
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        if not match or int(match[1]) != offset or encoded:
            raise StaleError(f"{answer.url}: answered another range than was requested")
        start, total = offset, None if match[2] == "*" else int(match[2])
    elif not encoded and "Content-Length" in answer.headers:
        total = int(answer.headers["Content-Length"])
    etag = answer.headers.get("ETag", "W/")
    return Stream(
        start=start,
        total=total,
        # A weak tag does not vouch for the bytes.
        validator=answer.headers.get("Last-Modified") if etag.startswith("W/") else etag,
        html=answer.headers.get("Content-Type", "").startswith("text/html"),
        chunks=answer.iter_bytes(),  # as they come: a buffer would be lost in a drop
    )
