"""The contract of file stores on a real S3 server, and what a store that fails does."""

import contextlib
import hashlib
import io
import os
import secrets
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from opendata.base.kit.circuit import OPEN_SECONDS, Circuit
from opendata.base.kit.errors import NotFound, StorageFull, Unavailable
from opendata.engines.files import open_files, s3
from opendata.engines.files.blocks import BLOCK
from opendata.engines.files.s3 import S3Files
from opendata.engines.files.s3_address import read_address
from opendata.testing.files_contract import BODY, LONG, FilesContract
from opendata.testing.server_fixtures import start_or_skip
from opendata.testing.servers import DelayProxy, S3Server


def new_store(server: S3Server, **options: str) -> S3Files:
    return S3Files(read_address(server.address(secrets.token_hex(6), **options)))


@pytest.fixture
def files(s3_server: S3Server) -> Iterator[S3Files]:
    store = new_store(s3_server)
    yield store
    store.close()


class TestS3Files(FilesContract):
    @pytest.fixture
    def files(self, s3_server: S3Server) -> Iterator[S3Files]:
        self.server = s3_server
        store = new_store(s3_server)
        yield store
        store.close()

    def on_disk(self, files: S3Files, sha256: str) -> Path:
        place = files._place(sha256)
        return self.server.folder / "buckets" / place["Bucket"] / place["Key"]

    def damage(self, files: S3Files, sha256: str, body: bytes) -> None:
        self.on_disk(files, sha256).write_bytes(body)

    def make_old(self, files: S3Files, sha256: str) -> None:
        hour_ago = time.time() - 3700
        os.utime(self.on_disk(files, sha256), (hour_ago, hour_ago))

    def lose(self, files: S3Files, sha256: str) -> None:
        files._client.delete_object(**files._place(sha256))


def big_body(parts: int = 3) -> bytes:
    return secrets.token_bytes(1 << 16) * (parts * (s3.PART >> 16)) + b"the end"


def test_a_big_file_goes_in_parts_and_comes_back_whole(files):
    body = big_body()
    stored = files.put(io.BytesIO(body))
    assert stored.sha256 == hashlib.sha256(body).hexdigest()
    digest = hashlib.sha256()
    for chunk in files.open(stored.sha256):
        digest.update(chunk)
    assert digest.hexdigest() == stored.sha256
    edge = s3.PART - 2
    assert b"".join(files.open(stored.sha256, edge, 5)) == body[edge : edge + 5]


def test_the_parts_of_an_upload_that_failed_are_removed(files, monkeypatch):
    sent = []

    def fail_late(self, place, upload, number, body):
        sent.append(number)
        if number == 2:
            raise OSError("lost")
        return original(self, place, upload, number, body)

    original = S3Files._send_part
    monkeypatch.setattr(S3Files, "_send_part", fail_late)
    with pytest.raises(OSError, match="lost"):
        files.put(io.BytesIO(big_body(2)))
    assert sent == [1, 2]
    assert not list(files.addresses())
    left = files._client.list_multipart_uploads(Bucket=files._bucket, Prefix=files._prefix)
    assert not left.get("Uploads")


def test_of_two_writers_of_the_same_bytes_both_succeed(files, monkeypatch):
    monkeypatch.setattr(S3Files, "_held", lambda *_: "absent")  # both found nothing there
    assert files.put(io.BytesIO(BODY)) == files.put(io.BytesIO(BODY))
    big = big_body(2)
    assert files.put(io.BytesIO(big)) == files.put(io.BytesIO(big))
    assert len(list(files.addresses())) == 2


def test_a_long_file_that_lost_its_digests_is_new_when_it_is_stored_again(files, s3_server):
    sha256 = files.put(io.BytesIO(LONG)).sha256
    files._client.delete_object(**files._blocks_place(sha256))
    place, hour_ago = files._place(sha256), time.time() - 3700
    os.utime(s3_server.folder / "buckets" / place["Bucket"] / place["Key"], (hour_ago, hour_ago))
    files.put(io.BytesIO(LONG))
    assert not files.discard(sha256, time.time() - 600)
    assert files._read_blocks(sha256)


def test_an_upload_left_unfinished_is_ended_after_a_day(files):
    place = files._place("0" * 64)
    files._client.create_multipart_upload(**place)
    assert files.tidy(time.time() - 86400) == 0
    assert files.tidy(time.time() + 60) == 1
    left = files._client.list_multipart_uploads(Bucket=files._bucket, Prefix=files._prefix)
    assert not left.get("Uploads")


def test_tidying_asks_for_no_file_that_is_listed(files, monkeypatch):
    kept, lost = files.put(io.BytesIO(LONG)).sha256, files.put(io.BytesIO(LONG + b"!")).sha256
    files._client.delete_object(**files._place(lost))
    asked, size = [], files.size
    monkeypatch.setattr(files, "size", lambda sha256: asked.append(sha256) or size(sha256))
    assert files.tidy(time.time() + 60) == 1
    assert asked == [lost]
    assert files._read_blocks(kept)


def test_a_part_is_checked_with_digests_that_are_fetched_once(files, monkeypatch):
    stored, asked = files.put(io.BytesIO(LONG)), []
    monkeypatch.setattr(
        files,
        "_client",
        _Wrapped(files._client, get_object=lambda **k: asked.append(k["Key"]) or original(**k)),
    )
    original = files._client._client.get_object
    for start in (0, BLOCK, 5):
        assert b"".join(files.open(stored.sha256, start, 7)) == LONG[start : start + 7]
    assert [key for key in asked if "blocks/" in key] == [files._blocks_place(stored.sha256)["Key"]]


def test_a_presigned_address_is_good_for_one_file_with_its_name_and_type(s3_server):
    store = new_store(s3_server, delivery="presigned")
    stored = store.put(io.BytesIO(BODY))
    url = store.direct_url(stored.sha256, content_type="text/csv", disposition='attachment; filename="a.csv"')
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=10) as answer:
        assert answer.read() == BODY
        assert answer.headers["Content-Type"] == "text/csv"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="a.csv"'
    assert new_store(s3_server).direct_url(stored.sha256, content_type="a/b", disposition="inline") is None


@pytest.fixture
def own_server(server_folder) -> Iterator[S3Server]:
    server = start_or_skip(S3Server(server_folder))
    yield server
    server.stop()


def test_a_store_that_is_gone_refuses_an_upload_before_its_first_byte_and_comes_back_by_itself(own_server):
    files = new_store(own_server)
    stored = files.put(io.BytesIO(BODY))
    own_server.kill()
    source = io.BytesIO(b"abc")
    with pytest.raises(Unavailable):
        files.put(source)
    assert source.tell() == 0
    started = time.monotonic()
    with pytest.raises(Unavailable):
        files.open(stored.sha256)
    assert time.monotonic() - started < 1, "it is known to be away"
    own_server.start()
    time.sleep(OPEN_SECONDS)
    assert b"".join(files.open(stored.sha256)) == BODY
    files.close()


def test_of_a_store_that_is_away_one_caller_a_second_asks(files, monkeypatch):
    now, asked = [100.0], []
    monkeypatch.setattr(files, "_circuit", Circuit(lambda: now[0]))

    def away(**_):
        asked.append(now[0])
        if len(asked) == 2:
            with pytest.raises(Unavailable):
                files.size("0" * 64)  # somebody else, while this one waits
        raise s3.HTTPClientError(error="away")

    with monkeypatch.context() as patched:
        patched.setattr(files, "_client", _Wrapped(files._client, head_object=away))
        for _ in range(3):
            with pytest.raises(Unavailable):
                files.size("0" * 64)
        now[0] += OPEN_SECONDS
        with pytest.raises(Unavailable):
            files.size("0" * 64)
    assert asked == [100.0, 100.0 + OPEN_SECONDS]
    now[0] += OPEN_SECONDS
    with pytest.raises(NotFound):
        files.size("0" * 64)
    assert not list(files.addresses())


def test_a_store_that_hangs_costs_a_caller_its_time_limit_and_no_more(s3_server):
    with DelayProxy(s3_server.port) as proxy:
        address = s3_server.address("hung").replace(str(s3_server.port), str(proxy.port))
        files = S3Files(read_address(f"{address}&timeout=0.3"))
        proxy.hung = True
        started = time.monotonic()
        with pytest.raises(Unavailable):
            files.size("0" * 64)
        assert time.monotonic() - started < 5
        proxy.hung = False
        time.sleep(OPEN_SECONDS)
        with pytest.raises(NotFound):
            files.size("0" * 64)


@pytest.mark.parametrize(
    ("code", "refusal"),
    [("InsufficientStorage", StorageFull), ("QuotaExceeded", StorageFull), ("AccessDenied", Unavailable)],
)
def test_a_refusal_of_the_store_is_told_in_our_words(files, monkeypatch, code, refusal):
    def refuse(**_):
        raise s3.ClientError({"Error": {"Code": code}}, "PutObject")

    monkeypatch.setattr(files, "_client", _Wrapped(files._client, put_object=refuse))
    with pytest.raises(refusal):
        files.put(io.BytesIO(b"some bytes"))


class _Wrapped:
    def __init__(self, client, **changed):
        self._client = client
        self.__dict__.update(changed)

    def __getattr__(self, name):
        return getattr(self._client, name)


@pytest.mark.parametrize("url", ["s3://", "s3://b?x=1", "s3://b/p?delivery=mail"])
def test_an_address_that_cannot_be_meant_is_refused(url):
    with pytest.raises(ValueError, match=r"S3 store|delivery"):
        open_files(url)


def test_many_readers_share_the_store(files):
    stored = files.put(io.BytesIO(BODY))
    came = []
    threads = [
        threading.Thread(target=lambda: came.append(b"".join(files.open(stored.sha256)))) for _ in range(8)
    ]
    with contextlib.ExitStack() as stack:
        for thread in threads:
            thread.start()
            stack.callback(thread.join)
    assert came == [BODY] * 8
