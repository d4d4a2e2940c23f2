"""Fields of an answer that are handed to the server as they are, behind those of the answer itself.

They are our own words and numbers, the same for every kind of answer. As headers of a response each would be
looked at, folded and copied several times, which costs more than all it takes to find out what they say.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from flask import Flask

FIELDS = "opendata.late_fields"
Field = tuple[str, str]


def install(app: Flask) -> None:
    """Directly around the application."""
    answering = app.wsgi_app

    def with_fields(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[Field], exc_info: Any = None) -> Any:
            return start_response(status, [*headers, *environ.get(FIELDS, ())], exc_info)

        return answering(environ, start)

    app.wsgi_app = with_fields  # type: ignore[method-assign]


def put(environ: dict[str, Any], fields: Sequence[Field]) -> None:
    """Into the answer to this request, in place of what was put there before."""
    environ[FIELDS] = fields
