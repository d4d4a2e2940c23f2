"""Forms that let people in are limited by Flask-Limiter, whatever the plans say."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from opendata.app import create_app
from opendata.base.kit.errors import Invalid
from opendata.doors.http import control_limits
from opendata.doors.http.control_limits import BUCKETS, STEPS, VIEWS
from opendata.doors.http.identity import COOKIE
from opendata.doors.web.pages import apps, clients, teams
from opendata.testing.web import ApiClient, City, build_city, close_city


def guarded(city: City, **limits: str) -> ApiClient:
    """A browser before an application with these limits over the same city."""
    settings = city.platform.settings
    changed = {**dict.fromkeys(BUCKETS, "100000 per second"), **limits}
    object.__setattr__(settings, "guard_limits", changed)
    app = create_app(platform=city.platform)
    app.test_client_class = ApiClient
    client = app.test_client()
    assert isinstance(client, ApiClient)
    return client


def try_to_sign_in(client: FlaskClient, email: str = "editor@haiphong.example", **kwargs: object) -> int:
    token = client.get_cookie("opendata_form")
    if token is None:
        client.get("/sign-in")
        token = client.get_cookie("opendata_form")
    form = {"email": email, "password": "wrong-password-1", "csrf_token": token.value if token else ""}
    return client.post("/sign-in", data=form, **kwargs).status_code


def test_guessing_a_password_ends_after_ten_tries(city: City) -> None:
    client = guarded(city, sign_in="10 per 5 minutes")
    assert [try_to_sign_in(client) for _ in range(12)] == [401] * 10 + [429] * 2
    assert try_to_sign_in(client, "reviewer@haiphong.example") == 401, "another account waits as well"


@pytest.mark.parametrize("unseen", ["\u200b", "\u00ad", "\u2060", "\0"], ids=ascii)
def test_one_account_has_one_bucket_however_its_address_is_written(city: City, unseen: str) -> None:
    client = guarded(city, sign_in="2 per 5 minutes")
    written = [f"editor{unseen * n}@haiphong.example" for n in range(4)]
    assert [try_to_sign_in(client, email) for email in written] == [401] * 2 + [429] * 2


def test_the_whole_site_has_a_bucket_too(city: City) -> None:
    client = guarded(city, sign_in_site="4 per 5 minutes")
    tried = [try_to_sign_in(client, f"person{n}@haiphong.example") for n in range(6)]
    assert tried == [401] * 4 + [429] * 2


@pytest.mark.parametrize("form", ["sign_in", "reset"])
def test_no_network_empties_the_bucket_of_the_whole_site(city: City, form: str) -> None:
    client = guarded(city, **{f"{form}_network": "2 per 5 minutes", f"{form}_site": "4 per 5 minutes"})

    def tried(remote: str, times: int) -> list[bool]:
        path, there = ("/sign-in" if form == "sign_in" else "/forgot"), {"REMOTE_ADDR": remote}
        client.get(path)
        token = client.get_cookie("opendata_form")
        data = {"password": "wrong-password-1", "csrf_token": token.value if token else ""}
        return [
            client.post(path, data={**data, "email": f"{n}@b.example"}, environ_base=there).status_code != 429
            for n in range(times)
        ]

    assert tried("203.0.113.5", 7) == [True] * 2 + [False] * 5
    assert tried("203.0.113.6", 3) == [True] * 2 + [False]


def test_a_school_behind_one_address_signs_in_as_many_people_as_it_counts_for(city: City) -> None:
    object.__setattr__(city.platform.settings, "network_multipliers", {"203.0.113.5/32": 3})
    client = guarded(city, sign_in_network="2 per 5 minutes")
    for remote, room in (("203.0.113.5", 6), ("203.0.113.6", 2)):
        there = {"REMOTE_ADDR": remote}
        tried = [try_to_sign_in(client, f"{n}@b.example", environ_base=there) for n in range(room + 1)]
        assert tried == [401] * room + [429]


@pytest.mark.parametrize(
    ("bucket", "path"),
    [
        ("search", "/datasets"),
        ("sign_up", "/sign-up"),
        ("second_step_network", "/sign-in/code"),
        ("provider", "/sign-in/provider"),
    ],
)
def test_pages_that_count_by_network_have_room_for_a_whole_school(city: City, bucket: str, path: str) -> None:
    object.__setattr__(city.platform.settings, "network_multipliers", {"203.0.113.5/32": 3})
    client = guarded(city, **{bucket: "2 per 5 minutes"})
    ask = client.get if bucket == "search" else client.post
    for remote, room in (("203.0.113.5", 6), ("203.0.113.6", 2)):
        client.get("/sign-in", environ_base={"REMOTE_ADDR": remote})
        token = client.get_cookie("opendata_form")
        form = {"csrf_token": token.value if token else ""}
        answers = [ask(path, data=form, environ_base={"REMOTE_ADDR": remote}) for _ in range(room + 1)]
        assert [answer.status_code == 429 for answer in answers] == [False] * room + [True]


def posted(client: FlaskClient, path: str, times: int, **form: str) -> list[bool]:
    """Which of so many posts of a form were let through."""
    client.get("/sign-in")
    token = client.get_cookie("opendata_form")
    form["csrf_token"] = token.value if token else ""
    return [client.post(path, data=form).status_code != 429 for _ in range(times)]


def test_who_guesses_a_second_factor_keeps_nobody_else_of_the_network_from_theirs(city: City) -> None:
    client = guarded(city, second_step="3 per 5 minutes")
    assert posted(client, "/sign-in/code", 5, pending="one") == [True] * 3 + [False] * 2
    assert posted(client, "/sign-in/code", 3, pending="another") == [True] * 3
    assert all(posted(client, "/sign-in/provider", 3)), "sign-in elsewhere waits as well"


def test_who_goes_to_the_provider_again_and_again_keeps_nobody_from_a_second_factor(city: City) -> None:
    client = guarded(city, provider="3 per 5 minutes", second_step="3 per 5 minutes")
    assert posted(client, "/sign-in/provider", 5) == [True] * 3 + [False] * 2
    assert posted(client, "/sign-in/code", 3, pending="one") == [True] * 3


def test_one_network_guesses_no_more_second_factors_than_it_may(city: City) -> None:
    client = guarded(city, second_step_network="4 per 5 minutes")
    tried = [posted(client, "/sign-in/code", 1, pending=f"{n}")[0] for n in range(6)]
    assert tried == [True] * 4 + [False] * 2


def test_every_bucket_of_networks_knows_of_those_with_many_people() -> None:
    counted = {name for name, bucket in BUCKETS.items() if bucket.key is control_limits._network}
    assert counted == {name for name, bucket in BUCKETS.items() if bucket.shared}


def test_both_languages_draw_from_one_bucket(city: City) -> None:
    client = guarded(city, search="3 per minute")
    seen = [
        client.get(path).status_code for path in ("/datasets", "/en/datasets", "/datasets", "/en/datasets")
    ]
    assert seen == [200, 200, 200, 429]


def test_offers_of_applications_are_limited_as_whatever_sends_mail(city: City) -> None:
    client, headers = guarded(city, mail="2 per hour"), {"X-Api-Key": city.key_of("admin", "read", "admin")}
    app = client.get("/api/v1/me", headers=headers).get_json()["application"]
    offers = [
        client.post(f"/api/v1/apps/{app}/transfer", json={"email": f"{n}@b.example"}, headers=headers)
        for n in range(3)
    ]
    assert [answer.status_code for answer in offers] == [201, 201, 429]


def test_a_refusal_is_a_page_or_a_problem_and_tells_how_long(city: City) -> None:
    client = guarded(city, search="1 per minute")
    client.get("/datasets")
    page = client.get("/datasets", headers={"Accept": "text/html"})
    assert page.status_code == 429
    assert 1 <= int(page.headers["Retry-After"]) <= 120
    problem = client.get("/datasets", headers={"Accept": "application/json"})
    assert problem.get_json(force=True)["code"] == "rate_limited"


def test_walking_through_one_block_is_one_caller(city: City) -> None:
    """The last 64 bits of an address are the subscriber's own; an IPv4 address is one however written."""
    client = guarded(city, sign_in="3 per 5 minutes")
    walked = [
        try_to_sign_in(client, environ_base={"REMOTE_ADDR": f"2001:db8:1:2::{n:x}"}) for n in range(1, 6)
    ]
    assert walked == [401] * 3 + [429] * 2
    assert try_to_sign_in(client, environ_base={"REMOTE_ADDR": "2001:db8:1:3::1"}) == 401
    mapped = [
        try_to_sign_in(client, environ_base={"REMOTE_ADDR": remote})
        for remote in ("203.0.113.5", "::ffff:203.0.113.5", "203.0.113.5", "::ffff:203.0.113.5")
    ]
    assert mapped == [401] * 3 + [429]


@pytest.mark.parametrize("text", ["", "often", "0 per x", "10", "unlimited"])
def test_a_limit_that_cannot_be_read_stops_the_start(city: City, text: str) -> None:
    with pytest.raises(Invalid):
        guarded(city, sign_in=text)


def test_a_bucket_that_is_not_there_stops_the_start(city: City) -> None:
    with pytest.raises(Invalid):
        guarded(city, sign_inn="10 per minute")


def test_every_guarded_view_exists(still_city: City) -> None:
    there = {
        endpoint.removeprefix("page_").replace("_en.", ".") for endpoint in still_city.app.view_functions
    }
    blueprints = {name.rpartition(".")[0] for name in there}
    for name in VIEWS:
        blueprint, _, view = name.rpartition(".")
        assert blueprint in blueprints if view == "*" else name in there, name


def test_every_step_of_a_guarded_form_exists() -> None:
    there = {
        "apps.act": set(apps.STEPS),
        "clients.act": set(clients.STEPS),
        "teams.act": {*teams.STEPS, "register"},
    }
    for name, steps in STEPS.items():
        assert name in VIEWS
        assert set(steps) <= there[name], name
        assert set(steps.values()) <= set(BUCKETS)


@pytest.mark.parametrize(
    ("page", "action"),
    [("", "key"), ("", "rotate"), ("", "offer"), ("/client", "create"), ("/client", "secret")],
)
def test_a_step_of_a_page_draws_from_the_bucket_of_the_same_over_rest(
    city: City, page: str, action: str
) -> None:
    client = guarded(city, key_create="3 per hour", mail="3 per hour")
    signed_in = city.client("editor")
    client.token = signed_in.token
    client.set_cookie(COOKIE, signed_in.get_cookie(COOKIE).value)  # type: ignore[union-attr]
    address = f"/developers/apps/{city.application}{page}"

    def tried(step: str, times: int) -> list[bool]:
        form = {"csrf_token": client.token, "action": step, "name": ""}
        return [client.post(address, data=form).status_code == 429 for _ in range(times)]

    assert tried("edit", 5) == [False] * 5
    assert tried(action, 5) == [False] * 3 + [True] * 2
    assert tried("edit", 1) == [False], "other steps of the form go on"
    over_rest = {"offer": f"/api/v1/apps/{city.application}/transfer"}.get(
        action, f"/api/v1/apps/{city.application}/keys"
    )
    assert client.post(over_rest, json={"name": "x"}).status_code == 429


def test_every_bucket_is_used_and_every_name_is_a_bucket() -> None:
    used = {name for names in VIEWS.values() for name in names}
    assert used == set(BUCKETS)


def test_no_key_is_empty_or_tells_the_account(still_city: City) -> None:
    form = {"email": "a@b.example", "pending": "a secret token"}
    with still_city.app.test_request_context("/sign-in", method="POST", data=form):
        keys = [bucket.key() for bucket in BUCKETS.values()]
    assert all(keys)
    assert not any("a@b" in key or "secret" in key for key in keys)


@pytest.fixture
def low_city(engines: None, tmp_path: Path) -> Iterator[City]:
    """With a floor of one request a second, so that slow machines meet it too."""
    made = build_city(tmp_path, floor_per_second=1)
    yield made
    close_city(made, tmp_path)


def test_the_floor_counts_every_answer_before_routing(low_city: City) -> None:
    client = low_city.client()
    paths = ["/api/v1/nothing", "/nowhere", "/datasets", "/api/v1/datasets?size=1"]
    seen = [client.get(paths[n % 4]).status_code for n in range(20)]
    assert seen.count(429) >= 4
    refused = client.get("/nowhere")
    assert refused.status_code == 429
    assert refused.content_type == "application/problem+json"
    assert int(refused.headers["Retry-After"]) >= 1
    secret = low_city.key_of("member")
    cut = [client.get(f"/api/v1/{secret}").get_json(force=True)["instance"] for _ in range(8)]
    assert secret not in "".join(cut), "an address tells of no key"
    assert refused.get_json(force=True)["type"].endswith("#abnormal-usage-detected")
    assert client.get("/health/live").status_code == 200
    other = client.get("/nowhere", environ_base={"REMOTE_ADDR": "203.0.113.7"})
    assert other.status_code == 404


def test_no_hook_of_the_limiter_runs_before_other_requests(still_city: City) -> None:
    hooks = still_city.app.before_request_funcs[None]
    assert not any("flask_limiter" in getattr(hook, "__module__", "") for hook in hooks)
    assert control_limits.STRATEGY in control_limits.PREFIX
