"""Pages with several steps: one that is none is refused everywhere, and refusals are said the same way."""

import pytest

from opendata.testing.web import City

PAGES = {
    "/account/security": "member",
    "/developers/apps/transfers": "member",
    "/developers/apps/{app}": "member",
    "/developers/apps/{app}/client": "member",
    "/developers/apps/{app}/webhooks": "member",
    "/developers/apps/{app}/subscriptions": "member",
    "/developers/organizations/{own}": "admin",
    "/operator/blocks": "operator",
}


@pytest.mark.parametrize(("page", "role"), PAGES.items())
def test_a_step_that_is_none_is_refused(city: City, page: str, role: str) -> None:
    secret = city.key_of("member")
    app = city.client().get("/api/v1/me", headers={"X-Api-Key": secret}).get_json()["application"]
    client = city.client(role)
    address = page.format(app=app, own=city.own)
    for form in ({}, {"action": "nothing"}):
        answer = client.post(address, data={"csrf_token": client.token, **form})
        assert answer.status_code == 422, form


def test_a_wrong_code_is_said_on_the_page_it_was_typed_on(city: City) -> None:
    client = city.client("member")
    form = {"csrf_token": client.token, "action": "on", "offer": "x", "code": "000000"}
    answer = client.post("/account/security", data=form)
    assert answer.status_code in {401, 422}
    assert 'name="code"' in answer.text


def test_somebody_who_has_no_organisation_of_that_name_is_told_so(city: City) -> None:
    client = city.client("member")
    form = {"csrf_token": client.token, "action": "invite", "email": "a@b.vn", "role": "member"}
    assert client.post("/developers/organizations/khong-co", data=form).status_code == 404
