"""A call is seen where its owner looks for it, a moment later."""

from sqlalchemy import select

from opendata.base.models import ApiKey, FailedCall, QuotaLedger, UsageRollup
from opendata.base.runtime import SYSTEM
from opendata.services.plans.meter import Meter
from opendata.services.plans.spool import read_all
from opendata.testing.web import City

URL = "/api/v1/datasets"


def counted(city: City, grain: str = "day") -> list[UsageRollup]:
    city.platform.part(Meter).count()
    with city.platform.read(SYSTEM) as work:
        query = select(UsageRollup).where(UsageRollup.grain == grain)
        return list(work.session.scalars(query.order_by(UsageRollup.route, UsageRollup.status_class)))


def test_a_keyed_call_is_counted_for_its_application_and_key(city: City) -> None:
    secret = city.key_of("member")
    client = city.client()
    for _ in range(3):
        body = client.get(URL, headers={"X-Api-Key": secret}).data
    client.get(URL)
    keyed, nobody = sorted(counted(city), key=lambda row: not row.application_id)
    assert (keyed.calls, keyed.route, keyed.status_class) == (3, URL, 2)
    assert keyed.bytes == 3 * len(body)
    assert sum(keyed.buckets) == 3
    assert (nobody.application_id, nobody.calls) == ("", 1)
    with city.platform.read(SYSTEM) as work:
        key = work.session.get_one(ApiKey, keyed.key_id)
        assert key.application_id == keyed.application_id


def test_the_route_is_counted_and_never_the_path(city: City) -> None:
    client = city.client()
    client.get(f"/api/v1/datasets/{city.published}")
    client.get("/api/v1/nothing/at/all?q=secret")
    found, nothing = sorted(counted(city), key=lambda row: row.status_class)
    assert (found.route, found.dataset_id) == ("/api/v1/datasets/<dataset_id>", city.published)
    assert (nothing.route, nothing.dataset_id, nothing.status_class) == ("(none)", "", 4)


def test_downloads_count_for_their_dataset(city: City) -> None:
    dataset, resource = city.add_file()
    body = city.client().get(f"/api/v1/resources/{resource}/download").data
    row = counted(city)[0]
    assert (row.dataset_id, row.bytes) == (dataset, len(body))


def test_what_failed_is_kept_for_its_owner_without_a_key_in_it(city: City) -> None:
    secret = city.key_of("member")
    client = city.client()
    client.get(f"{URL}?wrong=1&q={'x' * 500}", headers={"X-Api-Key": secret})
    client.get(f"{URL}?wrong=1")
    counted(city)
    with city.platform.read(SYSTEM) as work:
        calls = work.session.scalars(select(FailedCall)).all()
    assert [(call.status, call.code, call.path) for call in calls] == [(400, "bad_request", URL)]
    assert "wrong=1" in calls[0].query
    assert len(calls[0].query) < 250
    assert secret not in repr(vars(calls[0]))


def test_the_ledger_has_what_was_charged_and_nothing_else(city: City) -> None:
    city.limit("basic", "1000000/second", "1000/calmonth")
    secret = city.key_of("member")
    client = city.client()
    etag = client.get(URL, headers={"X-Api-Key": secret}).headers["ETag"]
    for _ in range(4):
        client.get(URL, headers={"X-Api-Key": secret})
        client.get(URL, headers={"X-Api-Key": secret, "If-None-Match": etag})
    client.get(URL)
    counted(city)
    with city.platform.read(SYSTEM) as work:
        cells = work.session.scalars(select(QuotaLedger)).all()
        assert [(cell.rule, cell.used, cell.limit) for cell in cells] == [("calmonth", 5, 1000)]
        assert cells[0].subject.startswith("user:")
    left = client.get("/api/v1/me/limits", headers={"X-Api-Key": secret}).get_json()["limits"]
    assert [limit["remaining"] for limit in left if limit["name"] == "calmonth"] == [995]


def test_whatever_a_path_that_was_not_found_holds_counts_as_one_call(city: City) -> None:
    city.client().get(f"{URL}/a%00b")
    assert [(row.calls, row.dataset_id, row.status_class) for row in counted(city)] == [(1, "", 4)]
    [path] = city.platform.part(Meter).spool.of_day("")
    assert [line["ds"] for line in read_all(path)] == [""]


def test_a_method_of_any_length_is_kept_as_far_as_there_is_room(city: City) -> None:
    city.client().open(URL, method="PROPPATCH", headers={"X-Api-Key": city.key_of("member")})
    counted(city)
    with city.platform.read(SYSTEM) as work:
        assert work.session.scalars(select(FailedCall.method)).all() == ["PROPPATC"]


def test_bytes_that_cost_nothing_are_spent_of_no_quota(city: City) -> None:
    city.limit("basic", "1000000/second", "1000000 bytes/calmonth")
    key = {"X-Api-Key": city.key_of("member")}
    _, resource = city.add_file()
    client = city.client()
    assert client.get(f"/api/v1/resources/{resource}/download", headers=key).data
    size = len(client.get(URL, headers=key).data)
    rows = counted(city)
    assert sum(row.bytes for row in rows) > size
    with city.platform.read(SYSTEM) as work:
        assert work.session.scalars(select(QuotaLedger.used)).all() == [size]
    left = client.get("/api/v1/me/limits", headers=key).get_json()["limits"]
    assert [limit["remaining"] for limit in left if limit["unit"] == "bytes"] == [1_000_000 - size]


def test_a_full_buffer_loses_detail_and_no_call(city: City, monkeypatch: object) -> None:
    monkeypatch.setattr("opendata.services.plans.meter.CAPACITY", 5)  # type: ignore[attr-defined]
    client = city.client()
    for _ in range(12):
        client.get(URL)
    assert city.platform.part(Meter).dropped == 7
    assert sum(row.calls for row in counted(city)) == 12
