"""Each server of the scaled mode killed, hung and slow while readers ask: what goes on, what is refused and
how, and that everything comes back by itself. Web and worker processes are real ones."""

import time
from collections import Counter

import pytest

from opendata.testing.load import Call, Load, eventually, line, percentile
from opendata.testing.records import CSV, put_file
from opendata.testing.stand import Stand

HOW = ("killed", "hung", "slow")
UNSEEN = {"killed": "lang=en", "hung": "lang=vi", "slow": ""}
OWNER_OF_COLD_KEY = {"killed": "member", "hung": "editor", "slow": "admin"}
"""What nobody asked before, and a key nobody came with, of the tests that share the stand."""
BEFORE = 1.0
"""Seconds of load before a fault, and after it."""
BACK = 60.0
"""Seconds within which the index has caught up."""
SEARCH = "/api/v1/datasets?q=chat%20luong%20nuoc%20bien"
FORM = "multipart/form-data; boundary=ranh"
UPLOAD = (
    b'--ranh\r\nContent-Disposition: form-data; name="file"; filename="moi.csv"\r\n'
    b"Content-Type: text/csv\r\n\r\n" + CSV + b"\r\n--ranh--\r\n"
)

pytestmark = pytest.mark.timeout(600)


class Cell:
    """Load around one fault. `during` are the calls that began while it lasted."""

    def __init__(self, stand: Stand, server: str, how: str, *, threads: int = 3) -> None:
        self.stand, self.server, self.how = stand, server, how
        self._load = Load(stand.web.port, stand.questions(), threads=threads)
        self._began = self._ended = 0.0

    def __enter__(self) -> "Cell":
        self._load.__enter__()
        time.sleep(BEFORE)
        self._began = time.monotonic()
        return self

    def mended(self) -> None:
        self._ended = time.monotonic()

    def __exit__(self, *_: object) -> None:
        time.sleep(BEFORE)
        self._load.__exit__()
        if not self._ended:
            self.mended()
        self.stand.figures.append(line(self.server, self.how, self.during))

    @property
    def calls(self) -> list[Call]:
        return self._load.calls

    @property
    def during(self) -> list[Call]:
        return [call for call in self.calls if self._began <= call.at < self._ended]

    def statuses(self, name: str = "") -> Counter[int]:
        return Counter(call.status for call in self.calls if not name or call.name == name)


def odd(calls: list[Call], *usual: int) -> list[str]:
    """What was answered otherwise, enough of it to see why."""
    other = [call for call in calls if call.status not in usual]
    return [f"{call.name} {call.status} {call.seconds:.1f} s {dict(call.headers)}" for call in other[:3]]


def wait_until(load: Cell, seen, seconds: float = 20.0) -> None:
    """Until some call of the load was answered so."""
    eventually(lambda: any(seen(call) for call in load.during or load.calls), seconds)


def told_by_none(stand: Stand, path: str, header: str) -> bool:
    """Asked so often that each web process has answered."""
    return all(header not in stand.ask(path).headers for _ in range(12))


@pytest.mark.parametrize("how", HOW)
def test_without_elasticsearch_all_goes_on_and_search_is_reduced(stand: Stand, how: str) -> None:
    title = f"Mực nước khi chỉ mục vắng {how}"
    put_file(stand.city.platform.settings.data / "nguon" / f"{how}.csv", CSV + how.encode() + b",a,1\n")
    with Cell(stand, "elasticsearch", how) as cell:
        with stand.fault("elasticsearch", how):
            eventually(lambda: stand.ask(SEARCH).headers.get("x-search-mode") == "reduced", 20)
            found = stand.ask(SEARCH).json()
            assert [row["id"] for row in found["data"]] == [stand.published]
            assert "chế độ rút gọn" in stand.ask("/datasets?q=bien%20dao").body.decode()
            began = time.monotonic()
            written = stand.send(
                "PATCH", f"/api/v1/datasets/{stand.dataset}", {"title": {"vi": title}}, **{"If-Match": "*"}
            )
            assert written.status == 200, written.body
            assert time.monotonic() - began < 10
            started = stand.send("POST", f"/api/v1/harvest/sources/{stand.city.source}/run", {})
            assert started.status == 202
            eventually(lambda: stand.run(started.json()["id"]).ended_at is not None, 40)
            assert stand.run(started.json()["id"]).state == "done"
            assert stand.state() == "degraded"
            cell.mended()
        assert eventually(stand.settled, BACK) < BACK
        eventually(
            lambda: (
                stand.ask(f"/api/v1/datasets?q=muc%20nuoc%20vang%20{how}").json()["data"][0]["id"]
                == stand.dataset
            )
        )
        eventually(lambda: told_by_none(stand, SEARCH, "x-search-mode"))
    assert not odd(cell.calls, 200)
    modes = {call.headers.get("x-search-mode") for call in cell.calls if call.name == "fresh search"}
    assert modes == {None, "reduced"}


@pytest.mark.parametrize("how", HOW)
def test_without_redis_nothing_fails_and_jobs_wait(stand: Stand, how: str) -> None:
    path = f"/api/v1/harvest/sources/{stand.city.source}/run"
    with Cell(stand, "redis", how) as cell:
        with stand.fault("redis", how):
            wait_until(cell, lambda call: call.headers.get("x-ratelimit-mode") == "degraded")
            began = time.monotonic()
            started = stand.send("POST", path, {})
            assert started.status == 202, started.body
            assert time.monotonic() - began < 10
            time.sleep(1.5)
            cell.mended()
        run_id = started.json()["id"]
        eventually(lambda: stand.run(run_id).ended_at is not None)
        assert stand.run(run_id).state == "done"
        eventually(lambda: told_by_none(stand, SEARCH, "x-ratelimit-mode"), 20)
    assert not odd(cell.calls, 200)
    assert percentile(cell.during, 0.99) < 2


@pytest.mark.parametrize("how", HOW)
def test_without_postgresql_what_is_public_is_told_again_and_the_rest_waits(stand: Stand, how: str) -> None:
    stand.warm()
    dataset = f"/api/v1/datasets/{stand.dataset}"
    unseen = f"{dataset}?{UNSEEN[how]}"
    before = stand.ask(dataset)
    stand.keys["cold"] = stand.city.key_of(OWNER_OF_COLD_KEY[how])
    with Cell(stand, "postgresql", how) as cell:
        with stand.fault("postgresql", how):
            time.sleep(1)
            if how == "slow":
                assert stand.ask(dataset).body == before.body
                assert stand.ask(dataset, key="reader").status == 200
            else:
                gone_on_without_the_database(stand, dataset, before.body, unseen)
            assert stand.ask("/health/live").status == 200
            cell.mended()
        back = eventually(lambda: "x-answer-mode" not in stand.ask(dataset).headers, 15)
        assert back < 15
        eventually(lambda: stand.ask(unseen).status == 200, 15)
        eventually(lambda: stand.ask(dataset, key="cold").status == 200, 15)  # each web process looks again
    assert not odd(cell.calls, *({200} if how == "slow" else {200, 503}))
    assert not odd([call for call in cell.calls if call.name in {"dataset", "key"}], 200)
    for call in cell.calls:
        if call.status == 503:
            assert int(call.headers["retry-after"]) > 0
            form = "text/html" if call.name == "page" else "application/problem+json"
            assert call.name == "download" or call.headers["content-type"].startswith(form)


def gone_on_without_the_database(stand: Stand, dataset: str, body: bytes, unseen: str) -> None:
    stale = stand.ask(dataset)
    assert (stale.status, stale.headers.get("x-answer-mode")) == (200, "stale")
    assert int(stale.headers["age"]) >= 0
    assert stale.body == body
    assert "tạm gián đoạn" in stand.ask("/organizations").body.decode()
    assert stand.ask(SEARCH).status == 200
    assert stand.ask(dataset, key="reader").status == 200
    cold = stand.ask(dataset, key="cold")
    assert (cold.status, cold.headers["content-type"]) == (503, "application/problem+json")
    new = stand.ask(unseen)
    assert (new.status, new.headers["content-type"]) == (503, "application/problem+json")
    assert int(new.headers["retry-after"]) > 0
    written = stand.send("PATCH", dataset, {"title": {"vi": "Không ghi được"}}, **{"If-Match": "*"})
    assert written.status == 503
    assert stand.ask("/health/ready").status == 503


@pytest.mark.parametrize("how", HOW)
def test_without_s3_metadata_and_search_go_on_downloads_and_uploads_are_refused(
    stand: Stand, how: str
) -> None:
    download = f"/api/v1/resources/{stand.resource}/download"
    upload = f"/api/v1/datasets/{stand.dataset}/resources"
    form = {"method": "POST", "key": "writer", "body": UPLOAD, "headers": {"Content-Type": FORM}}
    resources = len(stand.city.resources(stand.dataset))
    with Cell(stand, "s3", how) as cell:
        with stand.fault("s3", how):
            time.sleep(1)
            refused = how != "slow"
            answer = stand.ask(download)
            assert answer.status == (503 if refused else 200)
            assert not refused or int(answer.headers["retry-after"]) > 0
            assert stand.ask(upload, **form).status == (503 if refused else 201)
            assert stand.state() == ("degraded" if refused else "ok")
            time.sleep(1)
            cell.mended()
        eventually(lambda: stand.ask(download).body == CSV, 20)
    assert len(stand.city.resources(stand.dataset)) == resources + (not refused)
    others = [call for call in cell.calls if call.name != "download"]
    assert not odd(others, 200)
    assert set(cell.statuses("download")) == ({200, 503} if refused else {200})
    assert percentile([call for call in cell.during if call.name != "download"], 0.95) < 2
