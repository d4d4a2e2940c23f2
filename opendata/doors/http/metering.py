"""One record of every answer of the data plane, for the meter."""

import time

from flask import Response, g

from opendata.base.kit.secrets import redact
from opendata.doors.http import floor
from opendata.doors.http.context import platform
from opendata.doors.http.limits import PLANE, this_context, this_request
from opendata.services.plans.gate import Admission
from opendata.services.plans.meter import Meter, Record

NO_ROUTE = "(none)"


def begin() -> None:
    g.began = time.perf_counter()


def note(response: Response) -> None:
    """After each request."""
    asked, here = this_request(), this_context()
    environ, path, status = asked.environ, asked.path, response.status_code
    if not path.startswith(PLANE) or asked.method == "OPTIONS":
        return
    admission: Admission | None = here.get("admission")
    rule, arguments = asked.url_rule, asked.view_args or {}
    failed, spent, now = status >= 400, here.get("cost"), time.perf_counter()
    parts = platform()
    parts.part(Meter).note(
        Record(
            parts.clock().timestamp(),
            here.get("request_id", ""),
            here.get("asking"),
            rule.rule if rule is not None else NO_ROUTE,
            asked.method,
            status,
            here.get("error_code", "") if failed else "",
            (now - here.began) * 1000,
            _sent(response, asked.method),
            spent.get("rows", 0) if spent else 0,
            admission.taken if admission is not None else 0,
            floor.block(environ.get("REMOTE_ADDR")),
            environ.get("HTTP_USER_AGENT", ""),
            arguments.get("dataset_id", ""),
            arguments.get("resource_id", ""),
            redact(path) if failed else "",
            redact(asked.query_string.decode("utf-8", "replace")) if failed else "",
        )
    )


def _sent(response: Response, method: str) -> int:
    """Bytes of the body that go out."""
    if method == "HEAD" or response.status_code == 304:
        return 0
    return response.content_length or 0
