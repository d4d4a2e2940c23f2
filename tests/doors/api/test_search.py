"""Search of datasets over REST: shape, paging, filters, counts for each viewer."""

import html
import re
from urllib.parse import urlencode

import pytest

from opendata.base.kit import cursors
from opendata.services.catalog.filters import FILTERS
from opendata.testing.queries import counted
from opendata.testing.records import complete_record
from opendata.testing.web import City, build_city, close_city, problem_of

PATH = "/api/v1/datasets"


def test_a_list_has_data_meta_and_links(still_city: City) -> None:
    body = still_city.client().get(f"{PATH}?sort=newest&size=1").get_json()
    assert body.keys() == {"data", "meta", "links"}
    assert len(body["data"]) == 1
    assert body["meta"]["total"] >= 2
    assert set(body["meta"]["facets"]) == {declared.name for declared in FILTERS}
    facet = body["meta"]["facets"]["theme"][0]
    assert facet.keys() == {"value", "label", "count"}
    assert facet["label"] == {"vi": "Môi trường", "en": "Environment"}
    assert body["links"]["self"] == "http://localhost/api/v1/datasets?sort=newest&size=1"
    assert body["links"]["next"].startswith("http://localhost/api/v1/datasets?sort=newest&size=1&cursor=")


def test_only_the_facets_asked_for_are_counted(still_city: City) -> None:
    meta = still_city.client().get(f"{PATH}?facets=theme&facets=year").get_json()["meta"]
    assert set(meta["facets"]) == {"theme", "year"}


@pytest.mark.parametrize("declared", FILTERS, ids=lambda declared: declared.name)
def test_every_filter_narrows_to_what_its_facet_counts(still_city: City, declared) -> None:
    client = still_city.client("operator")
    facet = client.get(PATH, query_string={"facets": declared.name}).get_json()["meta"]["facets"][
        declared.name
    ]
    assert facet
    for item in facet:
        narrowed = client.get(PATH, query_string={declared.name: item["value"]}).get_json()
        assert narrowed["meta"]["total"] == item["count"]


def test_values_of_one_filter_are_alternatives(still_city: City) -> None:
    client = still_city.client("operator")
    bodies = ["so-nong-nghiep-va-moi-truong", "so-xay-dung"]
    each = [client.get(PATH, query_string={"organization": b}).get_json()["meta"]["total"] for b in bodies]
    both = client.get(PATH, query_string={"organization": bodies}).get_json()["meta"]["total"]
    assert both == sum(each)
    none = client.get(PATH, query_string={"organization": bodies, "theme": "HEAL"}).get_json()
    assert none["meta"]["total"] == 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("khac=1", "khac"),
        ("Q=a", "Q"),
        ("theme[]=ENVI", "theme[]"),
        ("sort=views", "sort"),
        ("sort=", "sort"),
        ("facets=khac", "facets.0"),
        ("size=0", "size"),
        ("size=101", "size"),
        ("size=-1", "size"),
        ("size=1e2", "size"),
        ("size=ten", "size"),
        ("size=99999999999999999999", "size"),
        ("size=1&size=2", "size"),
        ("q=a&q=b", "q"),
        ("q=" + "x" * 1001, "q"),
        ("q=%00", "q"),
        ("cursor=x", "cursor"),
        ("cursor=bnVsbA", "cursor"),
        ("cursor=W10", "cursor"),
        ("cursor=WzEsMiwzXQ", "cursor"),
        ("as_typed=1", "as_typed"),
        ("lang=fr", "lang"),
        ("lang=vi&lang=en", "lang"),
        ("theme=" + "x" * 201, "theme.0"),
        ("&".join(f"tag={n}" for n in range(51)), "tag"),
    ],
)
def test_nonsense_is_named(still_city: City, query: str, field: str) -> None:
    answer = still_city.client().get(f"{PATH}?{query}")
    assert answer.status_code in {400, 422}
    problem = problem_of(answer, answer.status_code)
    assert field in {error["field"] for error in problem["errors"]}


def test_messages_come_in_the_language_asked_for(still_city: City) -> None:
    client = still_city.client()
    vietnamese = client.get(f"{PATH}?khac=1").get_json(force=True)
    assert vietnamese["title"] == "Yêu cầu chưa đúng."
    english = client.get(f"{PATH}?khac=1&lang=en").get_json(force=True)
    accepted = client.get(f"{PATH}?khac=1", headers={"Accept-Language": "en"}).get_json(force=True)
    assert english["title"] == accepted["title"] != vietnamese["title"]
    assert english["code"] == vietnamese["code"] == "bad_request"


def pages(client, query: str) -> list[str]:
    """The ids of every page, by following the links."""
    found: list[str] = []
    address = f"{PATH}?{query}"
    while address:
        body = client.get(address.removeprefix("http://localhost")).get_json()
        found += [row["id"] for row in body["data"]]
        address = body["links"]["next"]
        assert len(found) < 1000
    return found


@pytest.fixture(scope="module")
def alike(engines: None, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("alike")
    city = build_city(folder)
    for _ in range(45):
        city.add_dataset(complete_record("Giống hệt nhau", keywords={"vi": ["giống"]}))
    yield city
    close_city(city, folder)


@pytest.mark.parametrize(
    ("query", "swapped"),
    [
        ("tag=giống&size=7", "size=7&tag=giống"),
        ("q=giống hệt&size=7", "size=7&q=giống hệt"),
        ("tag=giống&sort=newest&size=10", "size=10&sort=newest&tag=giống"),
        ("tag=giống&sort=title&size=20", "sort=title&tag=giống&size=20"),
        ("tag=giống&sort=popularity&size=44", "tag=giống&size=44&sort=popularity"),
    ],
)
def test_equal_datasets_stand_on_one_page_each(alike: City, query: str, swapped: str) -> None:
    client = alike.client()
    found = pages(client, query)
    assert len(found) == len(set(found)) == 45
    assert pages(client, swapped) == found


def test_an_edit_between_pages_loses_nothing(alike: City) -> None:
    client = alike.client()
    first = client.get(f"{PATH}?tag=giống&sort=title&size=20").get_json()
    seen = [row["id"] for row in first["data"]]
    editor = alike.client("operator")
    patch = {"description": {"en": "Changed between two pages."}}
    answer = editor.patch(f"{PATH}/{seen[3]}", json=patch, headers={"If-Match": "*"})
    assert answer.status_code == 200
    address = first["links"]["next"]
    while address:
        body = client.get(address.removeprefix("http://localhost")).get_json()
        seen += [row["id"] for row in body["data"]]
        address = body["links"]["next"]
    assert len(seen) == len(set(seen)) == 45


def test_a_search_is_walked_to_its_end_while_others_write(alike: City) -> None:
    client = alike.client()
    address = f"{PATH}?q=giống&size=20"
    found: list[str] = []
    for number in range(10):
        body = client.get(address.removeprefix("http://localhost")).get_json()
        found += [row["id"] for row in body["data"]]
        address = body["links"]["next"]
        if not address:
            break
        alike.add_dataset(complete_record(f"Chuyện khác {number}"))
    assert not address
    assert len(found) == len(set(found)) == 45


def test_the_pages_of_a_search_are_walked_to_their_end_while_others_write(alike: City) -> None:
    client = alike.client()
    address = f"/datasets?{urlencode({'q': 'giống'})}"
    found: list[str] = []
    for number in range(10):
        text = client.get(address).get_data(as_text=True)
        found += dict.fromkeys(re.findall(r'href="/dataset/(giong-het-nhau[^"?#]*)"', text))
        following = re.search(r'href="([^"]*cursor=[^"]*)" rel="next', text)
        if following is None:
            break
        address = html.unescape(following[1])
        alike.add_dataset(complete_record(f"Chuyện khác, trang {number}"))
    assert following is None
    assert len(found) == len(set(found)) == 45


def test_a_cursor_goes_on_behind_a_place_that_is_gone(still_city: City) -> None:
    cursor = cursors.encode((False, -(2**39), "x", 5_000))
    answer = still_city.client().get(PATH, query_string={"sort": "newest", "cursor": cursor})
    assert answer.status_code == 200
    assert len(answer.get_json()["data"]) >= 2


def test_the_cursor_of_a_search_is_short(alike: City) -> None:
    for text in ("giống", "số liệu giống hệt nhau của thành phố năm 2024"):
        address = alike.client().get(PATH, query_string={"q": text, "size": 5}).get_json()["links"]["next"]
        assert len(address.partition("cursor=")[2]) < 250


def test_every_viewer_has_one_count(city: City) -> None:
    """List of bodies, page of the body, facet and search agree for each viewer."""
    for state in ("published", "published", "draft", "withdrawn"):
        city.add_dataset(complete_record("Đường sá"), state=state, publisher=city.foreign)
    expected = {"anonymous": 2, "member": 2, "foreign": 5, "operator": 5}
    for role, count in expected.items():
        client = city.client(role)
        listed = client.get("/api/v1/organizations").get_json()["data"]
        assert {row["slug"]: row["datasets"] for row in listed}["so-xay-dung"] == count
        assert client.get("/api/v1/organizations/so-xay-dung").get_json()["datasets"] == count
        meta = client.get(f"{PATH}?facets=organization").get_json()["meta"]
        assert {f["value"]: f["count"] for f in meta["facets"]["organization"]}["so-xay-dung"] == count
        assert client.get(f"{PATH}?organization=so-xay-dung").get_json()["meta"]["total"] == count


def test_a_search_asks_the_database_nothing(still_city: City) -> None:
    client = still_city.client()
    client.get(f"{PATH}?q=nước")
    with counted(still_city.platform) as statements:
        client.get(f"{PATH}?q=nước&theme=ENVI")
    assert statements == []


def test_a_signed_in_search_asks_for_the_session_alone(still_city: City) -> None:
    client = still_city.client("member")
    client.get(f"{PATH}?q=nước")
    with counted(still_city.platform) as statements:
        client.get(f"{PATH}?q=nước")
    assert len(statements) <= 2
    assert all("user_session" in statement or "membership" in statement for statement in statements)


def test_a_cursor_belongs_to_its_order(alike: City) -> None:
    client = alike.client()
    for sort in ("relevance", "newest", "title", "popularity"):
        address = client.get(f"{PATH}?sort={sort}&size=5&q=giống").get_json()["links"]["next"]
        for other in {"title", "newest"} - {sort}:
            moved = address.removeprefix("http://localhost").replace(f"sort={sort}", f"sort={other}")
            problem_of(client.get(moved), 422)


def test_a_cursor_of_a_list_without_words_is_none_of_a_search(alike: City) -> None:
    client = alike.client()
    address = client.get(f"{PATH}?size=5").get_json()["links"]["next"].removeprefix("http://localhost")
    problem_of(client.get(address + "&q=giống"), 422)


def test_a_cursor_that_was_made_up_costs_nothing(still_city: City) -> None:
    for key in ((False, 0, "x", 10**15), (False, 0, "x", -5), (0, 0, "x", 1)):
        problem_of(still_city.client().get(PATH, query_string={"cursor": cursors.encode(key)}), 422)


@pytest.mark.parametrize(
    "end",
    [
        ("", 10**15), ("", -5), ("g", 1), ("f" * 5000, 1), (1, 1), ("", 1, []), ("", 1, [0, 1, "A"]),
        ("", 1, [0, 2**40, ""]), ("", 1, [0, -1, ""]), ("", 1, [0, 1, "ééé"]), ("", 1, [0, 1, "_" * 900]),
        ("", 1, [0, 1, 2]), ("", 1, [0, 1, "", "gone", "", [], True]), ("", 1, [0, 1, "", "", [], [], True]),
        ("", 1, [0, 1, "", "time", "", ["x"], True]), ("", 1, [0, 1, "", "", "x" * 2000, [], True]),
        ("", 1, [0, 1, "", "time", "", [{}], True]), ("", 1, [0, 1, "", {}, "", [], True]),
        ("", 1, [0, 1, "", "", "", [], 1]), ("", 1, [0, 1, "", "", "", [], True, 1]), ("", 1, [[[[]]]]),
    ],
)  # fmt: skip
def test_a_search_cursor_that_was_made_up_is_refused(still_city: City, end: tuple[object, ...]) -> None:
    cursor = cursors.encode((False, 0, 0, "x", *end))
    for path in (PATH, "/datasets"):
        answer = still_city.client().get(path, query_string={"q": "nước biển", "cursor": cursor})
        assert answer.status_code == 422


def test_search_answers_are_validated_by_etag(still_city: City) -> None:
    client = still_city.client()
    etag = client.get(f"{PATH}?sort=title").headers["ETag"]
    assert client.get(f"{PATH}?sort=title", headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize(
    "words", ["* OR *", "a:(", '"', "NEAR(", "-x", "\\", "a\u0301" * 300, "🌊", "%", "' OR 1=1"]
)
def test_signs_of_query_languages_are_words(still_city: City, words: str) -> None:
    client = still_city.client()
    assert client.get(PATH, query_string={"q": words}).status_code == 200
    assert client.get("/api/v1/suggest", query_string={"q": words[:200]}).status_code == 200


def test_suggestions_complete_a_word(still_city: City) -> None:
    client = still_city.client()
    found = client.get("/api/v1/suggest?q=chat luo").get_json()["data"]
    assert {"kind": "dataset", "text": "Chất lượng nước biển", "slug": "chat-luong-nuoc-bien"} in found
    assert len(client.get("/api/v1/suggest?q=s&size=1").get_json()["data"]) <= 1
    problem_of(client.get("/api/v1/suggest"), 400)
    hidden = client.get("/api/v1/suggest?q=bản nháp").get_json()["data"]
    assert hidden == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("year", "abc"), ("year", "20245"), ("synthetic", "banana"), ("access_level", "secret")],
)
def test_a_value_no_dataset_can_have_is_refused_by_name(still_city: City, name: str, value: str) -> None:
    body = problem_of(still_city.client().get(f"/api/v1/datasets?{name}={value}"), 400)
    assert body["errors"][0]["field"].startswith(name)
    assert still_city.client().get(f"/datasets?{name}={value}").status_code == 200
