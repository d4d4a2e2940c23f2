"""While an engine is away, the newest answer to the same question stands in, with its age."""

import pytest
from flask import Response

from opendata.base.kit.errors import Unavailable
from opendata.doors.http import answers, remembered
from opendata.testing.web import City


def ask(city: City, path: str, make, made_from: object) -> Response:
    with city.app.test_request_context(path):
        return remembered.answer(make, made_from=made_from)


def away() -> Response:
    raise Unavailable


def test_an_answer_outlives_what_it_was_made_from_while_that_is_away(still_city, monkeypatch):
    told = ask(still_city, "/stale?q=a", lambda: answers.json({"a": 1}, etag="x"), "before")
    stale = ask(still_city, "/stale?q=a", away, "after")
    assert stale.get_data() == told.get_data()
    assert int(stale.headers["Age"]) >= 0
    assert stale.headers["Cache-Control"] == "no-store"
    monkeypatch.setattr(remembered, "STALE_SECONDS", -1)
    with pytest.raises(Unavailable):
        ask(still_city, "/stale?q=a", away, "after")


def test_nobody_is_told_the_answer_to_another_question(still_city):
    ask(still_city, "/stale?q=b", lambda: answers.json({"b": 1}, etag="x"), "before")
    with pytest.raises(Unavailable):
        ask(still_city, "/stale?q=c", away, "before")
