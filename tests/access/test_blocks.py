"""A blocked network gets no answer, in every worker within seconds; why, stands in the audit trail."""

import ipaddress
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from opendata.app import create_app
from opendata.assembly import assemble
from opendata.base.kit.errors import Unavailable
from opendata.base.models import AuditEvent, NetworkBlock
from opendata.services.access import blocks
from opendata.services.access.blocks import Blocks
from opendata.services.access.changes import Changes
from opendata.services.access.refusals import Refusals
from opendata.testing.load import eventually
from opendata.testing.web import City, problem_of

BAD, NEAR, FAR = "203.0.113.9", "203.0.113.200", "203.0.114.1"
URL = "/api/v1/network-blocks"


def asked(app: Any, remote: str, path: str = "/api/v1/datasets") -> Any:
    return app.test_client().get(path, environ_overrides={"REMOTE_ADDR": remote})


@pytest.fixture
def another(city: City) -> Iterator[Any]:
    """A second worker on the same database."""
    platform = assemble(city.platform.settings)
    app = create_app(platform=platform)
    platform.part(Changes).start()
    yield app
    platform.close()


def block(city: City, network: str = "203.0.113.0/25", **more: Any) -> Any:
    body = {"network": network, "reason": "Quét cổng suốt đêm.", **more}
    return city.client("operator").post(URL, json=body)


def test_every_worker_refuses_a_blocked_network_and_nobody_else(city: City, another: Any) -> None:
    assert asked(another, BAD).status_code == 200
    made = block(city)
    assert made.status_code == 201
    began = time.monotonic()
    while {asked(city.app, BAD).status_code, asked(another, BAD).status_code} != {403}:
        assert time.monotonic() - began < 5, "far below the thirty seconds promised"
        time.sleep(0.05)
    told = problem_of(asked(city.app, BAD, f"/api/v1/{city.key_of('member')}"), 403, "network_blocked")
    assert told["type"] == "/docs/errors#network_blocked"
    assert "…" in told["instance"], "an address tells of no key"
    assert "%" not in told["title"] + told["detail"]
    for path in ("/", "/datasets", "/api/v1/datasets", "/sign-in", "/nowhere", "/oauth/token"):
        assert asked(another, BAD, path).status_code == 403, path
    assert asked(another, BAD, "/health/live").status_code != 403
    for app in (city.app, another):
        assert asked(app, NEAR).status_code == 200
        assert asked(app, FAR).status_code == 200
        assert asked(app, f"::ffff:{BAD}").status_code == 403
    lifted = city.client("operator").delete(f"{URL}/{made.get_json()['id']}", json={"reason": "Đã xin lỗi."})
    assert lifted.status_code == 200
    eventually(lambda: all(asked(app, BAD).status_code == 200 for app in (city.app, another)), 5)


def test_a_key_does_not_open_a_blocked_network(city: City) -> None:
    secret = city.key_of("member")
    block(city)
    city.platform.part(Changes).look()
    answer = city.app.test_client().get(
        "/api/v1/datasets", headers={"X-Api-Key": secret}, environ_overrides={"REMOTE_ADDR": BAD}
    )
    problem_of(answer, 403, "network_blocked")


def test_a_block_of_hours_ends_by_itself(city: City) -> None:
    assert block(city, hours=2).status_code == 201
    city.platform.part(Changes).look()
    assert asked(city.app, BAD).status_code == 403
    began = city.platform.clock()
    city.platform.clock = lambda: began + timedelta(hours=2, minutes=1)
    assert asked(city.app, BAD).status_code == 200
    assert [row["network"] for row in city.client("operator").get(URL).get_json()["data"]] == [
        "198.51.100.0/24"
    ]


def test_what_was_refused_is_counted_over_all_workers_and_told(city: City, another: Any) -> None:
    made = block(city).get_json()
    assert (made["refused"], made["refused_at"]) == (0, None)
    for app, calls in ((city.app, 3), (another, 2)):
        platform = app.extensions["opendata"]
        platform.part(Changes).look()
        assert [asked(app, BAD).status_code for _ in range(calls)] == [403] * calls
        platform.part(Refusals).flush()
    operator = city.client("operator")
    (row,) = [row for row in operator.get(URL).get_json()["data"] if row["id"] == made["id"]]
    assert row["refused"] == 5
    assert row["refused_at"] is not None
    blocked = operator.get("/api/v1/usage").get_json()["blocked"]
    assert blocked[0] == {name: row[name] for name in ("network", "refused", "refused_at")}
    for page in ("/operator/blocks", "/operator/usage"):
        assert '<b class="num">5</b>' in operator.get(page).text


def test_counts_that_cannot_be_written_are_kept(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    made = block(city).get_json()
    refusals = city.platform.part(Refusals)
    refusals.note(made["id"])

    def away(*_: Any) -> Any:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(city.platform, "work", away)
        with pytest.raises(Unavailable):
            refusals.flush()
    refusals.note(made["id"])
    refusals.flush()
    with city.platform.read() as work:
        assert work.session.get_one(NetworkBlock, made["id"]).refused == 2


def test_both_block_and_end_are_in_the_audit_trail_with_their_reasons(city: City) -> None:
    made = block(city).get_json()
    problem_of(city.client("operator").delete(f"{URL}/{made['id']}", json={"reason": " "}), 422)
    city.client("operator").delete(f"{URL}/{made['id']}", json={"reason": "Đã xin lỗi."})
    with city.platform.read() as work:
        trail = work.session.scalars(select(AuditEvent).where(AuditEvent.object_id == made["id"])).all()
    assert [event.action for event in trail] == ["network.block", "network.unblock"]
    assert trail[0].data["reason"] == "Quét cổng suốt đêm."
    assert trail[1].data["reason"] == "Đã xin lỗi."
    assert all(event.actor_id == city.users["operator"] for event in trail)


def test_a_list_that_cannot_be_read_again_goes_on_to_hold(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    block(city)
    part = city.platform.part(Blocks)
    city.platform.part(Changes).look()
    assert part.stop(ipaddress.ip_address(BAD))
    tries = []

    @contextmanager
    def away() -> Iterator[Any]:
        tries.append(1)
        raise Unavailable
        yield

    with monkeypatch.context() as patch:
        patch.setattr(city.platform, "read", away)
        patch.setattr(blocks, "AGAIN", 1000.0)
        part._forget(None)
        assert all(part.stop(ipaddress.ip_address(BAD)) for _ in range(3))
        assert len(tries) == 1, "it is not asked for at every request"
    block(city, FAR)
    city.platform.part(Changes).look()
    monkeypatch.setattr(blocks, "AGAIN", 0.0)
    assert part.stop(ipaddress.ip_address(FAR))


def test_a_list_that_is_being_read_holds_nobody_up(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    block(city)
    part, address = city.platform.part(Blocks), ipaddress.ip_address(BAD)
    city.platform.part(Changes).look()
    assert part.stop(address)
    city.platform.part(Changes).start()
    asked_for, answered, read = threading.Event(), threading.Event(), city.platform.read

    @contextmanager
    def slow(*_: Any) -> Iterator[Any]:
        if threading.current_thread() is reader:
            asked_for.set()
            answered.wait(10)
        with read() as work:
            yield work

    reader = threading.Thread(target=part.stop, args=(address,))
    monkeypatch.setattr(city.platform, "read", slow)
    part._forget(None)
    reader.start()
    try:
        assert asked_for.wait(5)
        began = time.monotonic()
        assert part.stop(address)
        part._forget(None)
        assert time.monotonic() - began < 2
    finally:
        answered.set()
        reader.join()


@pytest.mark.parametrize(
    "network", ["", "x", "0.0.0.0/0", "10.0.0.0/7", "::/0", "2000::/18", "203.0.113.0/33", "127.0.0.1"]
)
def test_a_slip_of_the_hand_does_not_shut_the_portal(city: City, network: str) -> None:
    """Neither what is no network, nor half the world, nor one's own address."""
    problem_of(block(city, network), 422)
    assert city.client().get("/api/v1/datasets").status_code == 200


@pytest.mark.parametrize("role", ["admin", "editor", "anonymous"])
def test_only_operators_block(city: City, role: str) -> None:
    answer = city.client(role).post(URL, json={"network": BAD, "reason": "x"})
    assert answer.status_code in {401, 403}
    assert city.client(role).get("/operator/blocks").status_code in {401, 403}


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_the_page_does_the_same(city: City, prefix: str) -> None:
    operator = city.client("operator")
    address, token = f"{prefix}/operator/blocks", {"csrf_token": operator.token}
    wrong = operator.post(address, data=token | {"action": "block", "network": "x", "reason": "y"})
    assert wrong.status_code == 422
    form = token | {"action": "block", "network": BAD, "reason": "Quét cổng.", "hours": "3"}
    assert operator.post(address, data=form).status_code == 303
    page = operator.get(address).get_data(as_text=True)
    assert f"{BAD}/32" in page
    assert "Quét cổng." in page
    number = operator.get(URL).get_json()["data"][0]["id"]
    lift = token | {"action": "lift", "block": number, f"why-{number}": "Xong."}
    assert operator.post(address, data=lift).status_code == 303
    assert BAD not in operator.get(address).get_data(as_text=True)
