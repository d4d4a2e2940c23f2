"""What a key may do: its scopes and, at that moment, the role of its owner; nothing more on any route.

The matrix is made from what the routes declare: every operation, every role, every set of scopes that
differs for it.
"""

import io
import re
from typing import Any

import pytest

from opendata.base.models import Membership, User
from opendata.base.runtime import SYSTEM, Caller
from opendata.doors.api.openapi import operations
from opendata.services.access import applications, keys, members, policy, scopes
from opendata.services.access.changes import Changes, next_version
from opendata.services.access.policy import SCOPES, Action, InsufficientScope
from opendata.testing.records import CSV
from opendata.testing.web import ROLES, City, build_city, problem_of

READING = ("read", "download", "query")
GIVABLE = {
    "member": READING,
    "editor": (*READING, "publish", "harvest"),
    "reviewer": (*READING, "publish", "harvest"),
    "admin": SCOPES,
    "foreign": (*READING, "publish", "harvest"),
    "operator": SCOPES,
}
"""What each role may put into a key, written down here a second time on purpose."""


@pytest.mark.parametrize("role", GIVABLE)
@pytest.mark.parametrize("scope", SCOPES)
def test_nobody_gives_a_scope_he_does_not_hold(still_city: City, role: str, scope: str) -> None:
    if scope in GIVABLE[role]:
        assert still_city.key_of(role, scope)
    else:
        with pytest.raises(InsufficientScope):
            still_city.key_of(role, scope)


def filled(city: City, path: str) -> str:
    values = {
        "dataset_id": city.published,
        "resource_id": city.file,
        "organization_id": city.own,
        "topic_id": "bien-dao",
        "source_id": city.source,
        "run_id": city.run,
        "application_id": city.application,
        "key_id": city.key,
        "user_id": city.users["spare"],
        "invitation_id": city.invitation,
    }
    return re.sub(r"{(\w+)}", lambda found: values.get(found.group(1), "x"), path)


def asked(city: City, secret: str, method: str, path: str) -> Any:
    headers = {"X-Api-Key": secret, "If-Match": "*"}
    address = filled(city, path) + ("?q=a" if path.endswith("/suggest") else "")
    if method == "get":
        return city.client().get(address, headers=headers)
    if path.endswith("/resources"):
        return city.client().post(address, headers=headers, data={"file": (io.BytesIO(CSV), "a.csv")})
    return getattr(city.client(), method)(address, headers=headers, json={})


def test_every_route_asks_for_its_scope(engines: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Without the scope a route needs, every role is refused by name; with it alone, never for scope."""
    city = build_city(tmp_path_factory.mktemp("scopes"))
    _, city.file = city.add_file()
    document = city.client().get("/api/v1/openapi.json").get_json()
    wrong = []
    for role in ("member", "editor", "admin", "operator"):
        for method, path, operation in operations(document):
            needed = operation.get("x-scope")
            rest = [scope for scope in GIVABLE[role] if scope != needed]
            answer = asked(city, city.key_of(role, *rest), method, path)
            refused = answer.status_code == 403 and answer.get_json()["code"] == "insufficient_scope"
            if refused != bool(needed):
                wrong.append(f"{method} {path} as {role} without {needed}: {answer.status_code}")
            if refused and f'scope="{needed}"' not in answer.headers["WWW-Authenticate"]:
                wrong.append(f"{method} {path}: {answer.headers['WWW-Authenticate']}")
            if method == "get" and needed in GIVABLE[role]:
                answer = asked(city, city.key_of(role, needed), method, path)
                if answer.status_code == 403 and answer.get_json()["code"] == "insufficient_scope":
                    wrong.append(f"{method} {path} as {role} with {needed}: refused")
    city.platform.close()
    assert not wrong, "\n".join(wrong)


def test_a_reading_key_sees_what_is_public_whoever_owns_it(still_city: City) -> None:
    for role in ("member", "editor", "admin", "operator"):
        headers = {"X-Api-Key": still_city.key_of(role)}
        found = still_city.client().get("/api/v1/datasets?size=100", headers=headers).get_json()
        open_to_all = still_city.client().get("/api/v1/datasets?size=100").get_json()
        assert found["meta"]["total"] == open_to_all["meta"]["total"]
        for hidden in (still_city.draft, still_city.others_draft):
            problem_of(still_city.client().get(f"/api/v1/datasets/{hidden}", headers=headers), 404)


@pytest.mark.parametrize(
    ("role", "own", "others"),
    [("editor", 200, 404), ("admin", 200, 404), ("foreign", 404, 200), ("operator", 200, 200)],
)
def test_a_publishing_key_reaches_as_far_as_its_owner(
    still_city: City, role: str, own: int, others: int
) -> None:
    headers = {"X-Api-Key": still_city.key_of(role, "read", "publish")}
    client = still_city.client()
    assert client.get(f"/api/v1/datasets/{still_city.draft}", headers=headers).status_code == own
    assert client.get(f"/api/v1/datasets/{still_city.others_draft}", headers=headers).status_code == others


def test_permission_and_visibility_agree_for_keys_too() -> None:
    """One rule, two answers, over every role and every single scope."""
    for role in (None, *("member", "editor", "reviewer", "admin")):
        for operator in (False, True):
            for scope in (None, *SCOPES):
                caller = Caller(
                    kind="key",
                    user_id="u",
                    operator=operator,
                    roles={"own": role} if role else {},
                    scopes=None if scope is None else frozenset({scope}),
                )
                for organization in ("own", "foreign"):
                    sees = policy.sees(caller, policy.visibility_of("draft", organization))
                    assert sees == policy.allows(caller, Action.VIEW_DRAFT, organization)


def test_a_role_that_is_taken_away_is_gone_from_the_key_within_a_second(city: City) -> None:
    headers = {"X-Api-Key": city.key_of("editor", "read", "publish")}
    address = f"/api/v1/datasets/{city.draft}"
    assert city.client().get(address, headers=headers).status_code == 200
    with city.platform.work(SYSTEM) as work:
        user = work.session.get_one(User, city.users["editor"])
        members.assign(work, user, work.session.get_one(applications.Organization, city.own), None)
    city.platform.part(Changes).look()
    problem_of(city.client().get(address, headers=headers), 404)
    assert city.client().get("/api/v1/datasets", headers=headers).status_code == 200


def test_a_key_of_a_department_has_its_makers_role_there_and_nowhere_else(city: City) -> None:
    with city.platform.work(SYSTEM) as work:
        user = work.session.get_one(User, city.users["editor"])
        work.session.add(Membership(user_id=user.id, organization_id=city.foreign, role="admin"))
        user.version = next_version(work)
    with city.platform.work(city.caller("editor")) as work:
        owner = work.session.get_one(applications.Organization, city.own)
        made = applications.create(work, "Máy nạp", organization=owner, wanted=("read", "publish"))
        secret = keys.create(work, made, "khóa", wanted=("read", "publish")).secret
    headers, client = {"X-Api-Key": secret}, city.client()
    assert client.get(f"/api/v1/datasets/{city.draft}", headers=headers).status_code == 200
    problem_of(client.get(f"/api/v1/datasets/{city.others_draft}", headers=headers), 404)


def test_narrowing_an_application_narrows_its_keys(city: City) -> None:
    secret = city.key_of("editor", "read", "publish")
    headers, client = {"X-Api-Key": secret}, city.client()
    assert client.get(f"/api/v1/datasets/{city.draft}", headers=headers).status_code == 200
    with city.platform.work(city.caller("editor")) as work:
        found = keys.find(work, secret)
        assert found is not None
        applications.edit(work, applications.get(work, found.application_id), {"scopes": ["read"]})
    city.platform.part(Changes).look()
    problem_of(client.get(f"/api/v1/datasets/{city.draft}", headers=headers), 404)


def test_a_key_makes_no_key_that_can_do_more(city: City) -> None:
    headers = {"X-Api-Key": city.key_of("admin", "read", "admin")}
    client = city.client()
    made = client.post("/api/v1/apps", headers=headers, json={"name": "a", "scopes": ["read", "publish"]})
    problem_of(made, 403, "insufficient_scope")
    made = client.post("/api/v1/apps", headers=headers, json={"name": "a", "scopes": ["read"]})
    assert made.status_code == 201
    address = f"/api/v1/apps/{made.get_json()['id']}/keys"
    problem_of(client.post(address, headers=headers, json={"name": "k", "scopes": ["download"]}), 422)
    assert client.post(address, headers=headers, json={"name": "k", "scopes": ["read"]}).status_code == 201


def test_a_test_application_only_reads_and_says_so(city: City) -> None:
    client = city.client("admin")
    made = client.post("/api/v1/apps", json={"name": "thử", "env": "test"}).get_json()
    refused = client.post("/api/v1/apps", json={"name": "thử 2", "env": "test", "scopes": ["publish"]})
    problem_of(refused, 422)
    key = client.post(f"/api/v1/apps/{made['id']}/keys", json={"name": "k"}).get_json()
    assert key["secret"].startswith("hpd_test_")
    answer = city.client().get("/api/v1/datasets", headers={"X-Api-Key": key["secret"]})
    assert answer.headers["X-Environment"] == "test"


MASS = ("id", "owner_user_id", "owner_org_id", "owner", "status", "version", "is_admin", "quota", "digest")


@pytest.mark.parametrize("field", MASS)
def test_fields_that_are_not_ones_own_to_set_are_refused(still_city: City, field: str) -> None:
    """AZ-03 at every place that takes a body."""
    client = still_city.client("admin")
    base = f"/api/v1/apps/{still_city.application}"
    calls = [
        ("post", "/api/v1/apps", {"name": "x"}),
        ("patch", base, {}),
        ("post", f"{base}/keys", {"name": "x"}),
        ("patch", f"{base}/keys/{still_city.key}", {}),
        ("post", f"{base}/keys/{still_city.key}/rotate", {}),
        ("post", "/api/v1/me/organizations", {"name": "xx"}),
        (
            "post",
            f"/api/v1/organizations/{still_city.own}/invitations",
            {"email": "a@b.vn", "role": "member"},
        ),
    ]
    for method, path, body in calls:
        answer = getattr(client, method)(path, json=body | {field: "x"})
        problem = problem_of(answer, 422)
        assert field in {error["field"] for error in problem["errors"]}, path


def test_scopes_are_told_apart_from_words_that_look_like_them() -> None:
    assert scopes.cleaned(["query", "read", "read"]) == ["read", "query"]
    for wrong in ("Read", "read ", "*", "", "admin\0"):
        with pytest.raises(scopes.Invalid):
            scopes.cleaned([wrong])


def test_the_table_of_roles_is_whole() -> None:
    assert set(GIVABLE) == set(ROLES) - {"anonymous"}
