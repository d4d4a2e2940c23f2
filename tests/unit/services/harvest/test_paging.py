"""Six styles of paging, and the proof that a listing went forward."""

import random
from urllib.parse import urlencode

import pytest

from opendata.services.harvest.http import HttpAccess
from opendata.services.harvest.items import SourceError
from opendata.services.harvest.listing import ListingLog
from opendata.testing.harvesting import quick_fetcher
from opendata.testing.hostile_server import Answer, HostileServer, json_answer

ROWS = [{"id": f"r{number:03d}", "n": number} for number in range(47)]
NAMES = {"items": "data.rows", "id": "id", "total": "meta.total", "size": 10}


def body(rows, **more):
    return {"data": {"rows": rows}, "meta": {"total": len(ROWS)}, **more}


def by_offset(seen, rows=ROWS):
    start, size = int(seen.query["offset"]), int(seen.query["limit"])
    return json_answer(body(rows[start : start + size]))


def by_page(seen):
    start = (int(seen.query["page"]) - 1) * 10
    return json_answer(body(ROWS[start : start + 10])) if start < len(ROWS) else Answer(status=404)


def by_token(seen):
    start = int(seen.query.get("after", "t0")[1:])
    following = f"t{start + 10}" if start + 10 < len(ROWS) else None
    return json_answer(body(ROWS[start : start + 10], following=following))


def by_link(seen):
    start = int(seen.query.get("from", 0))
    links = (
        {"Link": f'</?from={start + 10}>; rel="next", </?from=0>; rel="first"'}
        if start + 10 < len(ROWS)
        else {}
    )
    return json_answer(body(ROWS[start : start + 10]), headers=links)


def by_next(seen):
    start = int(seen.query.get("from", 0))
    following = f"?from={start + 10}" if start + 10 < len(ROWS) else ""
    return json_answer(body(ROWS[start : start + 10], links={"next": following}))


STYLES = {
    "offset": (by_offset, {}),
    "page": (by_page, {}),
    "cursor": (by_token, {"cursor_param": "after", "next": "following"}),
    "token": (by_token, {"cursor_param": "after", "next": "following"}),
    "link": (by_link, {}),
    "next": (by_next, {"next": "links.next"}),
}


def read(url, style, *, cursor=None, **names):
    """The rows, the log and the marks of one listing."""
    log = ListingLog()
    with quick_fetcher() as fetcher:
        http = HttpAccess(fetcher, source_url=url, log=log)
        pages = http.pages(url + "/", style=style, cursor=cursor, **{**NAMES, **names})
        found = [(list(page.items), page.mark) for page in pages]
    return [row["id"] for items, _ in found for row in items], log, [mark for _, mark in found]


def listing(script, style, **options):
    with HostileServer(script) as server:
        ids, log, marks = read(server.url, style, **options)
    return ids, log, marks, server.seen


@pytest.mark.parametrize("style", STYLES)
def test_each_style_reads_every_row_once(style):
    script, names = STYLES[style]
    ids, log, _, _ = listing(script, style, **names)
    assert ids == [row["id"] for row in ROWS]
    assert (log.faults, log.totals, log.items) == ([], [47], 47)


@pytest.mark.parametrize("style", STYLES)
def test_each_style_goes_on_from_any_mark(style):
    script, names = STYLES[style]
    with HostileServer(script) as server:
        whole, _, marks = read(server.url, style, **names)
        for at, mark in enumerate(marks[:-1], start=1):
            asked = len(server.seen)
            rest, log, _ = read(server.url, style, cursor=mark.cursor, **names)
            assert set(whole) == set(rest) | set(whole[: at * 10])
            assert log.faults == []
            assert len(server.seen) - asked <= len(marks) - at + 1


@pytest.mark.parametrize("style", STYLES)
def test_a_source_that_serves_one_page_for_ever_is_left_at_the_second(style):
    script, names = STYLES[style]
    first = []

    def stuck(seen):
        first.append(first[0] if first else script(seen))
        return first[0]

    ids, log, _, seen = listing(stuck, style, **names)
    assert ids == [row["id"] for row in ROWS[:10]]
    assert ([fault.code for fault in log.faults], len(seen)) == (["page_loop"], 2)


def test_next_links_in_a_circle_end_the_listing():
    def circle(seen):
        at = int(seen.query.get("from", 0))
        rows = [{"id": f"{at}-{random.random()}"}]
        return json_answer(body(rows, links={"next": f"/?from={(at + 1) % 2}"}))

    _, log, _, seen = listing(circle, "next", next="links.next")
    assert ([fault.code for fault in log.faults], len(seen)) == (["page_loop"], 3)


def test_endless_new_rows_stop_at_the_cap(monkeypatch):
    monkeypatch.setattr("opendata.services.harvest.paging.PAGE_CAP", 7)

    def endless(seen):
        at = int(seen.query.get("from", 0))
        return json_answer(body([{"id": f"x{at}"}], links={"next": f"/?from={at + 1}"}))

    ids, log, _, seen = listing(endless, "next", next="links.next")
    assert (len(ids), len(seen), [fault.code for fault in log.faults]) == (7, 7, ["too_large"])


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("status", [500, 404, 403])
def test_a_failure_on_the_first_page_fails_and_on_a_later_one_ends_the_listing(style, status):
    script, names = STYLES[style]
    with pytest.raises(SourceError):
        listing(lambda _: Answer(status=status), style, **names)
    calls = []

    def later(seen):
        calls.append(seen)
        return script(seen) if len(calls) < 3 else Answer(status=status)

    ids, log, _, _ = listing(later, style, **names)
    assert 10 <= len(ids) <= 20
    assert len(log.faults) == 1
    assert log.statuses[status] == 1


@pytest.mark.parametrize(
    "odd", [None, [], "x", {"data": None}, {"data": {"rows": {"a": 1}}}, {"data": {"rows": None}}]
)
def test_a_page_without_a_list_of_rows_is_told(odd):
    with pytest.raises(SourceError) as caught:
        listing(lambda _: json_answer(odd), "offset")
    assert caught.value.code == "not_expected_type"


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("http://169.254.169.254/", "blocked_address"),
        ("http://0xa9fea9fe/", "blocked_address"),
        ("file:///etc/hostname", "scheme_not_allowed"),
        ("http://u:p@a.example/", "scheme_not_allowed"),
        (17, "page_loop"),
        ({"href": "/"}, "scheme_not_allowed"),
    ],
)
def test_next_links_go_through_the_guard(target, code):
    answer = json_answer(body(ROWS[:10], links={"next": target}))
    ids, log, _, _ = listing(lambda _: answer, "next", next="links.next")
    assert len(ids) == 10
    assert [fault.code for fault in log.faults] == [code]


@pytest.mark.parametrize("total", ["47", 47, None, -1, True, 1.5, "nhiều", [47]])
def test_totals_are_claims_in_any_form(total):
    def script(seen):
        answer = by_offset(seen)
        rows = ROWS[int(seen.query["offset"]) :][: int(seen.query["limit"])]
        return json_answer({"data": {"rows": rows}, "meta": {"total": total}}) if answer else answer

    ids, log, _, _ = listing(script, "offset")
    assert (len(ids), log.faults) == (47, [])
    assert log.totals == ([47] if str(total) == "47" else [])


def test_rows_without_identity_are_told_apart_by_their_content():
    rows = [{"n": number} for number in range(25)]

    def script(seen):
        start = int(seen.query["offset"])
        return json_answer({"data": {"rows": rows[start : start + 10]}})

    log = ListingLog()
    with HostileServer(script) as server, quick_fetcher() as fetcher:
        http = HttpAccess(fetcher, source_url=server.url, log=log)
        found = [row["n"] for page in http.pages(server.url, style="offset", **NAMES) for row in page.items]
    assert (found, log.faults) == (list(range(25)), [])


@pytest.mark.parametrize("_", range(8))
def test_rows_that_move_are_all_read_or_the_listing_is_not_complete(_):
    """Rows vanish and appear at random places between requests, as on a busy portal."""
    drawn = random.SystemRandom().randrange(1 << 30)
    print("seed", drawn)
    rng = random.Random(drawn)
    held = list(ROWS)
    gone = set()

    def script(seen):
        start, size = int(seen.query["offset"]), int(seen.query["limit"])
        answer = json_answer({"data": {"rows": held[start : start + size]}, "meta": {"total": len(held)}})
        for _ in range(rng.randrange(3)):
            if rng.random() < 0.6:
                gone.add(held.pop(rng.randrange(len(held)))["id"])
            else:
                held.insert(rng.randrange(len(held)), {"id": f"new{rng.random()}"})
        return answer

    ids, log, _, _ = listing(script, "offset")
    stayed = {row["id"] for row in ROWS} - gone
    assert len(ids) == len(set(ids))
    assert stayed <= set(ids) or log.faults


def test_parameters_of_the_source_are_kept_and_none_left_out():
    _, _, _, seen = listing(by_offset, "offset", params={"q": "cảng", "fq": None, "k": ["a", "b"]})
    query = urlencode({"q": "cảng"})
    assert seen[0].query["q"] == "cảng"
    assert query.startswith("q=c%E1%BA%A3ng")
    assert "fq" not in seen[0].query
