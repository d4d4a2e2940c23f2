"""A number nobody means is told at its field: it breaks no page."""

from collections.abc import Mapping

import pytest

from opendata.testing.web import City

HUGE = "9" * 5000
FORMS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "/developers/organizations/{team}": ("admin", {"action": "register", "uses": HUGE}),
    "/developers/apps/{app}": ("admin", {"action": "rotate", "key": "{key}", "overlap-{key}": HUGE}),
    "/developers/apps/{app}/subscriptions": ("admin", {"action": "accept", "revision": HUGE}),
    "/account/notices": ("admin", {"up_to": HUGE}),
    "/desk/products/new": ("admin", {"slug": "moi", "title_vi": "Mới", "decide_by_days": HUGE}),
    "/operator/blocks": (
        "operator",
        {"action": "block", "network": "203.0.113.9", "reason": "Quét cổng.", "hours": HUGE},
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_number_nobody_means_breaks_no_page(city: City, form: str) -> None:
    role, fields = FORMS[form]
    client = city.client(role)
    team = client.get(f"/api/v1/organizations/{city.own}").get_json()["slug"]
    real = {"team": team, "app": city.application, "key": city.key}
    more = {"subscription": city.subscription, "department": city.own, "plan": "partner"}
    typed = {name.format(**real): text.format(**real) for name, text in fields.items()}
    answer = client.post(form.format(**real), data={"csrf_token": client.token, **more, **typed})
    assert answer.status_code in {303, 403, 422}
