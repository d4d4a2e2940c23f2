"""Downloads: conditional requests, ranges, names and types."""

import email
import hashlib
import re
import unicodedata
from dataclasses import replace
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendata.base.runtime import SYSTEM
from opendata.doors.http import ranges
from opendata.doors.http.dispositions import content_disposition
from opendata.services.catalog import datasets
from opendata.services.plans.meter import Meter
from opendata.testing.records import CSV
from opendata.testing.web import City, problem_of

BODY = bytes(range(256)) * 1100
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


@pytest.fixture(scope="module")
def stored(still_city: City) -> str:
    _, resource = still_city.add_file(BODY, name="số liệu (T6).bin")
    return f"/api/v1/resources/{resource}/download"


def etag_of(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()}"'


def parts_of(response) -> list[tuple[str, bytes]]:
    """(Content-Range, bytes) of each part, read by the standard library's MIME parser."""
    head = f"Content-Type: {response.content_type}\r\n\r\n".encode("ascii")
    message = email.message_from_bytes(head + response.data)
    return [(part["Content-Range"], part.get_payload(decode=True)) for part in message.get_payload()]


def test_the_whole_file_arrives_byte_for_byte(still_city: City, stored: str) -> None:
    answer = still_city.client().get(stored, headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.data) == (200, BODY)
    assert answer.headers["ETag"] == etag_of(BODY)
    assert answer.headers["Content-Length"] == str(len(BODY))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Cache-Control"].startswith("public")


def test_head_tells_all_and_sends_nothing(still_city: City, stored: str) -> None:
    client = still_city.client()
    told, sent = client.head(stored), client.get(stored)
    assert told.data == b""
    for name in ("Content-Length", "Content-Type", "Content-Disposition", "ETag", "Accept-Ranges"):
        assert told.headers[name] == sent.headers[name]


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-1023", 0, 1024),
        ("bytes=-5", len(BODY) - 5, len(BODY)),
        ("bytes=70000-", 70000, len(BODY)),
        ("bytes=0-0", 0, 1),
        (f"bytes=-{len(BODY) * 3}", 0, len(BODY)),
        (f"bytes=10-{len(BODY) * 3}", 10, len(BODY)),
        ("BYTES=5-9", 5, 10),
        (f"bytes={len(BODY)}-, 7-8", 7, 9),
    ],
)
def test_one_range_is_answered_with_206(
    still_city: City, stored: str, asked: str, start: int, stop: int
) -> None:
    answer = still_city.client().get(stored, headers={"Range": asked, "Accept-Encoding": "gzip"})
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(BODY)}"
    assert answer.data == BODY[start:stop]
    assert answer.headers["Content-Length"] == str(stop - start)
    assert "Content-Encoding" not in answer.headers


def test_several_ranges_come_as_parts(still_city: City, stored: str) -> None:
    answer = still_city.client().get(stored, headers={"Range": "bytes=0-0,5-9,-3"})
    size = len(BODY)
    assert answer.status_code == 206
    assert answer.content_type.startswith("multipart/byteranges; boundary=")
    assert "Content-Range" not in answer.headers
    assert parts_of(answer) == [
        (f"bytes 0-0/{size}", BODY[:1]),
        (f"bytes 5-9/{size}", BODY[5:10]),
        (f"bytes {size - 3}-{size - 1}/{size}", BODY[-3:]),
    ]
    assert answer.headers["Content-Length"] == str(len(answer.data))


@pytest.mark.parametrize("asked", [f"bytes={len(BODY)}-", "bytes=-0", f"bytes={len(BODY)}-{len(BODY) + 5}"])
def test_a_range_outside_the_file_is_416(still_city: City, stored: str, asked: str) -> None:
    answer = still_city.client().get(stored, headers={"Range": asked})
    problem_of(answer, 416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{len(BODY)}"


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=",
        "bytes=5-2",
        "bytes=a-b",
        "items=0-1",
        "bytes=1-2;3-4",
        "bytes=--5",
        "bytes=٣-٤",
        "bytes=1 - 2",
        "bytes=0-,0-",
        "bytes=" + "9" * 3000 + "-",
        "bytes=" + ",".join(["0-0"] * (ranges.MAX_RANGES + 1)),
    ],
)
def test_a_range_that_makes_no_sense_gets_the_whole(still_city: City, stored: str, asked: str) -> None:
    answer = still_city.client().get(stored, headers={"Range": asked.encode().decode("latin-1")})
    assert (answer.status_code, answer.data) == (200, BODY)


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (etag_of(BODY), 206),
        ("W/" + etag_of(BODY), 200),
        (etag_of(b"earlier"), 200),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 200),
        (etag_of(BODY).strip('"'), 200),
    ],
)
def test_if_range_resumes_only_the_very_same_file(
    still_city: City, stored: str, condition: str, status: int
) -> None:
    answer = still_city.client().get(stored, headers={"Range": "bytes=0-9", "If-Range": condition})
    assert answer.status_code == status
    assert answer.data == (BODY[:10] if status == 206 else BODY)


def test_a_copy_that_is_current_is_answered_with_304(still_city: City, stored: str) -> None:
    client = still_city.client()
    for known in (etag_of(BODY), "W/" + etag_of(BODY), f'"x", {etag_of(BODY)}', "*"):
        answer = client.get(stored, headers={"If-None-Match": known, "Range": "bytes=0-1"})
        assert (answer.status_code, answer.data) == (304, b"")
        assert answer.headers["ETag"] == etag_of(BODY)
    assert client.get(stored, headers={"If-None-Match": '"other"'}).status_code == 200
    problem_of(client.get(stored, headers={"If-Match": '"other"'}), 412, "precondition_failed")


def test_head_takes_no_range(still_city: City, stored: str) -> None:
    answer = still_city.client().head(stored, headers={"Range": "bytes=0-9"})
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, str(len(BODY)))


SPEC = st.one_of(
    st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda p: f"{p[0]}-{p[1]}"),
    st.integers(0, 40).map(lambda n: f"{n}-"),
    st.integers(0, 40).map(lambda n: f"-{n}"),
)


@given(st.integers(0, 30), st.lists(SPEC, min_size=1, max_size=6))
def test_ranges_agree_with_slicing(size: int, specs: list[str]) -> None:
    body = bytes(range(size))
    header = "bytes=" + ",".join(specs)
    wanted = []
    for spec in specs:
        first, _, last = spec.partition("-")
        if first and last and int(first) > int(last):
            assert ranges.parse(header, size) is None
            return
        if not first:
            wanted.append(body[max(0, size - int(last)) :] if int(last) else b"")
        else:
            wanted.append(body[int(first) : int(last) + 1 if last else None])
    wanted = [part for part in wanted if part]
    try:
        parts = ranges.parse(header, size)
    except ranges.Unsatisfiable:
        assert not wanted
        return
    if parts is None:
        assert len(wanted) > 1 or size == 0
        assert sum(map(len, wanted)) > size or size == 0
    else:
        assert [body[part.start : part.stop] for part in parts] == wanted


def test_an_empty_file_is_whole(still_city: City) -> None:
    _, resource = still_city.add_file(b"", name="rong.csv")
    client = still_city.client()
    path = f"/api/v1/resources/{resource}/download"
    assert client.get(path).data == b""
    assert client.get(path, headers={"Range": "bytes=-5"}).status_code == 200
    assert client.get(path, headers={"Range": "bytes=0-"}).headers["Content-Range"] == "bytes */0"


NAMES = [
    "Báo cáo (T6).csv",
    unicodedata.normalize("NFD", "Báo cáo (T6).csv"),
    "số: liệu/1.csv",
    'a"b;c.csv',
    "%41.csv",
    ".csv",
    "データ.csv",
    "Đê điều.tar.gz",
    "x\r\nSet-Cookie: a=b.csv",
    "\\..\\a.csv",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_survives_in_every_reader(name: str) -> None:
    header = content_disposition("attachment", name)
    assert "\r" not in header
    assert "\n" not in header
    fallback = re.search(r'filename="([^"\\%/]+)"', header)
    assert fallback
    assert fallback.group(1).isascii()
    stem, _, ending = fallback.group(1).rpartition(".")
    assert stem
    assert ending == name.rpartition(".")[2]
    exact = re.search(r"filename\*=UTF-8''(\S+)", header)
    clean = unicodedata.normalize("NFC", name).replace("\r", "").replace("\n", "")
    assert unquote(exact.group(1)) == clean if exact else fallback.group(1) == clean
    assert not exact or re.fullmatch(r"(?:[A-Za-z0-9!#$&+\-.^_`|~]|%[0-9A-F]{2})+", exact.group(1))


@given(st.text(max_size=60))
def test_any_name_makes_a_header_that_can_be_sent(name: str) -> None:
    header = content_disposition("attachment", name)
    assert header.isascii()
    assert header.isprintable()


def test_a_download_says_its_name_and_type(still_city: City) -> None:
    _, resource = still_city.add_file(CSV, name="Báo cáo (T6).csv")
    answer = still_city.client().get(f"/api/v1/resources/{resource}/download")
    assert answer.headers["Content-Type"] == "text/csv; charset=UTF-8"
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"Bao cao (T6).csv\"; filename*=UTF-8''B%C3%A1o%20c%C3%A1o%20%28T6%29.csv"
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "body", "claimed", "kind"),
    [
        ("anh.png", PNG, "PNG", "inline"),
        ("anh.png", b"<html><script>alert(1)</script>", "PNG", "attachment"),
        ("anh.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", None, "attachment"),
        ("trang.html", b"<!doctype html><script>alert(1)</script>", None, "attachment"),
        ("tep.pdf", b"%PDF-1.7 ", None, "attachment"),
        ("ghi-chu.txt", "ghi chú".encode(), "TXT", "inline"),
    ],
)
def test_only_inert_bytes_are_shown(
    still_city: City, name: str, body: bytes, claimed: str | None, kind: str
) -> None:
    _, resource = still_city.add_file(body, name=name, **({"format": claimed} if claimed else {}))
    answer = still_city.client().get(f"/api/v1/resources/{resource}/download")
    assert answer.headers["Content-Disposition"].startswith(kind + ";")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_made_up_data_says_so(city: City) -> None:
    dataset_id, resource = city.add_file()
    client = city.client()
    path = f"/api/v1/resources/{resource}/download"
    assert "X-Data-Synthetic" not in client.get(path).headers
    with city.platform.work(SYSTEM) as work:
        dataset = datasets.get(work, dataset_id)
        datasets.edit(work, dataset, replace(datasets.record_of(work, dataset), synthetic=True))
    assert client.get(path).headers["X-Data-Synthetic"] == "true"


def test_files_are_sent_in_large_pieces(still_city: City, stored: str) -> None:
    answer = still_city.client().get(stored, buffered=False)
    assert max(map(len, answer.response)) >= 1 << 16


def test_a_restricted_file_is_for_its_department(still_city: City) -> None:
    _, resource = still_city.add_file(access_level="conditional")
    path = f"/api/v1/resources/{resource}/download"
    problem_of(still_city.client().get(path), 401, "sign_in_required")
    problem_of(still_city.client("foreign").get(path), 403, "not_allowed")
    answer = still_city.client("member").get(path)
    assert answer.data == CSV
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in answer.headers["Vary"]


def test_a_file_that_the_proxy_sends_is_named_to_it_and_metered_in_full(
    still_city: City, stored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(still_city.platform.settings, files_accel="/_files")
    monkeypatch.setattr(still_city.platform, "settings", settings)
    answer = still_city.client().get(stored, headers={"Range": "bytes=5-14"})
    sha256 = hashlib.sha256(BODY).hexdigest()
    assert answer.data == b""
    assert f"/{sha256[:2]}/{sha256[2:4]}/{sha256}" in answer.headers["X-Accel-Redirect"]
    assert answer.headers["X-Accel-Redirect"].startswith("/_files/")
    assert answer.headers["ETag"] == etag_of(BODY)
    noted = []
    meter = still_city.platform.part(Meter)
    monkeypatch.setattr(meter, "note", noted.append)
    still_city.client().get(stored, headers={"Range": "bytes=5-14"})
    still_city.client().get(stored)
    assert [record.bytes for record in noted] == [10, len(BODY)]
    head = still_city.client().head(stored)
    assert "X-Accel-Redirect" not in head.headers
    assert head.headers["Content-Length"] == str(len(BODY))
