"""A request holds one connection at a time, and the error page needs none."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from opendata.base.kit.errors import Unavailable
from opendata.base.runtime import Work
from opendata.services.access import notices
from opendata.testing.web import City

PAGES = (
    "/developers/apps",
    "/developers/apps/{app}",
    "/developers/apps/{app}/usage",
    "/developers/apps/{app}/subscriptions",
    "/developers/apps/{app}/webhooks",
    "/desk",
    "/desk/usage",
    "/desk/requests",
    "/products",
    "/oauth/device?user_code=BCDF-GHJK",
    (
        "/oauth/authorize?client_id={client}&response_type=code&redirect_uri=https://app.example/cb"
        "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
    ),
)


@pytest.fixture
def depths(city: City) -> list[int]:
    """How many transactions were open each time one was opened."""
    seen: list[int] = []
    opened = 0

    def counted(
        begin: Callable[..., AbstractContextManager[Work]],
    ) -> Callable[..., AbstractContextManager[Work]]:
        @contextmanager
        def counting(*args: Any) -> Iterator[Work]:
            nonlocal opened
            with begin(*args) as work:
                opened += 1
                seen.append(opened)
                try:
                    yield work
                finally:
                    opened -= 1

        return counting

    city.platform.read = counted(city.platform.read)  # type: ignore[method-assign,assignment]
    city.platform.work = counted(city.platform.work)  # type: ignore[method-assign,assignment]
    return seen


def test_no_page_opens_a_transaction_within_another(city: City, depths: list[int]) -> None:
    person, operator = city.client("admin"), city.client("operator")
    for page in PAGES:
        address = page.format(app=city.application, client=city.oauth_client)
        assert person.get(address).status_code in {200, 400}, address
        assert max(depths) == 1, address
    assert operator.get("/desk").status_code == 200
    form = {"csrf_token": person.token, "action": "key", "name": "mới", "scopes": ["read"]}
    assert person.post(f"/developers/apps/{city.application}", data=form).status_code == 201
    assert max(depths) == 1


def test_an_error_page_is_a_page_without_the_database(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(work: Work) -> int:
        raise Unavailable

    monkeypatch.setattr(notices, "unread", away)
    answer = city.client("editor").get("/nowhere", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"
