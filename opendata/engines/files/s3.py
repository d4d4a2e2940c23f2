"""Files in an S3 bucket, under their own digest: `<prefix>ab/cd/<sha256>`.

A file is received into a local temporary file first: its address is known only when all of it has been
read, and nothing that ends half-way may reach the bucket.
"""

import base64
import contextlib
import hashlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from opendata.base.kit.errors import NotFound, StorageFull, TooLarge, Unavailable
from opendata.engines.files.protocol import StoredFile
from opendata.engines.files.s3_address import S3Address

log = structlog.get_logger(__name__)
CHUNK = 1 << 18
PART = 16 << 20
"""Files above this size are sent in parts of it: a lost connection costs one part."""
LINK_SECONDS = 300
OPEN_SECONDS = 1.0
"""After the store failed to answer, how long it is not asked again: every caller would wait in turn."""
_ABSENT = {"404", "NoSuchKey", "NotFound", "NoSuchBucket"}
_FULL = {"507", "InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "EntityTooLarge"}
_THERE_ALREADY = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}
_NO_SUCH_RANGE = {"InvalidRange", "416"}


class DamagedFile(Unavailable):
    """The bytes that came are not those that were stored; the last of them is never handed on."""


class S3Files:
    """Immutable once stored."""

    def __init__(self, address: S3Address) -> None:
        self._bucket, self._prefix, self._delivery = address.bucket, address.prefix, address.delivery
        self._closed_until = 0.0
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=address.endpoint,
            region_name=address.region,
            aws_access_key_id=address.key,
            aws_secret_access_key=address.secret,
            verify=address.ca,
            config=Config(
                signature_version="s3v4",  # links are signed with the outdated one otherwise
                connect_timeout=2,
                read_timeout=address.timeout,
                retries={"total_max_attempts": 2, "mode": "standard"},
                max_pool_connections=32,
                s3={"addressing_style": "path" if address.endpoint else "auto"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def put(self, source: BinaryIO, *, limit: int | None = None) -> StoredFile:
        with self._faults(), tempfile.TemporaryFile() as file:
            self._reachable()
            stored = _receive(source, file, limit)
            if not self._holds(stored):
                self._send(file, stored)
        return stored

    def open(self, sha256: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        if length == 0:
            self.size(sha256)
            return iter(())
        whole = start == 0 and length is None
        wanted = {} if whole else {"Range": f"bytes={start}-{'' if length is None else start + length - 1}"}
        with self._faults():
            try:
                answer = self._client.get_object(**self._place(sha256), **wanted)
            except ClientError as error:
                if _code(error) in _NO_SUCH_RANGE:
                    return iter(())
                raise
        checked = sha256 if whole or answer["ContentLength"] == _total(answer) else None
        return self._chunks(answer["Body"], answer["ContentLength"], checked)

    def size(self, sha256: str) -> int:
        with self._faults():
            return int(self._client.head_object(**self._place(sha256))["ContentLength"])

    def local_path(self, sha256: str) -> Path | None:
        self._place(sha256)
        return None

    def direct_url(self, sha256: str, *, content_type: str, disposition: str) -> str | None:
        if self._delivery != "presigned":
            return None
        told = {"ResponseContentType": content_type, "ResponseContentDisposition": disposition}
        url: str = self._client.generate_presigned_url(
            "get_object", Params={**self._place(sha256), **told}, ExpiresIn=LINK_SECONDS
        )
        return url

    def remove(self, sha256: str) -> None:
        with self._faults():
            self._client.delete_object(**self._place(sha256))

    def describe(self) -> str:
        with self._faults():
            answer = self._client.head_bucket(Bucket=self._bucket)
        server = answer["ResponseMetadata"]["HTTPHeaders"].get("server", "S3")
        return f"{server}, {self._bucket}/{self._prefix}, {self._delivery}"

    def addresses(self) -> Iterator[tuple[str, float]]:
        with self._faults():
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for item in page.get("Contents", ()):
                    yield item["Key"].rpartition("/")[2], item["LastModified"].timestamp()

    def close(self) -> None:
        self._client.close()

    # --- sending ------------------------------------------------------------------------------------

    def _place(self, sha256: str) -> dict[str, str]:
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise NotFound
        return {"Bucket": self._bucket, "Key": f"{self._prefix}{sha256[:2]}/{sha256[2:4]}/{sha256}"}

    def _reachable(self) -> None:
        """A store that is away refuses an upload before its first byte is read."""
        self._client.head_bucket(Bucket=self._bucket)

    def _holds(self, stored: StoredFile) -> bool:
        try:
            return self.size(stored.sha256) == stored.size
        except NotFound:
            return False

    def _send(self, file: IO[bytes], stored: StoredFile) -> None:
        """Digests travel along, so that the store refuses what was damaged on the way."""
        file.seek(0)
        try:
            if stored.size <= PART:
                digest = _base64(bytes.fromhex(stored.sha256))
                place = self._place(stored.sha256)
                self._client.put_object(**place, Body=file, ChecksumSHA256=digest, IfNoneMatch="*")
            else:
                self._send_in_parts(file, stored)
        except ClientError as error:
            if _code(error) not in _THERE_ALREADY:  # else another stored the same bytes meanwhile
                raise

    def _send_in_parts(self, file: IO[bytes], stored: StoredFile) -> None:
        place = self._place(stored.sha256)
        upload = self._client.create_multipart_upload(**place, ChecksumAlgorithm="SHA256")["UploadId"]
        try:
            parts = [
                self._send_part(place, upload, number, body)
                for number, body in enumerate(iter(lambda: file.read(PART), b""), start=1)
            ]
            self._client.complete_multipart_upload(
                **place, UploadId=upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
            )
        except BaseException:
            with contextlib.suppress(ClientError, BotoCoreError):
                self._client.abort_multipart_upload(**place, UploadId=upload)
            raise

    def _send_part(self, place: dict[str, str], upload: str, number: int, body: bytes) -> dict[str, Any]:
        digest = _base64(hashlib.sha256(body).digest())
        sent = self._client.upload_part(
            **place, UploadId=upload, PartNumber=number, Body=body, ChecksumSHA256=digest
        )
        return {"PartNumber": number, "ETag": sent["ETag"], "ChecksumSHA256": digest}

    # --- reading ------------------------------------------------------------------------------------

    def _chunks(self, body: Any, length: int, sha256: str | None) -> Iterator[bytes]:
        """The bytes as they come; those of a whole file are hashed, and of one that differs the last chunk
        is held back, so that no reader takes it for complete."""
        digest, came = hashlib.sha256(), 0
        with contextlib.closing(body), self._faults():
            for chunk in body.iter_chunks(CHUNK):
                came += len(chunk)
                digest.update(chunk)
                if came == length and sha256 is not None and digest.hexdigest() != sha256:
                    log.error("files.damaged", sha256=sha256)
                    raise DamagedFile
                yield chunk

    @contextlib.contextmanager
    def _faults(self) -> Iterator[None]:
        if time.monotonic() < self._closed_until:
            raise Unavailable
        try:
            yield
        except ClientError as error:
            raise self._refusal(error) from error
        except (BotoCoreError, HTTPClientError) as error:
            self._closed_until = time.monotonic() + OPEN_SECONDS
            log.warning("files.unavailable", error=repr(error)[:300])
            raise Unavailable from error

    def _refusal(self, error: ClientError) -> Exception:
        if _code(error) in _ABSENT:
            return NotFound()
        if _code(error) in _FULL:
            return StorageFull()
        log.warning("files.refused", code=_code(error))
        return Unavailable()


def _receive(source: BinaryIO, file: IO[bytes], limit: int | None) -> StoredFile:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        size += len(chunk)
        if limit is not None and size > limit:
            raise TooLarge
        digest.update(chunk)
        try:
            file.write(chunk)
        except OSError as error:
            raise StorageFull from error
    return StoredFile(digest.hexdigest(), size)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _total(answer: dict[str, Any]) -> int:
    """Size of the whole file, of which the answer may be a part."""
    range_text = answer.get("ContentRange", "")
    return int(range_text.rpartition("/")[2]) if range_text else int(answer["ContentLength"])


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
