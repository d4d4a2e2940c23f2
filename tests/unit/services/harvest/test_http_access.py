"""`io.http` beyond paging: what is logged, what is refused, what a document is."""

import json

import pytest

from opendata.services.harvest.http import HttpAccess, HttpLimits, Known
from opendata.services.harvest.items import SourceError
from opendata.services.harvest.listing import ListingLog, NotModified
from opendata.testing.harvesting import quick_fetcher
from opendata.testing.hostile_server import (
    Answer,
    HostileServer,
    gzip_bomb,
    json_answer,
    one_after_another,
    page_answer,
    redirect,
)


@pytest.fixture
def fetcher():
    with quick_fetcher() as made:
        yield made


@pytest.fixture
def log():
    return ListingLog()


def access(fetcher, server, log, **options):
    return HttpAccess(fetcher, source_url=server.url, log=log, **options)


def test_json_is_read_strictly_and_cleaned(fetcher, log):
    with HostileServer(
        lambda _: Answer(body=b'\xef\xbb\xbf{"a": "x\\ud800", "n": 99999999999999999999}')
    ) as server:
        assert access(fetcher, server, log).json(server.url) == {"a": "x", "n": "99999999999999999999"}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (page_answer(), "not_expected_type"),
        (Answer(body=b"<html>", type="text/plain"), "not_expected_type"),
        (Answer(body=b'{"a": 1, "a": 2}'), "parse"),
        (Answer(body=b"[" * 100_000), "parse"),
        (Answer(body=b"\xff\xfe\xff"), "parse"),
        (Answer(status=500), "source_error"),
        (Answer(status=401), "auth"),
        (Answer(status=403), "forbidden"),
        (redirect("http://10.0.0.1/"), "blocked_address"),
        (redirect("ftp://a.example/"), "scheme_not_allowed"),
        (gzip_bomb(70 << 20), "too_large"),
    ],
)
def test_every_failure_is_a_source_error_with_its_code(fetcher, log, answer, code):
    with HostileServer(lambda _: answer) as server, pytest.raises(SourceError) as caught:
        access(fetcher, server, log).json(server.url + "/x?khoa=bi-mat")
    assert caught.value.code == code
    assert "bi-mat" not in caught.value.where


def test_the_log_counts_requests_answers_bytes_and_tries(fetcher, log):
    with HostileServer(one_after_another([Answer(status=503), json_answer([1]), json_answer([2])])) as server:
        http = access(fetcher, server, log)
        http.json(server.url)
        http.json(server.url)
    assert (log.requests, log.retries, log.bytes, dict(log.statuses)) == (2, 1, 6, {200: 2})


def test_a_document_is_whole_before_it_is_handed_over(fetcher, log):
    body = json.dumps(["x" * 3_000_000]).encode()
    cut = Answer(body=body, cut_at=1_000_000)
    script = one_after_another([cut, Answer(body=body, headers={"ETag": '"2"'})])
    with HostileServer(script) as server, access(fetcher, server, log).stream(server.url) as file:
        assert file.read() == body
    assert (log.etag, log.retries) == ('"2"', 1)


def test_a_document_has_a_limit(fetcher, log):
    limits = HttpLimits(document_bytes=1000)
    with HostileServer(lambda _: Answer(body=b"x" * 1001)) as server:
        document = access(fetcher, server, log, limits=limits).stream(server.url)
        with pytest.raises(SourceError) as caught:
            document.__enter__()
    assert caught.value.code == "too_large"


def test_what_is_known_makes_the_question_conditional(fetcher, log):
    with HostileServer(lambda _: Answer(status=304)) as server:
        document = access(fetcher, server, log, known=Known(etag='"1"')).stream(server.url)
        with pytest.raises(NotModified):
            document.__enter__()
    assert log.not_modified


def test_links_of_a_page_are_absolute_and_each_once(fetcher, log):
    targets = ["a.xml", "/b", "a.xml", "mailto:x", "javascript:1"]
    text = "<a>n</a>" + "".join(f'<A HREF="{target}">x</a>' for target in targets)
    with HostileServer(lambda _: page_answer(text)) as server:
        found = access(fetcher, server, log).links(server.url + "/d/")
    assert found == [server.url + "/d/a.xml", server.url + "/b"]


def test_credentials_belong_to_the_sources_origin(fetcher, log):
    with HostileServer(lambda _: json_answer(1)) as other, HostileServer(lambda _: json_answer(1)) as server:
        http = access(fetcher, server, log).with_credentials({"Authorization": "khoa"})
        http.json(server.url)
        http.json(other.url)
    assert server.seen[0].headers["authorization"] == "khoa"
    assert "authorization" not in other.seen[0].headers
