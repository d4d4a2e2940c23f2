"""What operators do to what is others' leaves a reason in the trail: without one it is not done."""

import ast
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import opendata.services
from opendata.base.kit.errors import Invalid
from opendata.base.models import Application, AuditEvent, Job, User
from opendata.base.runtime import SYSTEM, Work, jobs
from opendata.doors.api.openapi import operations
from opendata.services.access import accounts, applications, blocks, given_up, keys, second_factor
from opendata.services.access.oauth import clients, signing
from opendata.testing.bodies import BODIES, right_request
from opendata.testing.web import City, problem_of

Change = Callable[[Work, City, str], object]


def application(work: Work, city: City) -> Application:
    return work.session.get_one(Application, city.application)


def person(work: Work, city: City) -> User:
    return work.session.get_one(User, city.users["spare"])


def failed_job(work: Work) -> str:
    job = work.session.get_one(Job, jobs.enqueue(work, "test.fails", {}))
    job.state = "failed"
    work.session.flush()
    return job.id


CHANGES: Mapping[str, Change] = {
    "access.accounts.block": lambda work, city, why: accounts.block(work, person(work, city), reason=why),
    "access.accounts.unblock": lambda work, city, why: accounts.unblock(work, person(work, city), reason=why),
    "access.applications.suspend": lambda work, city, why: applications.suspend(
        work, application(work, city), reason=why
    ),
    "access.applications.resume": lambda work, city, why: applications.resume(
        work, application(work, city), reason=why
    ),
    "access.blocks.lift": lambda work, city, why: blocks.lift(work, city.block, why),
    "access.blocks.block": lambda work, _city, why: blocks.block(work, "203.0.113.0/24", why),
    "access.blocks.lift_network": lambda work, _city, why: blocks.lift_network(work, "203.0.113.0/24", why),
    "access.oauth.signing.rotate": lambda work, _city, why: signing.rotate(work, reason=why, at_once=True),
    "access.oauth.signing.remove": lambda work, _city, why: signing.remove(
        work, signing.listing(work)[0].kid, reason=why
    ),
    "access.second_factor.remove": lambda work, city, why: second_factor.remove(
        work, person(work, city), reason=why
    ),
    "access.given_up.discard": lambda work, _city, why: given_up.discard(work, failed_job(work), reason=why),
    # `applications.require_stop` asks for the reason of these three
    "access.keys.revoke": lambda work, city, why: keys.revoke(
        work, application(work, city), keys.get(work, application(work, city), city.key), reason=why
    ),
    "access.oauth.clients.revoke": lambda work, city, why: clients.revoke(
        work, clients.known(work, city.oauth_client), reason=why
    ),
    "access.applications.close": lambda work, city, why: applications.close(
        work, application(work, city), reason=why
    ),
}
"""What operators do to accounts, applications, networks and keys, in an order in which it can be done."""

SHARED = {"access.policy.operate", "access.applications.require_stop"}
"""What these ask."""

LOOKS = {
    "access.blocks.listing",
    "access.given_up.get",
    "access.given_up.listing",
    "access.mails.get",
    "access.mails.listing",
    "access.oauth.clients.known",
    "access.oauth.clients.listing",
    "access.oauth.signing.listing",
    "access.people.listing",
    "plans.declaration.compare",
    "plans.declaration.export",
    "plans.plans._within_reach",
    "plans.reports.of_platform",
}
"""What changes nothing."""

TELLS_ITSELF = {
    "access.given_up.retry": "what was asked for is tried again; the trail tells why it had failed",
    "access.people.create": "an account begins; the trail tells whether it is an operator's",
    "catalog.organizations.create": "catalogue: what is new stands there with its history",
    "catalog.organizations.create_topic": "catalogue: what is new stands there with its history",
    "catalog.organizations.succeed": "catalogue: a fact of law, with its day; the trail names the bodies",
    "plans.plans.write": "a version of its own, which stays: what was changed is what differs from the last",
    "plans.plans.retire": "nobody loses anything",
    "plans.subscriptions.grant": "one step of a declaration, which is its reason and is written to the trail",
    "plans.subscriptions.agree": "kept with the subscription: rule, amount, last day, author and time",
}
"""Changes that need no reason, and why: nobody is stopped by them, and what was done is written down."""


def of_operators() -> set[str]:
    """Every function of the services that asks for the operator's right."""
    root = Path(next(iter(opendata.services.__path__)))
    found = set()
    for path in root.rglob("*.py"):
        module = ".".join(path.relative_to(root).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and _asks(node):
                found.add(f"{module}.{node.name}")
    return found


def _asks(function: ast.FunctionDef) -> bool:
    used = {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}
    return bool(used & {"PLATFORM", "operate"})


def test_every_change_of_operators_is_known_here() -> None:
    asked_by_others = {"access.keys.revoke", "access.oauth.clients.revoke", "access.applications.close"}
    assert of_operators() == (set(CHANGES) - asked_by_others) | SHARED | LOOKS | set(TELLS_ITSELF)


def test_no_change_is_made_without_a_reason_and_the_reason_is_kept(city: City) -> None:
    city.platform.part(signing.SigningKeys).ready()
    for name, change in CHANGES.items():
        for empty in ("", " \n", "\u200b"):
            with pytest.raises(Invalid) as refused, city.platform.work(SYSTEM) as work:
                change(work, city, empty)
            assert set(refused.value.fields) == {"reason"}, name
        with city.platform.work(SYSTEM) as work:
            change(work, city, f"vì {name}")
        with city.platform.read() as work:
            told = work.session.scalars(select(AuditEvent.data).order_by(AuditEvent.id.desc()).limit(3)).all()
        assert any(f"vì {name}" == data.get("reason") for data in told), name


def test_over_rest_every_change_of_an_operator_takes_a_reason(city: City) -> None:
    document: dict[str, Any] = city.client().get("/api/v1/openapi.json").get_json()
    operator, walked, free = city.client("operator"), [], set()
    for method, path, operation in operations(document):
        takes = "reason" in BODIES.get((method, path.removeprefix("/api/v1")), {})
        if method == "get" or not (takes or operation["x-permission"] == "platform.operate"):
            continue
        if not takes:
            free.add(f"{method} {path}")
            continue
        arguments = right_request(city, method, path)
        for without in ({}, {"reason": " "}):
            arguments["json"] = {
                **{name: value for name, value in arguments["json"].items() if name != "reason"},
                **without,
            }
            answer = getattr(operator, method)(path.format(**city.real()), **arguments)
            wrong = [error["field"] for error in problem_of(answer, 422)["errors"]]
            assert wrong == ["reason"], f"{method} {path}"
        walked.append(path)
    assert len(walked) >= 7
    assert free == {
        "post /api/v1/organizations",
        "post /api/v1/plans/{plan}/versions",
        "put /api/v1/subscriptions/{subscription_id}/agreement",
    }, "these tell themselves: see TELLS_ITSELF"


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_the_page_asks_why_an_application_runs_again(city: City, prefix: str) -> None:
    with city.platform.work(SYSTEM) as work:
        applications.suspend(work, application(work, city), reason="Gọi quá nhiều.")
    operator, address = city.client("operator"), f"{prefix}/developers/apps/{city.application}"
    silent = operator.post(address, data={"action": "resume", "reason": " "})
    assert silent.status_code == 422
    assert 'id="reason-error"' in silent.text
    with city.platform.read() as work:
        assert application(work, city).status == "suspended"
    assert operator.post(address, data={"action": "resume", "reason": "Đã sửa."}).status_code == 303
    with city.platform.read() as work:
        assert application(work, city).status == "active"
