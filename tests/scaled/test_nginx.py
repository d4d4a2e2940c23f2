"""Downloads that a real nginx sends for the portal, by the configuration we ship."""

import hashlib
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from opendata.testing.server_fixtures import start_or_skip
from opendata.testing.servers import NginxServer, S3Server, scratch_folder
from opendata.testing.servers.scratch import free_port
from opendata.testing.web import City, build_city, close_city

SHIPPED = Path(__file__).resolve().parents[2] / "config" / "nginx.conf"
BODY = bytes(range(256)) * 9000
ETAG = f'"{hashlib.sha256(BODY).hexdigest()}"'


@dataclass
class Front:
    """A city behind nginx. `public` and `restricted` are paths of downloads; `sent` are the bodies that
    passed through the portal itself."""

    city: City
    public: str
    restricted: str
    address: str = ""
    sent: list[int] = field(default_factory=list)

    def ask(self, path: str, method: str = "GET", **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.request(method, self.address + path, headers=named, timeout=30)

    def portal(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        body = b"".join(self.city.app(environ, start_response))
        self.sent.append(len(body))
        return [body]


@contextmanager
def front(store_port: int, **engines: str) -> Iterator[Front]:
    """In a folder that the account of nginx may walk through."""
    with scratch_folder() as folder:
        city = build_city(folder, engines=engines)
        _, public = city.add_file(BODY, name="số liệu tháng 6.csv")
        _, restricted = city.add_file(BODY + b"!", name="kín.csv", access_level="non_public")
        paths = [f"/api/v1/resources/{one}/download" for one in (public, restricted)]
        behind = Front(city, *paths)
        server = make_server("127.0.0.1", 0, behind.portal, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        nginx = NginxServer(folder, SHIPPED, addresses(server.server_port, store_port, folder))
        try:
            behind.address = start_or_skip(nginx).url
            yield behind
        finally:
            nginx.stop()
            server.shutdown()
            thread.join()
            server.server_close()
            close_city(city, folder)


def addresses(portal: int, store: int, folder: Path) -> dict[str, str]:
    """Those of the containers, and what stands for them here."""
    return {
        "server web1:8000": f"server 127.0.0.1:{portal}",
        "server web2:8000": f"server 127.0.0.1:{portal}",
        "/var/lib/opendata/files/": f"{folder}/files/",
        "http://s3:7070;": f"http://127.0.0.1:{store};",
        "Host s3:7070;": f"Host 127.0.0.1:{store};",
    }


@pytest.fixture(scope="module", params=["folder", "s3"])
def sending(request: pytest.FixtureRequest) -> Iterator[Front]:
    """nginx sends the files itself, from a folder or out of the store."""
    if request.param == "folder":
        with front(free_port(), files_accel="/_files") as behind:
            yield behind
        return
    server: S3Server = request.getfixturevalue("s3_server")
    with front(server.port, files_accel="/_store", files_url=server.address("nginx")) as behind:
        yield behind


def test_the_whole_file_comes_from_nginx_under_the_headers_of_the_portal(sending: Front) -> None:
    before = len(sending.sent)
    answer = sending.ask(sending.public)
    assert sending.sent[before:] == [0]
    assert answer.status_code == 200
    assert answer.content == BODY
    through_us = sending.city.client().get(sending.public, headers={"If-Match": "*"})
    for name in (
        "Content-Type", "Content-Disposition", "Content-Length", "ETag", "Cache-Control", "Vary",
        "Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Accept-Ranges",
        "Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "RateLimit-Policy",
    ):  # fmt: skip
        assert answer.headers.get(name) == through_us.headers.get(name), name
    assert answer.headers["X-Request-Id"]
    assert "số liệu" in requests.utils.unquote(answer.headers["Content-Disposition"])
    told = {name.lower() for name in answer.headers}
    assert not told & {"x-accel-redirect", "last-modified", "x-amz-request-id"}


@pytest.mark.parametrize(("asked", "start", "stop"), [("0-9", 0, 10), ("-7", -7, None), ("100-", 100, None)])
def test_a_part_is_sent_by_nginx(sending: Front, asked: str, start: int, stop: int | None) -> None:
    before = len(sending.sent)
    for headers in ({}, {"If_Range": ETAG}):
        answer = sending.ask(sending.public, Range=f"bytes={asked}", **headers)
        assert (answer.status_code, answer.content) == (206, BODY[start:stop])
        assert answer.headers["ETag"] == ETAG
        assert answer.headers["Content-Range"].endswith(f"/{len(BODY)}")
    assert sending.sent[before:] == [0, 0]


def test_several_parts_come_in_one_answer(sending: Front) -> None:
    """Ours: S3 knows single ranges only."""
    answer = sending.ask(sending.public, Range="bytes=0-3,10-12")
    assert answer.status_code == 206
    head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
    parts = message_from_bytes(head + answer.content).get_payload()
    assert [part.get_payload(decode=True) for part in parts] == [BODY[:4], BODY[10:13]]


def test_conditions_on_our_etag_are_kept(sending: Front) -> None:
    assert sending.ask(sending.public, If_None_Match=ETAG).status_code == 304
    assert sending.ask(sending.public, If_None_Match='"another"').content == BODY
    assert sending.ask(sending.public, If_Match='"another"').status_code == 412
    assert sending.ask(sending.public, If_Match=ETAG).content == BODY
    late = sending.ask(sending.public, If_Modified_Since="Wed, 01 Jan 2098 00:00:00 GMT")
    assert (late.status_code, late.content) == (200, BODY)
    outdated = sending.ask(sending.public, Range="bytes=0-9", If_Range='"another"')
    assert (outdated.status_code, outdated.content) == (200, BODY)
    beyond = sending.ask(sending.public, Range=f"bytes={len(BODY)}-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(BODY)}")
    told = sending.ask(sending.public, "HEAD")
    assert (told.content, told.headers["Content-Length"]) == (b"", str(len(BODY)))


def test_nobody_passes_by_the_portal(sending: Front) -> None:
    assert sending.ask(sending.restricted).status_code in (401, 403)
    sha256 = hashlib.sha256(BODY + b"!").hexdigest()
    for place in ("/_files/", "/_store/opendata/nginx/", "/_/", "/_files/../_files/"):
        assert sending.ask(f"{place}{sha256[:2]}/{sha256[2:4]}/{sha256}").status_code == 404
    key = sending.city.key_of("editor", "download", "publish")
    allowed = sending.ask(sending.restricted, Authorization=f"Bearer {key}")
    assert allowed.content == BODY + b"!"
    assert allowed.headers["Cache-Control"] == "private, no-cache"


def test_a_store_that_is_away_is_told_as_everywhere(server_folder: Path) -> None:
    server = start_or_skip(S3Server(server_folder))
    try:
        with front(server.port, files_accel="/_store", files_url=server.address("away")) as behind:
            server.kill()
            answer = behind.ask(behind.public)
    finally:
        server.stop()
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "5"
    assert answer.json()["code"] == "temporarily_unavailable"
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]


def test_a_presigned_download_goes_to_the_store_itself(s3_server: S3Server) -> None:
    address = s3_server.address("presigned", delivery="presigned")
    with front(s3_server.port, files_url=address) as behind:
        before = len(behind.sent)
        answer = behind.ask(behind.public, Range="bytes=0-9")
        assert behind.sent[before:] == [0]
        assert [step.status_code for step in answer.history] == [302]
        assert answer.url.startswith(s3_server.endpoint)
        assert (answer.status_code, answer.content) == (206, BODY[:10])
        assert "số liệu" in requests.utils.unquote(answer.headers["Content-Disposition"])
        assert behind.ask(behind.restricted).status_code in (401, 403)
