"""The Atom feeds, over HTTP."""

from xml.etree import ElementTree

from opendata.testing.records import complete_record
from opendata.testing.web import City

ATOM = "{http://www.w3.org/2005/Atom}"


def read(city: City, path: str) -> ElementTree.Element:
    answer = city.client().get(path)
    assert answer.status_code == 200
    assert answer.mimetype == "application/atom+xml"
    return ElementTree.fromstring(answer.data)


def titles(feed: ElementTree.Element) -> list[str]:
    return [entry.findtext(f"{ATOM}title") or "" for entry in feed.iter(f"{ATOM}entry")]


def test_a_feed_lists_what_the_public_sees(still_city: City) -> None:
    found = titles(read(still_city, "/feeds/dataset.atom"))
    assert "Chất lượng nước biển" in found
    assert not any("nháp" in title.lower() or "gỡ" in title for title in found)


def test_a_part_has_a_feed_of_its_own(still_city: City) -> None:
    assert titles(read(still_city, "/feeds/topic/bien-dao.atom")) == ["Chất lượng nước biển"]


def test_made_up_data_says_so(city: City) -> None:
    city.add_dataset(complete_record("Số liệu bịa", synthetic=True))
    assert "Số liệu bịa (dữ liệu mô phỏng)" in titles(read(city, "/feeds/dataset.atom"))


def test_an_unchanged_feed_is_not_sent_twice(still_city: City) -> None:
    client = still_city.client()
    etag = client.get("/feeds/dataset.atom").headers["ETag"]
    assert client.get("/feeds/dataset.atom", headers={"If-None-Match": etag}).status_code == 304


def test_an_entry_names_its_dataset_office_and_day(still_city: City) -> None:
    entry = read(still_city, "/feeds/topic/bien-dao.atom").find(f"{ATOM}entry")
    assert entry is not None
    assert (entry.findtext(f"{ATOM}id") or "").startswith("urn:uuid:")
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "Sở Nông nghiệp và Môi trường"
    assert (entry.findtext(f"{ATOM}updated") or "").endswith("Z")
