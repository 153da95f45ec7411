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
    BrokenOffError,
    RefusedError,
    Remote,
    StaleError,
    Stream,
)


class S3(Remote):
    """A database below a bucket's prefix, read without credentials."""

    def __init__(self, bucket: str, prefix: str, jobs: int) -> None:
        self.bucket, self.prefix = bucket, prefix
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
        with self._errors(name):
            answer = self.client.get_object(Bucket=self.bucket, Key=self._key(name), **request)
            with contextlib.closing(answer["Body"]) as body:
                yield Stream(
                    start=offset,
                    total=offset + answer["ContentLength"],
                    validator=answer.get("ETag"),
                    html=answer.get("ContentType", "").startswith("text/html"),
                    chunks=body.iter_chunks(CHUNK_BYTES),
                )

    def where(self, name: str) -> str:
        """Return its s3:// name."""
        return f"s3://{self.bucket}/{self._key(name)}"

    def size(self, name: str) -> int:
        """HeadObject."""
        with self._errors(name):
            answer = self.client.head_object(Bucket=self.bucket, Key=self._key(name))
            return int(answer["ContentLength"])

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}".lstrip("/")

    @contextlib.contextmanager
    def _errors(self, name: str) -> Iterator[None]:
        where = self.where(name)
        try:
            yield
        except ClientError as error:
            raise _s3_error(error.response, where) from error
        except BotoCoreError as error:
            raise BrokenOffError(f"{where}: {error}") from error


def _s3_error(response: dict[str, Any], where: str) -> Exception:
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = response.get("Error", {}).get("Code", "")
    note = f"answered {status} {code}"
    if status in (412, 416):
        return StaleError(f"{where}: {note}")
    if status in (408, 429) or status >= 500:
        return BrokenOffError(f"{where}: {note}")
    return RefusedError(MISSING if status == 404 else FORBIDDEN, where, note=note)
