"""Built files are sent compressed where the browser takes that, and may be kept for ever."""

import gzip
from pathlib import Path

import pytest

from opendata.doors.web import application, static_files
from opendata.testing.web import City

NAME = "site-ABCDEFGH.css"
BODY = b"body { color: black }"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / NAME).write_bytes(BODY)
    (tmp_path / f"{NAME}.gz").write_bytes(gzip.compress(BODY))
    return tmp_path


def sent(city: City, folder: Path, accepted: str) -> tuple[dict[str, str], bytes]:
    files = static_files.StaticFiles(folder)
    with city.app.test_request_context(headers={"Accept-Encoding": accepted}):
        response = application._static(files, NAME)
        response.direct_passthrough = False
        return dict(response.headers), response.get_data()


def test_the_compressed_form_is_sent_where_it_is_accepted(still_city: City, folder: Path) -> None:
    headers, body = sent(still_city, folder, "gzip, br")
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == BODY
    assert headers["Content-Type"].startswith("text/css")


def test_others_get_the_plain_form(still_city: City, folder: Path) -> None:
    for accepted in ("", "gzip;q=0", "zstd"):
        headers, body = sent(still_city, folder, accepted)
        assert "Content-Encoding" not in headers
        assert body == BODY


def test_caches_tell_the_forms_apart_and_keep_them(still_city: City, folder: Path) -> None:
    headers, _ = sent(still_city, folder, "gzip")
    assert "Accept-Encoding" in headers["Vary"]
    assert "immutable" in headers["Cache-Control"]
