"""Harvest sources and runs over REST."""

from opendata.base.models import HarvestRecord, Job
from opendata.base.runtime import SYSTEM
from opendata.services.harvest import pipeline, runs, sources
from opendata.services.harvest.events import Events
from opendata.testing.web import City, problem_of

SOURCES = "/api/v1/harvest/sources"


def work_off(city: City, run_id: str) -> None:
    """What the worker would do with a queued run."""
    with city.platform.work(SYSTEM) as work:
        work.session.query(Job).delete()
    pipeline.perform(city.platform, {"run_id": run_id})


def test_a_source_is_shown_to_those_who_look_after_it(still_city: City) -> None:
    problem_of(still_city.client().get(SOURCES), 401, "sign_in_required")
    assert still_city.client("foreign").get(SOURCES).get_json()["data"] == []
    for role in ("member", "operator"):
        (row,) = still_city.client(role).get(SOURCES).get_json()["data"]
        assert row["id"] == still_city.source
        assert row["organization"]["slug"] == "so-nong-nghiep-va-moi-truong"
        assert still_city.client(role).get(f"{SOURCES}/{row['slug']}").get_json() == row
    problem_of(still_city.client("foreign").get(f"{SOURCES}/{still_city.source}"), 404)


def test_runs_of_all_sources_are_listed_to_those_who_look_after_them(still_city: City) -> None:
    address = "/api/v1/harvest/runs"
    problem_of(still_city.client().get(address), 401, "sign_in_required")
    assert still_city.client("foreign").get(address).get_json()["data"] == []
    for role in ("member", "operator"):
        (row,) = still_city.client(role).get(address).get_json()["data"]
        assert (row["id"], row["source_id"]) == (still_city.run, still_city.source)
    assert still_city.client("member").get(f"{address}?state=failed").get_json()["data"] == []


def test_secrets_of_a_source_are_named_and_never_shown(city: City) -> None:
    with city.platform.work(SYSTEM) as work:
        source = sources.create(
            work,
            type="ckan",
            url="https://nguon.example",
            title="CKAN",
            organization_id=city.own,
            config={"api_key": "bi-mat-rieng"},
        )
        source_id = source.id
    answer = city.client("operator").get(f"{SOURCES}/{source_id}")
    assert answer.get_json()["secrets"] == ["api_key"]
    for path in (SOURCES, f"{SOURCES}/{source_id}", f"{SOURCES}/{source_id}/runs"):
        assert b"bi-mat-rieng" not in city.client("operator").get(path).data


def test_a_preview_changes_nothing_and_can_be_carried_out(city: City) -> None:
    client = city.client("editor")
    asked = client.post(f"{SOURCES}/{city.source}/preview")
    assert asked.status_code == 202
    assert asked.get_json()["id"] == city.run, "the one already queued is joined"
    assert asked.headers["Location"] == f"/api/v1/harvest/runs/{city.run}"
    before = client.get("/api/v1/datasets").get_json()["meta"]["total"]
    problem_of(client.post(f"/api/v1/harvest/runs/{city.run}/apply"), 409, "preview_expired")

    work_off(city, city.run)
    preview = client.get(f"/api/v1/harvest/runs/{city.run}").get_json()
    assert preview["state"] in {"done", "done_with_errors"}
    assert preview["result"]
    assert client.get("/api/v1/datasets").get_json()["meta"]["total"] == before

    applied = client.post(f"/api/v1/harvest/runs/{city.run}/apply")
    assert applied.status_code == 202
    assert applied.get_json()["preview_of"] == city.run
    work_off(city, applied.get_json()["id"])
    listed = client.get(f"{SOURCES}/{city.source}/runs").get_json()
    assert [run["kind"] for run in listed["data"]] == ["apply_preview", "preview"]
    records = client.get(f"{SOURCES}/{city.source}/records").get_json()
    assert records["meta"]["total"] == 1


def test_records_in_quarantine_are_listed_with_their_problems(city: City) -> None:
    problem = {"severity": "error", "code": "title_required", "path": "title.vi", "message": "…", "value": ""}
    with city.platform.work(SYSTEM) as work:
        for number in range(5):
            known = HarvestRecord(
                source_id=city.source,
                guid=f"g{number}",
                state="quarantined" if number else "current",
                problem=[problem] if number else None,
                first_seen=work.now,
                last_seen=work.now,
                last_changed=work.now,
            )
            work.session.add(known)
    client = city.client("member")
    path = f"{SOURCES}/{city.source}/records"
    first = client.get(f"{path}?state=quarantined&size=3").get_json()
    assert first["meta"]["total"] == 4
    second = client.get(first["links"]["next"].removeprefix("http://localhost")).get_json()
    assert [record["guid"] for record in first["data"] + second["data"]] == ["g1", "g2", "g3", "g4"]
    assert second["links"]["next"] is None
    assert first["data"][0]["problems"] == [problem]
    assert client.get(path).get_json()["meta"]["total"] == 5
    problem_of(client.get(f"{path}?state=lost"), 400)
    problem_of(city.client("foreign").get(path), 404)


def test_events_of_a_run_are_paged(city: City) -> None:
    with city.platform.work(SYSTEM) as work:
        told = Events(city.run, sources.get(work, city.source))
        for number in range(5):
            told.add("error", "too_large", guid=f"g{number}", path="title", message="…")
        told.write(work)
    address, found = f"/api/v1/harvest/runs/{city.run}/events?size=2", []
    client = city.client("member")
    while address:
        body = client.get(address.removeprefix("http://localhost")).get_json()
        assert body["meta"]["total"] == 5
        found += [event["guid"] for event in body["data"]]
        address = body["links"]["next"]
    assert found == ["g0", "g1", "g2", "g3", "g4"]


def test_a_run_is_started_once_and_can_be_cancelled(city: City) -> None:
    client = city.client("editor")
    problem_of(city.client("member").post(f"{SOURCES}/{city.source}/run"), 403, "not_allowed")
    cancelled = client.post(f"/api/v1/harvest/runs/{city.run}/cancel")
    assert cancelled.get_json()["state"] == "cancelled"
    problem_of(client.post(f"/api/v1/harvest/runs/{city.run}/cancel"), 409)
    first = client.post(f"{SOURCES}/{city.source}/run").get_json()
    second = client.post(f"{SOURCES}/{city.source}/run").get_json()
    assert first["id"] == second["id"] != city.run
    assert first["kind"] == "manual"


def test_a_source_that_is_not_accepted_is_only_previewed(city: City) -> None:
    with city.platform.work(SYSTEM) as work:
        sources.pause(work, sources.get(work, city.source))
        runs.cancel(work, runs.get(work, city.run))
    client = city.client("editor")
    problem_of(client.post(f"{SOURCES}/{city.source}/run"), 409, "source_not_accepted")
    assert client.post(f"{SOURCES}/{city.source}/preview").status_code == 202
