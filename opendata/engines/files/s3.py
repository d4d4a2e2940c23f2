"""Files in an S3 bucket, under their own digest: `<prefix>ab/cd/<sha256>`.

Digests of the blocks of longer files lie below `<prefix>blocks/` under the same names (see `blocks.py`).

A file is received into a local temporary file first: its address is known only when all of it has been
read, and nothing that ends half-way may reach the bucket.
"""

import base64
import contextlib
import hashlib
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal
from urllib.parse import urlsplit

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from opendata.base.kit.circuit import Circuit
from opendata.base.kit.errors import NotFound, StorageFull, TooLarge, Unavailable
from opendata.engines.files import blocks
from opendata.engines.files.blocks import BLOCK, Digester, Span
from opendata.engines.files.protocol import StoredFile
from opendata.engines.files.s3_address import S3Address

log = structlog.get_logger(__name__)
CHUNK = 1 << 18
PART = 16 << 20
"""Files above this size are sent in parts of it: a lost connection costs one part."""
LINK_SECONDS = 300
NEW_SECONDS = 600
"""An object older than this is written over itself when its bytes are stored again: what nobody refers to
is removed by age."""
KEPT_DIGESTS = 512
_ABSENT = {"404", "NoSuchKey", "NotFound", "NoSuchBucket"}
_FULL = {"507", "InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "EntityTooLarge"}
_THERE_ALREADY = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}
_NO_SUCH_RANGE = {"InvalidRange", "416"}


class S3Files:
    """Immutable once stored."""

    def __init__(self, address: S3Address) -> None:
        self._bucket, self._prefix, self._delivery = address.bucket, address.prefix, address.delivery
        self._circuit = Circuit()
        self._kept_blocks = lru_cache(KEPT_DIGESTS)(self._read_blocks)
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
            digests = _receive(source, file, limit)
            held = self._held(digests)
            if held != "new":
                self._keep_blocks(digests)
                self._send(file, digests.stored, {} if held == "old" else {"IfNoneMatch": "*"})
        return digests.stored

    def open(self, sha256: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        if length == 0:
            self.size(sha256)
            return iter(())
        first = start // BLOCK * BLOCK
        last = "" if length is None else -(-(start + length) // BLOCK) * BLOCK - 1
        part = {} if first == 0 and length is None else {"Range": f"bytes={first}-{last}"}
        with self._faults():
            try:
                answer = self._client.get_object(**self._place(sha256), **part)
            except ClientError as error:
                if _code(error) in _NO_SUCH_RANGE:
                    return iter(())
                raise
        return self._checked(answer, sha256, blocks.span(_total(answer), start, length))

    def size(self, sha256: str) -> int:
        with self._faults():
            return int(self._client.head_object(**self._place(sha256))["ContentLength"])

    def local_path(self, sha256: str) -> Path | None:
        self._place(sha256)
        return None

    def direct_url(self, sha256: str, *, content_type: str, disposition: str) -> str | None:
        return self._signed(sha256, content_type, disposition) if self._delivery == "presigned" else None

    def proxy_path(self, sha256: str, *, content_type: str, disposition: str) -> str:
        parts = urlsplit(self._signed(sha256, content_type, disposition))
        return f"{parts.path.lstrip('/')}?{parts.query}"

    def _signed(self, sha256: str, content_type: str, disposition: str) -> str:
        told = {"ResponseContentType": content_type, "ResponseContentDisposition": disposition}
        url: str = self._client.generate_presigned_url(
            "get_object", Params={**self._place(sha256), **told}, ExpiresIn=LINK_SECONDS
        )
        return url

    def remove(self, sha256: str) -> None:
        with self._faults():
            self._client.delete_object(**self._place(sha256))
            self._client.delete_object(**self._blocks_place(sha256))

    def discard(self, sha256: str, before: float) -> bool:
        with self._faults():
            try:
                found = self._client.head_object(**self._place(sha256))
            except ClientError as error:
                if _code(error) in _ABSENT:
                    return False
                raise
        if found["LastModified"].timestamp() >= before:
            return False
        self.remove(sha256)
        return True

    def tidy(self, before: float) -> int:
        return self._end_uploads(datetime.fromtimestamp(before, UTC)) + self._remove_stray_blocks(before)

    def describe(self) -> str:
        with self._faults():
            answer = self._client.head_bucket(Bucket=self._bucket)
        server = answer["ResponseMetadata"]["HTTPHeaders"].get("server", "S3")
        return f"{server}, {self._bucket}/{self._prefix}, {self._delivery}"

    def addresses(self) -> Iterator[tuple[str, float]]:
        return self._listed(self._prefix)

    def close(self) -> None:
        self._client.close()

    # --- sending ------------------------------------------------------------------------------------

    def _place(self, sha256: str, under: str = "") -> dict[str, str]:
        blocks.require_address(sha256)
        return {
            "Bucket": self._bucket,
            "Key": f"{self._prefix}{under}{sha256[:2]}/{sha256[2:4]}/{sha256}",
        }

    def _blocks_place(self, sha256: str) -> dict[str, str]:
        return self._place(sha256, "blocks/")

    def _reachable(self) -> None:
        """A store that is away refuses an upload before its first byte is read."""
        self._client.head_bucket(Bucket=self._bucket)
        self._circuit.succeeded()

    def _held(self, digests: Digester) -> Literal["absent", "old", "new"]:
        """Is it there already, and since when? One that is not whole or lacks its blocks counts as old: only
        what is absent may be sent under the condition that nobody else does, which would leave its age."""
        try:
            found = self._client.head_object(**self._place(digests.stored.sha256))
        except ClientError as error:
            if _code(error) in _ABSENT:
                return "absent"
            raise
        if found["ContentLength"] != digests.size or not self._has_blocks(digests):
            return "old"
        age = datetime.now(UTC) - found["LastModified"]
        return "new" if age.total_seconds() < NEW_SECONDS else "old"

    def _has_blocks(self, digests: Digester) -> bool:
        if digests.blocks:
            try:
                self._client.head_object(**self._blocks_place(digests.stored.sha256))
            except ClientError as error:
                if _code(error) in _ABSENT:
                    return False
                raise
        return True

    def _keep_blocks(self, digests: Digester) -> None:
        if digests.blocks:
            self._client.put_object(
                **self._blocks_place(digests.stored.sha256),
                Body=digests.blocks,
                ChecksumSHA256=_base64(hashlib.sha256(digests.blocks).digest()),
            )

    def _send(self, file: IO[bytes], stored: StoredFile, condition: dict[str, str]) -> None:
        """Digests travel along, so that the store refuses what was damaged on the way."""
        file.seek(0)
        try:
            if stored.size <= PART:
                digest = _base64(bytes.fromhex(stored.sha256))
                place = self._place(stored.sha256)
                self._client.put_object(**place, Body=file, ChecksumSHA256=digest, **condition)
            else:
                self._send_in_parts(file, stored, condition)
        except ClientError as error:
            if _code(error) not in _THERE_ALREADY:  # else another stored the same bytes meanwhile
                raise

    def _send_in_parts(self, file: IO[bytes], stored: StoredFile, condition: dict[str, str]) -> None:
        place = self._place(stored.sha256)
        upload = self._client.create_multipart_upload(**place, ChecksumAlgorithm="SHA256")["UploadId"]
        try:
            parts = [
                self._send_part(place, upload, number, body)
                for number, body in enumerate(iter(lambda: file.read(PART), b""), start=1)
            ]
            self._client.complete_multipart_upload(
                **place, UploadId=upload, MultipartUpload={"Parts": parts}, **condition
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

    def _checked(self, answer: dict[str, Any], sha256: str, wanted: Span) -> Iterator[bytes]:
        with contextlib.closing(answer["Body"]) as body, self._faults():
            if wanted.start >= wanted.stop and wanted.size:
                return
            came = blocks.split(body.read)
            yield from blocks.checked(sha256, wanted, came, lambda: self._blocks_of(sha256))

    def _blocks_of(self, sha256: str) -> bytes | None:
        try:
            return self._kept_blocks(sha256)
        except ClientError as error:
            if _code(error) in _ABSENT:
                return None
            raise

    def _read_blocks(self, sha256: str) -> bytes:
        answer = self._client.get_object(**self._blocks_place(sha256))
        with contextlib.closing(answer["Body"]) as body:
            return bytes(body.read())

    # --- tidying up ---------------------------------------------------------------------------------

    def _listed(self, prefix: str) -> Iterator[tuple[str, float]]:
        """Files directly below `prefix`, not those of the stores within it."""
        paginator = self._client.get_paginator("list_objects_v2")
        pages = iter(paginator.paginate(Bucket=self._bucket, Prefix=prefix))
        while page := self._next(pages):
            for item in page.get("Contents", ()):
                key, sha256 = item["Key"], item["Key"].rpartition("/")[2]
                if key == f"{prefix}{sha256[:2]}/{sha256[2:4]}/{sha256}":
                    yield sha256, item["LastModified"].timestamp()

    def _next(self, pages: Iterator[dict[str, Any]]) -> dict[str, Any] | None:
        with self._faults():
            return next(pages, None)

    def _remove_stray_blocks(self, before: float) -> int:
        """Digests of files that never came, or that have gone since. Only those of files that are not listed
        are asked for one by one: they may have come after the list was made."""
        old = [sha256 for sha256, stored_at in self._listed(f"{self._prefix}blocks/") if stored_at < before]
        listed = {sha256 for sha256, _ in self.addresses()} if old else set()
        stray = [sha256 for sha256 in old if sha256 not in listed and not self._is_there(sha256)]
        for sha256 in stray:
            with self._faults():
                self._client.delete_object(**self._blocks_place(sha256))
        return len(stray)

    def _is_there(self, sha256: str) -> bool:
        try:
            self.size(sha256)
        except NotFound:
            return False
        return True

    def _end_uploads(self, before: datetime) -> int:
        """Their parts take room and are seen by nobody."""
        found = 0
        with self._faults():
            pages = self._client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for upload in page.get("Uploads", ()):
                    if upload["Initiated"] < before:
                        self._client.abort_multipart_upload(
                            Bucket=self._bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                        )
                        found += 1
        return found

    @contextlib.contextmanager
    def _faults(self) -> Iterator[None]:
        self._circuit.enter()
        try:
            yield
        except ClientError as error:
            self._circuit.succeeded()  # it answered
            raise self._refusal(error) from error
        except (BotoCoreError, HTTPClientError) as error:
            self._circuit.failed()
            log.warning("files.unavailable", error=repr(error)[:300])
            raise Unavailable from error
        self._circuit.succeeded()

    def _refusal(self, error: ClientError) -> Exception:
        if _code(error) in _ABSENT:
            return NotFound()
        if _code(error) in _FULL:
            return StorageFull()
        log.warning("files.refused", code=_code(error))
        return Unavailable()


def _receive(source: BinaryIO, file: IO[bytes], limit: int | None) -> Digester:
    digests = Digester()
    while chunk := source.read(CHUNK):
        digests.update(chunk)
        if limit is not None and digests.size > limit:
            raise TooLarge
        try:
            file.write(chunk)
        except OSError as error:
            raise StorageFull from error
    return digests


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _total(answer: dict[str, Any]) -> int:
    """Size of the whole file, of which the answer may be a part."""
    range_text = answer.get("ContentRange", "")
    return int(range_text.rpartition("/")[2]) if range_text else int(answer["ContentLength"])


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
