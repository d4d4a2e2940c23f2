"""Who may call what: every operation of the document against every role."""

import io
import re
from typing import Any

import pytest

from opendata.doors.api.openapi import operations
from opendata.services.access.policy import Action
from opendata.testing.web import CSV, ROLES, City, build_city, close_city

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


BODIES: dict[tuple[str, str], Any] = {
    ("post", "/apps"): {"name": "Ứng dụng mới"},
    ("delete", "/apps/{application_id}"): {"reason": "Không cần nữa."},
    ("post", "/apps/{application_id}/suspend"): {"reason": "Gọi quá nhiều."},
    ("post", "/apps/{application_id}/keys"): {"name": "Khóa mới"},
    ("delete", "/apps/{application_id}/keys/{key_id}"): {"reason": "Bị lộ."},
    ("post", "/apps/{application_id}/client"): {"name": "Khách"},
    ("delete", "/apps/{application_id}/client"): {"reason": "Bị lộ."},
    ("put", "/me/second-factor"): {"offer": "x.y", "code": "000000"},
    ("delete", "/me/second-factor"): {"code": "000000"},
    ("post", "/me/organizations"): {"name": "Công ty Mới"},
    ("put", "/organizations/{organization_id}/members/{user_id}"): {"role": "editor"},
    ("post", "/organizations/{organization_id}/invitations"): {"email": "a@b.example", "role": "member"},
    ("post", "/integrations/leaks"): [],
    ("post", "/plans/{plan}/versions"): {"limits": "1000000/second"},
    ("put", "/organizations/{organization_id}/products/{product}"): {
        "title": {"vi": "Dữ liệu mở"},
        "plan": "partner",
    },
    ("post", "/apps/{application_id}/subscriptions"): {"product": "du-lieu-mo"},
    ("post", "/subscriptions/{subscription_id}/steps"): {"step": "end"},
    ("post", "/apps/{application_id}/webhooks"): {"url": "https://app.example/more"},
    ("put", "/subscriptions/{subscription_id}/plan"): {"plan": "basic"},
    ("put", "/subscriptions/{subscription_id}/agreement"): {"rule": "calmonth", "amount": 5_000_000},
    ("post", "/apps/{application_id}/transfer"): {"email": "ban@vidu.example"},
    ("post", "/network-blocks"): {"network": "192.0.2.0/24", "reason": "Gọi quá nhiều."},
    ("delete", "/network-blocks/{block_id}"): {"reason": "Đã nói chuyện."},
}


WHOLE = {
    "title": {"vi": "Thay"},
    "description": {"vi": "Mô tả đủ dài để bộ dữ liệu này vẫn còn đủ điều kiện được công bố."},
    "themes": ["ENVI"],
    "contact": [{"name": {"vi": "Phòng Dữ liệu"}, "email": "dulieu@haiphong.example"}],
    "license": "cc0",
    "access_level": "public",
    "legal_basis": [{"code": "Luật 20/2023/QH15"}],
    "frequency": "MONTHLY",
    "pham_vi": {"mode": "none"},
    "resources": [{"title": {"vi": "Tệp"}, "format": "CSV", "access_url": "https://nguon.example/a.csv"}],
}
"""A published dataset stays fit for the public, so a replacement says everything."""


def called(city: City, role: str, method: str, path: str) -> int:
    """The status of a request that is right in every respect but, perhaps, who makes it."""
    client = city.client(role)
    address = filled(city, path)
    arguments: dict[str, Any] = {"headers": {"If-Match": "*"}}
    if path in {"/api/v1/suggest", "/api/v1/places"}:
        address += "?q=a"
    if method == "post" and path.endswith("/resources"):
        arguments["data"] = {"file": (io.BytesIO(CSV), "a.csv")}
    elif method == "post" and path == "/api/v1/datasets":
        arguments["json"] = {"title": {"vi": "Mới"}, "publisher": city.own}
    elif method == "post" and path == "/api/v1/organizations":
        arguments["json"] = {"name": {"vi": "Sở Mới"}}
    elif (body := BODIES.get((method, path.removeprefix("/api/v1")))) is not None:
        arguments["json"] = body
    elif method == "put":
        arguments["json"] = WHOLE
    elif method == "patch":
        arguments["json"] = {}
    elif method == "post" and "/datasets/" in path:
        arguments["json"] = {"note": "Vì thế."}
    return getattr(client, method)(address, **arguments).status_code


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
