"""What a catalogue must never do, whichever search engine runs: faults that others' portals showed people."""

import json
import re
import unicodedata
from dataclasses import replace
from urllib.parse import quote

import pytest
from sqlalchemy import select
from sqlalchemy import text as sql

from opendata.base.formats.record import Column
from opendata.base.kit.vietnamese import slugify
from opendata.base.models import Dataset, DatasetTopic, HarvestSource, Organization
from opendata.base.runtime import SYSTEM
from opendata.engines.search import SearchIndex
from opendata.services.catalog import indexing, organizations
from opendata.services.catalog.register import Register
from opendata.services.harvest import pipeline, runs, sources
from opendata.testing.hostile_server import Answer, HostileServer
from opendata.testing.load import eventually
from opendata.testing.records import complete_record

API = "/api/v1/datasets"
MAPPING = {
    "defaults": {
        "license": "cc0",
        "frequency": "MONTHLY",
        "access_level": "public",
        "themes": ["TRAN"],
        "legal_basis": [{"code": "Luật 20/2023/QH15"}],
        "pham_vi": {"mode": "none"},
        "contact": [{"name": {"vi": "Văn phòng"}, "email": "vp@haiphong.example"}],
    }
}
DESCRIPTION = "Số liệu do sở công bố mỗi tháng, dùng để thử đường đi của dữ liệu qua cổng."


def harvested(city, *entries):
    """The datasets of a data.json with these entries, by identifier."""
    described = [
        {
            "description": DESCRIPTION,
            "keyword": ["k"],
            "modified": "2026-01-01",
            "accessLevel": "public",
            "distribution": [{"downloadURL": f"https://a.example/{n}.csv", "mediaType": "text/csv"}],
            **entry,
        }
        for n, entry in enumerate(entries)
    ]
    body = json.dumps({"dataset": described}).encode()
    with HostileServer(lambda _: Answer(body=body)) as server:
        with city.platform.work(SYSTEM) as work:
            source = sources.create(
                work,
                type="datajson",
                url=f"{server.url}/data.json",
                title="Danh mục của sở",
                organization_id=city.own,
                mapping=MAPPING,
            )
            sources.accept(work, source)
            run = runs.start(work, work.session.get_one(HarvestSource, source.id))
        pipeline.perform(city.platform, {"run_id": run.id})
    with city.platform.read(SYSTEM) as work:
        ended = runs.get(work, run.id)
        return ended.state, dict(ended.counts)


def asked(city, role="anonymous", **query):
    answer = city.client(role).get(API, query_string=query)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:300]
    return answer.get_json()


def titles(city, q):
    return [row["title"]["vi"] for row in asked(city, q=q)["data"]]


def shown(city, path, role="anonymous"):
    answer = city.client(role).get(path, follow_redirects=True)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


# --- a body that is renamed -------------------------------------------------------------------------


def test_a_renamed_body_has_its_new_name_at_every_door_and_both_addresses(city):
    made = [city.add_dataset(complete_record(f"Rừng phòng hộ {n}"), publisher=city.foreign) for n in range(3)]
    city.add_dataset(complete_record("Rừng nháp"), state="draft", publisher=city.foreign)
    with city.platform.work(SYSTEM) as work:
        body = work.session.get_one(Organization, city.foreign)
        old = body.slug
        organizations.edit(work, body, name={"vi": "Sở Hạ tầng", "en": "Works"}, slug="so-ha-tang")
    for slug in (old, "so-ha-tang"):
        found = asked(city, organization=slug, facets="organization")
        assert {row["id"] for row in found["data"]} == set(made)
        assert {row["publisher"]["name"]["vi"] for row in found["data"]} == {"Sở Hạ tầng"}
        assert "so-ha-tang" in {value["value"] for value in found["meta"]["facets"]["organization"]}
        page = shown(city, f"/datasets?organization={slug}")
        assert "Sở Hạ tầng" in page
        assert "3 bộ dữ liệu" in re.sub(r"<[^>]+>", "", page)
    for row in asked(city, organization="so-ha-tang")["data"]:
        assert "Sở Hạ tầng" in shown(city, f"/dataset/{row['slug']}")
        document = city.client().get(f"{API}/{row['slug']}").get_json()
        assert document["publisher"]["slug"] == "so-ha-tang"
    everything = asked(city, facets="organization")["meta"]["facets"]["organization"]
    assert old not in {value["value"] for value in everything}
    assert asked(city, "foreign", organization=old)["meta"]["total"] == 5
    assert "Sở Hạ tầng" in shown(city, f"/organization/{old}")
    assert indexing.drift(city.platform).ids == ()


# --- pages of equals --------------------------------------------------------------------------------


@pytest.fixture
def alike(city):
    """More than two hundred datasets that only their ids tell apart."""
    with city.platform.work(SYSTEM) as work:
        found = work.session.get_one(Dataset, city.published)
        topics = work.session.scalars(select(DatasetTopic.topic_id)).all()
        row = {column.name: getattr(found, column.key) for column in Dataset.__table__.columns}
        for n in range(249):
            copy = Dataset(**row | {"id": None, "slug": f"giong-het-{n:03d}"})
            work.session.add(copy)
            work.session.flush()
            work.session.add_all(DatasetTopic(dataset_id=copy.id, topic_id=topic) for topic in topics)
            work.after("dataset", copy.id)
    return city


def pages(city, query, between=lambda: None):
    address, found = f"{API}?{query}", []
    while address:
        body = city.client().get(address.removeprefix("http://localhost")).get_json()
        found += [row["id"] for row in body["data"]]
        address = body["links"]["next"]
        between()
    return found


def test_every_one_of_many_equals_stands_on_one_page(alike):
    for query, swapped in (
        ("q=chất lượng nước&size=20", "size=20&q=chất lượng nước"),
        ("topic=bien-dao&size=20", "size=20&topic=bien-dao"),
        ("topic=bien-dao&sort=newest&size=20", "sort=newest&size=20&topic=bien-dao"),
    ):
        found = pages(alike, query)
        assert len(found) == len(set(found)) == 250
        assert pages(alike, swapped) == found


def test_an_edit_between_two_pages_hides_and_repeats_nothing(alike):
    edits = iter(range(100))

    def edit():
        patch = {"description": {"en": f"Edited between pages, {next(edits)}."}}
        answer = alike.client("operator").patch(
            f"{API}/{alike.published}", json=patch, headers={"If-Match": "*"}
        )
        assert answer.status_code == 200

    for query in ("q=chất lượng nước&size=50", "topic=bien-dao&sort=title&size=50"):
        found = pages(alike, query, between=edit)
        assert len(found) == len(set(found)) == 250


# --- codes, colons, titles ---------------------------------------------------------------------------

CODED = {
    "HP-017-XD": "Hồ sơ HP-017-XD về nhà ở xã hội",
    "HP-018-XD": "Hồ sơ HP-018-XD về nhà ở công nhân",
    "5264/QĐ-UBND": "Kế hoạch theo 5264/QĐ-UBND về chuyển đổi số",
    "Quyết định: biểu giá (2026)": "Quyết định: biểu giá (2026)",
}


def unmarked(text):
    kept = "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))
    return kept.replace("Đ", "D").replace("đ", "d")


def test_a_code_finds_its_dataset_first_however_it_is_written(city):
    for title in CODED.values():
        city.add_dataset(complete_record(title))
    for code, title in CODED.items():
        spaced = re.sub(r"[-/]", " ", code)
        for text in (
            code,
            code.lower(),
            unmarked(code),
            f'"{code}"',
            spaced,
            unicodedata.normalize("NFD", code),
        ):
            assert titles(city, text)[0] == title, text
            first = re.search(r'href="/dataset/([^"/?]+)"', shown(city, f"/datasets?q={quote(text)}"))
            assert first is not None
            assert first[1] == slugify(title), text
    for text in ("khong-co: biểu giá", "title:", "a:b:c", ":", "AND OR (", '"'):
        asked(city, q=text)


def test_the_identifier_of_a_source_finds_its_dataset(city):
    made = {"HP-017-XD": "Nhà ở xã hội", "HP-018-XD": "Nhà ở công nhân"}
    city.add_dataset(complete_record("Hải Phòng: hồ sơ 017 về xây dựng"))
    harvested(city, *({"identifier": code, "title": title} for code, title in made.items()))
    for code, title in made.items():
        for text in (code, code.lower(), f'"{code}"', code.replace("-", " "), code.lower().replace("-", " ")):
            found = asked(city, q=text)
            assert [row["title"]["vi"] for row in found["data"]] == [title], text
            assert "Hải Phòng" not in json.dumps(found["meta"], ensure_ascii=False), text


def test_a_list_goes_on_in_a_process_that_the_database_told_the_bodies_in_another_order(city):
    """A row that is edited may stand elsewhere from then on, though nothing that is searched changed."""
    with city.platform.work(SYSTEM) as work:
        names = ("Sở Biển Mới", "Sở Bến Mới")
        bodies = [organizations.create(work, {"vi": name}, abbreviation="SBM").id for name in names]
    for body in bodies:
        city.add_dataset(complete_record(), publisher=body)
    first = asked(city, q="SBM", size=1)
    row = "rowid = rowid + 1000" if city.platform.engine.dialect.name == "sqlite" else "modified = modified"
    with city.platform.engine.begin() as connection:
        moved = connection.execute(sql(f"UPDATE organization SET {row} WHERE slug = 'so-bien-moi'"))
    assert moved.rowcount == 1
    city.platform.part(Register).forget()
    answer = city.client().get(first["links"]["next"])
    assert answer.status_code == 200
    found = [*first["data"], *answer.get_json()["data"]]
    assert sorted(row["publisher"]["id"] for row in found) == sorted(bodies)


def test_labels_of_columns_are_searched(city):
    column = Column(name="san_luong_muoi", label={"vi": "Sản lượng muối ăn thô", "en": "Raw table salt"})
    title = "Diêm nghiệp theo năm"
    main = replace(complete_record().resources[0], columns=(column,))
    city.add_dataset(replace(complete_record(title), resources=(main,)))
    city.add_dataset(complete_record("Mùa muội"))
    for text in (
        "sản lượng muối",
        "muối thô",
        "muoi tho",
        "muối ăn thô",
        "san luong muoi an tho",
        "raw salt",
    ):
        assert titles(city, text) == [title], text


def test_a_title_in_either_form_has_one_slug_and_the_second_a_number(city):
    title = "Cảng biển Đồ Sơn"
    decomposed = unicodedata.normalize("NFD", title)
    city.add_dataset(complete_record(title))
    made = city.client("editor").post(API, json={"title": {"vi": decomposed}, "publisher": city.own})
    assert made.get_json()["slug"] == "cang-bien-do-son-2"
    assert made.get_json()["title"]["vi"] == title
    assert harvested(city, {"identifier": "a", "title": decomposed})[0] == "done"
    assert sorted(row["slug"] for row in asked(city, q=decomposed)["data"]) == [
        "cang-bien-do-son",
        "cang-bien-do-son-3",
    ]
    assert titles(city, unmarked(title)) == [title, title]


# --- keywords that look alike ------------------------------------------------------------------------

LOOK_ALIKE = (
    "cảng biển",
    " cảng biển",
    "cảng\u00a0biển",
    "cảng biển\u200b",
    unicodedata.normalize("NFD", "cảng biển"),
    "Cảng Biển",
)


@pytest.mark.parametrize("door", ["api", "harvest"])
def test_keywords_that_look_alike_are_one(city, door):
    if door == "api":
        for n, word in enumerate(LOOK_ALIKE):
            made = city.client("operator").post(
                API, json={"title": {"vi": f"Từ khóa {n}"}, "publisher": city.own, "keywords": {"vi": [word]}}
            )
            assert made.status_code == 201
    else:
        entries = [
            {"identifier": f"k{n}", "title": f"Từ khóa {n}", "keyword": [word]}
            for n, word in enumerate(LOOK_ALIKE)
        ]
        assert harvested(city, *entries)[0] == "done"
    found = asked(city, "operator", q="từ khóa", facets="tag")
    (facet,) = [value for value in found["meta"]["facets"]["tag"] if "bi" in value["value"].lower()]
    assert facet["count"] == 6
    # what is remembered of keywords may be some seconds old
    eventually(lambda: asked(city, "operator", tag=LOOK_ALIKE[1])["meta"]["total"] == 6, 5)
    for word in (*LOOK_ALIKE, facet["value"]):
        assert asked(city, "operator", tag=word)["meta"]["total"] == 6, repr(word)
        assert shown(city, f"/datasets?tag={quote(word)}", "operator").count("/dataset/tu-khoa-") >= 6


# --- values of unusual size --------------------------------------------------------------------------


def test_a_value_of_unusual_size_is_found_by_its_title_or_refused_by_name(city):
    editor = city.client("editor")

    def post(title, **more):
        return editor.post(API, json={"title": {"vi": title}, "publisher": city.own, **more})

    assert post("Dài khác thường", extras={"ma": "x" * 40_000}).status_code == 201
    assert asked(city, "editor", q="dài khác thường")["meta"]["total"] == 1
    for more, field in (
        ({"keywords": {"vi": ["x" * 33_000]}}, "keywords.vi.0"),
        ({"description": {"vi": "x" * 1_000_000}}, "description.vi"),
    ):
        refused = post("Quá dài", **more)
        assert refused.status_code == 422
        assert field in json.dumps(refused.get_json()["errors"])
    state, counts = harvested(
        city,
        {"identifier": "good", "title": "Bản ghi bình thường"},
        {"identifier": "word", "title": "Từ khóa khổng lồ", "keyword": ["y" * 33_000]},
        {"identifier": "text", "title": "Mô tả khổng lồ", "description": "z" * 1_000_000},
        {"identifier": "extra", "title": "Phần thêm khổng lồ", "ghi_chu": "w" * 40_000},
    )
    assert state in {"done", "done_with_errors"}, counts
    assert titles(city, "bản ghi bình thường") == ["Bản ghi bình thường"]
    assert titles(city, "phần thêm khổng lồ")[:1] == ["Phần thêm khổng lồ"]
    held = city.platform.part(SearchIndex).info().documents
    assert indexing.rebuild(city.platform) == held
    assert indexing.drift(city.platform).ids == ()
    assert titles(city, "bản ghi bình thường") == ["Bản ghi bình thường"]


# --- one count for one viewer ------------------------------------------------------------------------


def counted_on_pages(city, role):
    """What the list of bodies and the page of the body tell."""
    listed = re.sub(r"<[^>]+>", " ", shown(city, "/organizations", role))
    body = re.sub(r"<[^>]+>", " ", shown(city, "/organization/so-xay-dung", role))
    of_list = re.search(r"(\d+)\s+bộ dữ liệu\s*:\s*Sở Xây dựng", listed)
    of_page = re.search(r"(\d+)\s+bộ dữ liệu", body)
    return {int(found[1]) if found else 0 for found in (of_list, of_page)}


def test_every_viewer_is_told_one_number_at_every_door(city):
    for state in ("published", "published", "draft", "withdrawn"):
        city.add_dataset(complete_record("Đường sá"), state=state, publisher=city.foreign)
    hidden = complete_record("Đường hạn chế", access_level="conditional", access_reason={"vi": "Nội bộ."})
    city.add_dataset(hidden, state="draft", publisher=city.foreign)
    expected = {"anonymous": 2, "member": 2, "editor": 2, "foreign": 6, "operator": 6}
    for role, count in expected.items():
        client = city.client(role)
        listed = client.get("/api/v1/organizations").get_json()["data"]
        facet = asked(city, role, facets="organization")["meta"]["facets"]["organization"]
        told = {
            "list": {row["slug"]: row["datasets"] for row in listed}["so-xay-dung"],
            "body": client.get("/api/v1/organizations/so-xay-dung").get_json()["datasets"],
            "search": asked(city, role, organization="so-xay-dung")["meta"]["total"],
            "facet": {value["value"]: value["count"] for value in facet}["so-xay-dung"],
        }
        assert set(told.values()) == {count}, (role, told)
        assert counted_on_pages(city, role) == {count}, role
        everything = asked(city, role)["meta"]["total"]
        home = re.sub(r"<[^>]+>", " ", shown(city, "/", role))
        assert re.search(rf"\b{everything}\s+bộ dữ liệu mở", home), role
