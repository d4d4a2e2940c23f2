"""Names come in the order of the Vietnamese alphabet, whatever the database and however it sorts texts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from opendata.base.kit.ids import new_id
from opendata.base.kit.vietnamese import sort_key
from opendata.base.models import HarvestSource, Membership, Organization, User
from opendata.base.runtime import SYSTEM
from opendata.services.access import applications
from opendata.testing.databases import new_database
from opendata.testing.records import complete_record
from opendata.testing.web import City, build_city, close_city

NAMES = [
    "An Dương", "Ân Thi", "Bạch Đằng", "Cát Bà", "Cát Hải", "Dương Kinh", "Đồ Sơn", "hải an", "Hải An",
    "Hải Ấn", "Kiến An 2", "Kiến An 10", "Ngã Năm – Cầu Rào", "Ô Đông Mác", "Ơ Rô", "Thủy Nguyên",
    "Ưu Điềm", "Vĩnh Bảo", "Z 1",
]  # fmt: skip
"""As a reader expects them."""
ENTERED = sorted(NAMES, key=lambda name: hash(name[::-1]) % 97)
DATABASES = ("sqlite", "postgresql", "postgresql sorting as English", "current postgresql")


@pytest.fixture(params=DATABASES)
def city(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[City]:
    city = build_city(tmp_path, engines=database(request))
    yield city
    close_city(city, tmp_path)


def database(request: pytest.FixtureRequest) -> dict[str, str]:
    if request.param == "sqlite":
        return {}
    if request.param == "current postgresql":
        return {"database_url": new_database(request.getfixturevalue("current_postgres_server"))}
    locale = "en-US" if "English" in request.param else ""
    return {"database_url": new_database(request.getfixturevalue("postgres_server"), icu_locale=locale)}


def listed(city: City, path: str, pick) -> list[str]:
    """The names of these tests, in the order in which they come."""
    answer = city.client("operator").get(path)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:500]
    rows = answer.get_json()["data"]
    return [name for name in map(pick, rows) if name in NAMES]


def page_by_page(city: City, path: str, pick) -> list[str]:
    found, following = [], f"{path}{'&' if '?' in path else '?'}size=4"
    while following:
        answer = city.client("operator").get(following).get_json()
        found += [name for name in map(pick, answer["data"]) if name in NAMES]
        following = answer["links"]["next"]
    return found


def test_the_expected_order_is_that_of_the_alphabet():
    assert sorted(ENTERED, key=sort_key) == NAMES


def test_datasets_come_by_title(city: City) -> None:
    for name in ENTERED:
        city.add_dataset(complete_record(name))
    path = "/api/v1/datasets?sort=title"
    assert listed(city, f"{path}&size=100", lambda row: row["title"]["vi"]) == NAMES
    assert page_by_page(city, path, lambda row: row["title"]["vi"]) == NAMES


def test_bodies_come_by_name(city: City) -> None:
    with city.platform.work(SYSTEM) as work:
        for name in ENTERED:
            work.session.execute(
                insert(Organization).values(
                    id=new_id(),
                    slug=f"s-{new_id()}",
                    name={"vi": name},
                    description={},
                    sort_key=sort_key(name),
                    modified=work.now,
                )
            )
    assert listed(city, "/api/v1/organizations?size=100", lambda row: row["name"]["vi"]) == NAMES


def test_applications_sources_and_members_come_by_name(city: City) -> None:
    with city.platform.work(city.caller("operator")) as work:
        known = work.session.get_one(HarvestSource, city.source)
        kept = {c.key: getattr(known, c.key) for c in HarvestSource.__table__.columns}
        for name in ENTERED:
            applications.create(work, name, wanted=("read",))
            values = {**kept, "id": new_id(), "slug": f"s-{new_id()}", "title": name}
            work.session.execute(insert(HarvestSource).values(values))
            user = User(
                email=f"{new_id()}@example.vn",
                email_key=f"{new_id()}@example.vn",
                name=name,
                created=work.now,
            )
            work.session.add(user)
            work.session.flush()
            work.session.add(Membership(organization_id=city.own, user_id=user.id, role="member"))
    assert listed(city, "/api/v1/apps?size=100", lambda row: row["name"]) == NAMES
    assert page_by_page(city, "/api/v1/apps", lambda row: row["name"]) == NAMES
    assert page_by_page(city, "/api/v1/harvest/sources", lambda row: row["title"]) == NAMES
    members = f"/api/v1/organizations/{city.own}/members"
    assert page_by_page(city, members, lambda row: row["name"]) == NAMES
