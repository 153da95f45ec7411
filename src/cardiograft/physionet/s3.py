"""A database below a bucket's prefix, read without credentials."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cardiograft.physionet.transports import (
    CHUNK_BYTES,
    FORBIDDEN,
    MISSING,
    PACE,
    BrokenOffError,
    Pace,
    RefusedError,
    Remote,
    SlowError,
    StaleError,
    Stream,
    UnreachableError,
    is_lasting,
    total_of_range,
)

LEAST_READ = 1024  # bytes: each read costs a thread
PLAIN = ("", "identity", "aws-chunked")


class S3(Remote):
    """A database below a bucket's prefix, read without credentials."""

    def __init__(self, bucket: str, prefix: str, jobs: int, pace: Pace = PACE) -> None:
        self.bucket, self.prefix, self.pace = bucket, prefix, pace
        self._answered = False
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        # The endpoint is the client's own matter: AWS_ENDPOINT_URL.
        self.client = boto3.client(
            "s3",
            region_name=region or "us-east-1",
            config=Config(
                signature_version=UNSIGNED,
                max_pool_connections=jobs,
                connect_timeout=10,
                read_timeout=30,
                retries={"total_max_attempts": 1},  # `fetch` retries, for every mirror alike
            ),
        )

    @contextlib.contextmanager
    def open(self, name: str, offset: int, validator: str | None) -> Iterator[Stream]:
        """GetObject, with Range and IfMatch where something has arrived before."""
        request = {"Range": f"bytes={offset}-"} if offset else {}
        if offset and validator:
            request["IfMatch"] = validator
        where = self.where(name)
        with self._errors(name):
            answer = self._ask(self.client.get_object, name, **request)
            body = answer["Body"]
            try:
                yield self._stream(answer, body, offset, where)
            except SlowError:
                raise  # closing would wait for the thread that still reads
            except BaseException:
                body.close()
                raise
            body.close()

    def _stream(self, answer: dict[str, Any], body: Any, offset: int, where: str) -> Stream:
        start, total = 0, answer["ContentLength"]
        if answer["ResponseMetadata"]["HTTPStatusCode"] == 206:
            start, total = offset, total_of_range(answer.get("ContentRange", ""), offset, where)
        encoding = answer.get("ContentEncoding", "").lower()

        def read() -> bytes:
            # It returns when all has come: within the window, or it is too slow.
            part: bytes = self.pace.answered(lambda: body.read(size), where, lambda _: body.close())
            return part

        size = min(CHUNK_BYTES, max(LEAST_READ, self.pace.least_bytes))
        return Stream(
            start=start,
            total=total,
            validator=answer.get("ETag"),
            html=answer.get("ContentType", "").startswith("text/html"),
            chunks=iter(read, b""),
            encoding="" if encoding in PLAIN else encoding,
        )

    def _ask(self, call: Any, name: str, **request: Any) -> dict[str, Any]:
        def ask() -> dict[str, Any]:
            answer: dict[str, Any] = call(Bucket=self.bucket, Key=self._key(name), **request)
            return answer

        answer = self.pace.answered(ask, self.where(name), _close)
        self._answered = True
        return answer

    def where(self, name: str) -> str:
        """Return its s3:// name."""
        return f"s3://{self.bucket}/{self._key(name)}"

    def size(self, name: str) -> int:
        """HeadObject."""
        with self._errors(name):
            return int(self._ask(self.client.head_object, name)["ContentLength"])

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}".lstrip("/")

    @contextlib.contextmanager
    def _errors(self, name: str) -> Iterator[None]:
        where = self.where(name)
        try:
            yield
        except ClientError as error:
            self._answered = True
            raise _s3_error(error.response, where) from error
        except BotoCoreError as error:
            if is_lasting(error, answered=self._answered):
                raise UnreachableError(f"{where}: {error}") from error
            raise BrokenOffError(f"{where}: {error}") from error


def _close(answer: dict[str, Any]) -> None:
    if "Body" in answer:
        answer["Body"].close()


def _s3_error(response: dict[str, Any], where: str) -> Exception:
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = response.get("Error", {}).get("Code", "")
    note = f"answered {status} {code}"
    if status in (412, 416):
        return StaleError(f"{where}: {note}")
    if status in (408, 429) or status >= 500:
        return BrokenOffError(f"{where}: {note}")
    return RefusedError(MISSING if status == 404 else FORBIDDEN, where, note=note)
