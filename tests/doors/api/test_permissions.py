"""Who may call what: every operation of the document against every role."""

import re
from typing import Any

import pytest

from opendata.doors.api.openapi import operations
from opendata.services.access.policy import Action
from opendata.testing.bodies import right_request
from opendata.testing.web import ROLES, City, build_city, close_city

LEAST = {
    "anyone": "anonymous",
    "dataset.create": "editor",
    "dataset.edit": "editor",
    "dataset.submit": "editor",
    "dataset.return": "reviewer",
    "dataset.publish": "reviewer",
    "dataset.withdraw": "reviewer",
    "dataset.view_history": "member",
    "dataset.view_draft": "member",
    "signed in": "person",
    "application.view": "member",
    "application.edit": "editor",
    "organization.view_members": "member",
    "organization.members": "admin",
    "harvest.view": "member",
    "harvest.run": "editor",
    "organization.edit": "admin",
    "platform.operate": "operator",
}
"""The least role of the department that may, written down here a second time on purpose."""

RANK = ("anonymous", "person", "member", "editor", "reviewer", "admin", "operator")
HIDDEN = {"submit": "draft", "return": "submitted", "publish": "submitted"}
"""Steps that are taken on a dataset others cannot see."""

FOREIGN_IS_UNKNOWN = ("/harvest/", "/apps/{", "/members", "/invitations", "/registration-tokens")
"""Parts of addresses of things that others cannot even know of."""

SIGNED = {"/api/v1/integrations/leaks"}
"""Whoever asks, only the signature counts."""

NOTHING_THERE = {
    "/api/v1/me/second-factor",
    "/api/v1/me/consents/{client_id}",
    "/api/v1/me/sessions/{session_id}",
    "/api/v1/me/transfers/{transfer_id}",
    "/api/v1/me/transfers/{transfer_id}/accept",
}
"""What nobody has who asks: a second factor, a consent, a session of this name, an offer."""

LISTS_OF_ONES_OWN = {"/api/v1/harvest/sources", "/api/v1/harvest/runs"}
"""Lists that are empty, not refused, for somebody without a department in them."""


def matrix(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(method, path, operation["x-permission"]) for method, path, operation in operations(document)]


@pytest.fixture(scope="module")
def table(still_city: City) -> list[tuple[str, str, str]]:
    return matrix(still_city.client().get("/api/v1/openapi.json").get_json())


def test_the_table_knows_every_permission_in_use(table: list[tuple[str, str, str]]) -> None:
    used = {permission for _, _, permission in table}
    assert used <= set(LEAST)
    assert used - {"anyone", "signed in"} <= {str(action) for action in Action}
    assert len(table) * len(ROLES) >= 250


def filled(city: City, path: str) -> str:
    state = HIDDEN.get(path.rsplit("/", 1)[-1], "published")
    values = city.real() | {"dataset_id": getattr(city, state)}
    return re.sub(r"{(\w+)}", lambda found: values[found.group(1)], path)


def called(city: City, role: str, method: str, path: str) -> int:
    """The status of a request that is right in every respect but, perhaps, who makes it."""
    address = filled(city, path)
    if path in {"/api/v1/suggest", "/api/v1/places"}:
        address += "?q=a"
    return getattr(city.client(role), method)(address, **right_request(city, method, path)).status_code


def expected(role: str, method: str, path: str, permission: str) -> set[int]:
    """The statuses that count as the right answer."""
    least = LEAST[permission]
    hidden = path.rsplit("/", 1)[-1] in HIDDEN or any(part in path for part in FOREIGN_IS_UNKNOWN)
    if path in SIGNED:
        return {401}
    if permission == "signed in":
        return {401} if role == "anonymous" else {404, 422} if _is_empty(method, path) else {200, 201}
    if role == "foreign":
        allowed = least == "anonymous"
        if path in LISTS_OF_ONES_OWN:
            return {200}
        return {200} if allowed else {404} if hidden else {403}
    if RANK.index(role) >= RANK.index(least):
        return {200, 201, 202, 409} | ({404} if method == "delete" else set())  # gone by then
    if role == "anonymous":
        return {404} if path.rsplit("/", 1)[-1] in HIDDEN else {401}
    return {403}


def _is_empty(method: str, path: str) -> bool:
    return method != "get" and path in NOTHING_THERE


def test_every_operation_knows_who_may(
    table: list[tuple[str, str, str]], engines: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    wrong = []
    folder = tmp_path_factory.mktemp("matrix")
    reading = build_city(folder / "reading")
    for number, (method, path, permission) in enumerate(table):
        place = folder / ("reading" if method == "get" else str(number))
        city = reading if method == "get" else build_city(place)
        _, city.file = city.add_file()
        # those who may not come first: what others change must not decide about them
        roles = sorted(ROLES, key=lambda role: -1 if role == "foreign" else RANK.index(role))
        for role in roles:
            status = called(city, role, method, path)
            right = expected(role, method, path, permission)
            if status not in right:
                wrong.append(f"{method} {path} as {role}: {status}, not {sorted(right)}")
        if city is not reading:
            close_city(city, place)
    close_city(reading, folder / "reading")
    assert not wrong, "\n".join(wrong)


def test_an_application_with_a_silent_route_does_not_start(still_city: City) -> None:
    from flask import Flask

    from opendata.doors.http.permissions import ANYONE, permission, require_all_declared

    app = Flask("silent", static_folder=None)
    app.add_url_rule("/told", "told", permission(ANYONE)(lambda: ""))
    require_all_declared(app)
    app.add_url_rule("/silent", "silent", lambda: "")
    with pytest.raises(RuntimeError, match="/silent"):
        require_all_declared(app)
