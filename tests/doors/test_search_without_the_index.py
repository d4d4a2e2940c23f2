"""While the search engine is away, lists are answered from the database, and say so."""

import pytest
from sqlalchemy import update

from opendata.base.kit.errors import Unavailable
from opendata.base.models import DatasetDocument
from opendata.base.runtime import SYSTEM, outbox
from opendata.engines.search import SearchIndex
from opendata.services.catalog import indexing
from opendata.testing.records import complete_record
from opendata.testing.web import City


class Away:
    """An index that does not answer."""

    def __getattr__(self, name):
        def refuse(*_args, **_kwargs):
            raise Unavailable

        return refuse

    def close(self):
        return


@pytest.fixture
def dark_city(city: City):
    city.add_dataset(complete_record("Cảng biển và luồng hàng hải", keywords={"vi": ["cảng biển"]}))
    index = city.platform.part(SearchIndex)
    city.platform.register(SearchIndex, Away())
    yield city
    city.platform.register(SearchIndex, index)


def titles(client, **query):
    answer = client.get("/api/v1/datasets", query_string=query)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.headers["X-Search-Mode"] == "reduced"
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.get_json()
    return [row["title"]["vi"] for row in body["data"]]


@pytest.mark.parametrize("text", ["cảng biển", "cang bien", "CANG  luong", "Cảng biển"])
def test_words_are_found_with_marks_and_without(dark_city, text):
    assert titles(dark_city.client(), q=text) == ["Cảng biển và luồng hàng hải"]


@pytest.mark.parametrize("text", ["ảng", "%", "_", "cang xyz"])
def test_parts_of_words_and_wildcards_find_nothing_by_accident(dark_city, text):
    found = titles(dark_city.client(), q=text)
    assert found == [] or text in "%_"  # a text without words asks for everything


def test_filters_hold(dark_city):
    client = dark_city.client()
    assert titles(client, tag="cảng biển") == ["Cảng biển và luồng hàng hải"]
    assert titles(client, topic="bien-dao") == ["Chất lượng nước biển"]
    assert titles(client, organization="so-xay-dung") == []


def test_drafts_stay_hidden(dark_city):
    assert "Bản nháp về đê điều" not in titles(dark_city.client(), size=100)
    assert "Bản nháp về đê điều" in titles(dark_city.client("editor"), size=100)
    assert "Nháp của sở khác" not in titles(dark_city.client("editor"), size=100)


def test_pages_follow_each_other_and_end(dark_city):
    client, seen, address = dark_city.client("operator"), [], "/api/v1/datasets?size=3&sort=title"
    while address:
        body = client.get(address).get_json()
        seen += [row["id"] for row in body["data"]]
        address = body["links"]["next"]
    assert len(seen) == len(set(seen)) == body["meta"]["total"] > 3


def test_a_cursor_of_the_index_is_good_again_when_the_index_is(dark_city, city):
    dark, cursor = dark_city.platform.part(SearchIndex), "WzEsMl0"
    assert dark_city.client().get(f"/api/v1/datasets?cursor={cursor}").status_code in {422, 503}
    assert dark is dark_city.platform.part(SearchIndex)


@pytest.mark.parametrize("path", ["/datasets?q=cang", "/", "/organizations", "/topics", "/about"])
def test_pages_are_shown_and_are_not_kept(dark_city, path):
    answer = dark_city.client().get(path)
    assert answer.status_code == 200
    assert answer.headers["X-Search-Mode"] == "reduced"


def test_the_page_of_results_says_so(dark_city):
    page = dark_city.client().get("/datasets?q=cang").get_data(as_text=True)
    assert "chế độ rút gọn" in page
    assert "Cảng biển và luồng hàng hải" in page


def test_suggestions_are_none_and_no_fault(dark_city):
    answer = dark_city.client().get("/api/v1/suggest?q=cang")
    assert answer.status_code in {200, 404}


def test_writes_go_on_and_the_index_catches_up_by_itself(dark_city, city):
    waiting = outbox.backlog(city.platform)[0]
    for n in range(3):
        city.add_dataset(complete_record(f"Viết khi chỉ mục vắng {n}"))
    assert titles(dark_city.client(), q="chi muc vang", sort="title")
    assert outbox.backlog(city.platform)[0] >= waiting + 3


def test_an_outage_however_long_loses_no_effect(dark_city, city, monkeypatch):
    index = dark_city.platform.part(SearchIndex)
    city.add_dataset(complete_record("Viết khi chỉ mục vắng lâu"))
    monkeypatch.setattr(outbox, "LONGEST_WAIT", 0)
    for _ in range(outbox.MAX_ATTEMPTS + 2):
        outbox.drain(city.platform)
    waiting, given_up = outbox.backlog(city.platform)
    assert given_up == 0
    assert waiting >= 1
    assert index is not None


def test_a_document_of_an_earlier_release_counts_as_drift(city):
    with city.platform.work(SYSTEM) as work:
        work.session.execute(
            update(DatasetDocument).where(DatasetDocument.dataset_id == city.published).values(words="")
        )
    found = indexing.drift(city.platform)
    assert found.ids == (city.published,)
    indexing.repair(city.platform, found)
    assert indexing.drift(city.platform).ids == ()
