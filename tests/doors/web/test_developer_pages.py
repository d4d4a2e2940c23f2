"""From landing to a call with one's own key, and everything about keys without a script."""

import re
import subprocess
import sys
import time
from typing import Any

import pytest

from opendata.services.access.changes import Changes
from opendata.testing.web import City

PASSWORD = "a long enough password"
BOTH = pytest.mark.parametrize("prefix", ["", "/en"])


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def key_in(page: str) -> str:
    found = re.search(r"hpd_(?:live|test)_[0-9A-Za-z]{38}", page)
    assert found is not None
    return found[0]


def signed_up(city: City, prefix: str = "") -> tuple[Any, Any]:
    client = city.client()
    token = token_in(client.get(f"{prefix}/sign-up").text)
    data = {"csrf_token": token, "email": "lap@trinh.example", "name": "Lập Trình", "password": PASSWORD}
    return client, client.post(f"{prefix}/sign-up", data=data)


@BOTH
def test_from_landing_to_a_call_with_a_key(city: City, prefix: str) -> None:
    """B8, T1: the first call needs no key; sign-up is one form; the key on the page works at once."""
    began = time.monotonic()
    visitor = city.client()
    start = visitor.get(f"{prefix}/developers").text
    call = re.search(r"curl &#39;(http://localhost(/api/v1/[^&]+(?:&amp;[^&]+)*))&#39;", start)
    assert call is not None
    assert visitor.get(call[2].replace("&amp;", "&")).status_code == 200
    assert f'href="{prefix}/sign-up"' in start
    client, welcome = signed_up(city, prefix)
    assert welcome.status_code == 201
    assert "no-store" in welcome.headers["Cache-Control"]
    secret = key_in(welcome.text)
    assert f"X-Api-Key: {secret}" in welcome.text
    answer = city.client().get("/api/v1/datasets?q=cang+bien&size=1", headers={"X-Api-Key": secret})
    assert answer.status_code == 200
    assert client.get(f"{prefix}/developers/apps").status_code == 200
    assert time.monotonic() - began < 60


@BOTH
def test_keys_are_made_replaced_and_revoked_by_forms(city: City, prefix: str) -> None:
    client = city.client("editor")
    made = client.post(f"{prefix}/developers/apps", data={"name": "Xe buýt", "env": "live"})
    assert made.status_code == 303
    address = made.headers["Location"]
    page = client.post(
        address,
        data={
            "action": "key",
            "name": "máy chủ",
            "scopes": ["read", "publish"],
            "cidrs": "127.0.0.0/8\n203.0.113.7",
            "expires_at": "",
        },
    )
    first = key_in(page.text)
    me = city.client().get("/api/v1/me", headers={"X-Api-Key": first}).get_json()
    assert me["scopes"] == ["read", "publish"]
    shown = client.get(address).text
    assert first not in shown
    key_id = re.search(r'name="key" value="(key_\w+)"', shown)
    assert key_id is not None
    page = client.post(address, data={"action": "rotate", "key": key_id[1], f"overlap-{key_id[1]}": "2"})
    second = key_in(page.text)
    assert second != first
    done = client.post(address, data={"action": "revoke", "key": key_id[1], f"reason-{key_id[1]}": "cũ"})
    assert done.status_code == 303
    city.platform.part(Changes).look()
    status = [
        city.client().get("/api/v1/me", headers={"X-Api-Key": key}).status_code for key in (first, second)
    ]
    assert status == [401, 200]


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"action": "key", "name": "", "scopes": ["read"]}, "Cần có tên."),
        ({"action": "key", "name": "a", "scopes": []}, "Cần ít nhất một phạm vi."),
        ({"action": "key", "name": "a", "scopes": ["root"]}, "Không có phạm vi này."),
        ({"action": "key", "name": "a", "scopes": ["read"], "cidrs": "x"}, "Không phải địa chỉ mạng"),
        ({"action": "key", "name": "a", "scopes": ["read"], "expires_at": "mai"}, "Không phải một ngày."),
        ({"action": "edit", "app_name": ""}, "Cần có tên."),
        ({"action": "edit", "app_name": "a", "homepage": "javascript:1"}, "phải bắt đầu bằng http"),
    ],
)
def test_a_form_says_what_is_wrong_and_keeps_what_was_typed(
    city: City, form: dict[str, Any], message: str
) -> None:
    client = city.client("editor")
    address = client.post("/developers/apps", data={"name": "a"}).headers["Location"]
    answer = client.post(address, data=form)
    assert answer.status_code == 422
    assert message in answer.text


@pytest.mark.parametrize("role", ["anonymous", "member", "foreign"])
def test_the_pages_of_others_are_not_there(still_city: City, role: str) -> None:
    client = still_city.client(role)
    with still_city.platform.read(still_city.caller("admin")) as work:
        from opendata.services.access import applications

        made = [row.id for row in applications.listing(work) if row.owner_org_id == still_city.own]
    answer = client.get(f"/developers/apps/{made[0]}")
    assert answer.status_code == {"anonymous": 401, "member": 200, "foreign": 404}[role]
    data = {"action": "close", "reason": "x"}
    refused = client.post(f"/developers/apps/{made[0]}", data=data)
    assert refused.status_code == {"anonymous": 403, "member": 403, "foreign": 404}[role]


@BOTH
def test_people_are_invited_and_join(city: City, prefix: str) -> None:
    client = city.client("admin")
    made = client.post(f"{prefix}/developers/organizations", data={"name": "Công ty Mẫu", "kind": "company"})
    assert made.status_code == 303
    team = made.headers["Location"]
    invited = client.post(team, data={"action": "invite", "email": "ban@c.example", "role": "editor"})
    assert invited.status_code == 303
    page = client.get(team).text
    assert "ban@c.example" in page
    wrong = client.post(team, data={"action": "invite", "email": "nowhere", "role": "editor"})
    assert wrong.status_code == 422
    left = client.post(team, data={"action": "leave"})
    assert left.status_code == 409  # the last admin
    assert city.client("foreign").get(team).status_code == 404


def test_a_page_that_shows_a_key_is_kept_by_nobody(city: City) -> None:
    _, welcome = signed_up(city)
    assert welcome.headers["Referrer-Policy"] == "no-referrer"
    assert "ETag" not in welcome.headers


def test_the_curl_line_runs_in_a_shell(city: City) -> None:
    """What is copied is one command: quotes closed, the header one argument."""
    _, welcome = signed_up(city)
    found = re.search(r'<code id="keyed-call-code-1">(.*?)</code>', welcome.text, re.DOTALL)
    assert found is not None
    line = found[1].replace("&#39;", "'").replace("&amp;", "&")
    shown = subprocess.run(
        ["/bin/sh", "-c", line.replace("curl", f"{sys.executable} -c 'import sys; print(sys.argv[1:])'", 1)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown.count("http://localhost/api/v1/datasets?q=cang+bien&size=1") == 1
    assert "X-Api-Key: hpd_live_" in shown
