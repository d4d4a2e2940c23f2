"""Refusals before routing: nothing of the request was read but its address and method."""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

import orjson

from opendata.base.i18n import translations
from opendata.base.kit.errors import OpenDataError
from opendata.base.kit.ids import new_id
from opendata.base.kit.secrets import redact

Environ = Mapping[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


def refuse(
    environ: Environ, start_response: StartResponse, error: OpenDataError, *, as_text: bool = False
) -> Iterable[bytes]:
    """A problem, or with `as_text` its sentences for readers of pages. In both languages: which one is wanted
    stands in what was not read. `type` and `retry_after` of `error.params` as `problems.problem` takes them.
    """
    request_id = new_id()[:13]
    kind, body = (_text if as_text else _problem)(environ["PATH_INFO"], error, request_id)
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Request-Id", request_id),
        ("X-Content-Type-Options", "nosniff"),
        ("Access-Control-Allow-Origin", "*"),
    ]
    if "retry_after" in error.params:
        headers.append(("Retry-After", str(error.params["retry_after"])))
    start_response(f"{error.status} {HTTPStatus(error.status).phrase}", headers)
    return [body] if environ["REQUEST_METHOD"] != "HEAD" else []


def _text(_path: str, error: OpenDataError, request_id: str) -> tuple[str, bytes]:
    lines = (_said("vi", error), _said("en", error), request_id, "")
    return "text/plain; charset=utf-8", "\n".join(lines).encode()


def _problem(path: str, error: OpenDataError, request_id: str) -> tuple[str, bytes]:
    problem = {
        "type": error.params.get("type", f"/docs/errors#{error.code}"),
        "title": _said("vi", error),
        "detail": _said("en", error),
        "status": error.status,
        "code": error.code,
        "request_id": request_id,
        "instance": redact(path.encode("latin-1", "replace").decode("utf-8", "replace")),
    }
    return "application/problem+json", orjson.dumps(problem)


def _said(lang: str, error: OpenDataError) -> str:
    text = translations(lang).gettext(error.message)
    return text % error.params if "%(" in text else text
