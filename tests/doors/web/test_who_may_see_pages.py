"""Who may open which page and send which form: every page of the map against every role, own and foreign."""

import re
from typing import Any

import pytest
from werkzeug.routing import Rule

from opendata.doors.http.permissions import declared
from opendata.services.access.policy import Action
from opendata.testing.web import ROLES, City, build_city, close_city

LEAST = {
    "anyone": "anonymous",
    "signed in": "person",
    Action.VIEW_DRAFT: "member",
    Action.VIEW_HISTORY: "member",
    Action.CREATE: "editor",
    Action.EDIT: "editor",
    Action.SUBMIT: "editor",
    Action.APPLICATION_VIEW: "member",
    Action.APPLICATION_EDIT: "editor",
    Action.MEMBERS_VIEW: "member",
    Action.ORGANIZATION_EDIT: "admin",
    Action.HARVEST_VIEW: "member",
    Action.HARVEST_RUN: "editor",
    Action.HARVEST_EDIT: "operator",
    Action.PLATFORM: "operator",
}
"""The least role in the department a page is about, written down here a second time on purpose."""
RANK = ("anonymous", "person", "member", "editor", "reviewer", "admin", "operator")
SHOWN, REFUSED = {200, 301, 302, 304}, {401, 403, 404, 410}
NEEDS_MORE = {
    "/confirm": {422},
    "/reset": {422},
    "/invitation": {401, 422},
    "/oauth/authorize": {400},
    "/oauth/device": {200, 303},
    "/sign-in/provider/done": {422},
}
"""Pages that open with something from a mail or another site, which nobody brings here."""


def pages(city: City) -> list[Rule]:
    """Every rule that is no API, no endpoint for programs, no file, in the first language."""
    others = ("/api/", "/static/", "/en", "/health/", "/.well-known/", "/feeds/")
    return [
        rule
        for rule in sorted(city.app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))
        if not rule.rule.startswith(others) and not _is_for_machines(city, rule) and "." in rule.endpoint
    ]


def _is_for_machines(city: City, rule: Rule) -> bool:
    return bool(declared(city.app.view_functions[rule.endpoint], "__for_machines__"))


def filled(city: City, rule: str) -> str:
    """The address of the thing of our department that a rule is about."""
    published = rule.startswith("/dataset/")
    dataset = city.published if published else city.draft
    values = {
        **city.real(),
        "dataset_id": dataset,
        "resource_id": city.resources(dataset)[0],
        "slug": dataset if published else "du-lieu-mo" if "/products/" in rule else city.own,
    }
    if rule.startswith("/topic/"):
        values["slug"] = "bien-dao"
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found[1]], rule)


def reaches(role: str, least: str, rule: str) -> bool:
    """Whether the role may: somebody of another department has a department too, but not this one."""
    if role == "foreign":
        about_ours = "<" in rule and RANK.index(least) > RANK.index("person")
        return not about_ours and RANK.index("editor") >= RANK.index(least)
    return RANK.index(role) >= RANK.index(least)


@pytest.fixture(scope="module")
def town(engines: None, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("town")
    made = build_city(folder)
    yield made
    close_city(made, folder)


@pytest.fixture(scope="module")
def browsers(town: City) -> dict[str, Any]:
    return {role: town.client(role) for role in ROLES}


def test_the_table_knows_every_permission_of_a_page(town: City) -> None:
    rules = pages(town)
    assert len(rules) > 70
    assert {declared(town.app.view_functions[rule.endpoint]) for rule in rules} <= set(LEAST)


def test_every_page_knows_who_may_open_it(town: City, browsers: dict[str, Any]) -> None:
    wrong = []
    for rule in pages(town):
        if "GET" not in (rule.methods or ()):
            continue
        least = LEAST[declared(town.app.view_functions[rule.endpoint])]
        address = filled(town, rule.rule)
        for role, browser in browsers.items():
            answer = browser.get(address)
            to_sign_in = answer.status_code == 303 and "/sign-in" in answer.headers["Location"]
            good = answer.status_code in SHOWN | NEEDS_MORE.get(rule.rule, set())
            if not reaches(role, least, rule.rule):
                good = answer.status_code in REFUSED or to_sign_in
            if not good:
                wrong.append(f"GET {rule.rule} ({least}) as {role}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def test_no_form_is_taken_from_who_may_not_send_it(town: City, browsers: dict[str, Any]) -> None:
    """With the token of their own session: the permission alone stands in the way."""
    wrong = []
    for rule in pages(town):
        least = LEAST[declared(town.app.view_functions[rule.endpoint])]
        if "POST" not in (rule.methods or ()) or least == "anonymous":
            continue
        for role, browser in browsers.items():
            if reaches(role, least, rule.rule):
                continue
            answer = browser.post(filled(town, rule.rule), data={"action": "revoke", "step": "publish"})
            to_sign_in = answer.status_code == 303 and "/sign-in" in answer.headers["Location"]
            if answer.status_code not in REFUSED | {400, 422} and not to_sign_in:
                wrong.append(f"POST {rule.rule} ({least}) as {role}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def test_no_form_is_taken_without_its_token(town: City, browsers: dict[str, Any]) -> None:
    wrong = []
    for rule in pages(town):
        if "POST" not in (rule.methods or ()):
            continue
        for role in ("anonymous", "editor", "operator"):
            browser, token = browsers[role], browsers[role].token
            browser.token = ""
            answer = browser.post(filled(town, rule.rule), data={"action": "revoke"})
            browser.token = token
            if answer.status_code != 403:
                wrong.append(f"POST {rule.rule} as {role}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
