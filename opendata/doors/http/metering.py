"""One record of every answer of the data plane, for the meter."""

import time
from typing import Any

from flask import Request, Response

from opendata.base.kit.secrets import redact
from opendata.base.runtime import Platform
from opendata.doors.http import address
from opendata.doors.http.limits import PLANE, sent
from opendata.services.plans.gate import Admission
from opendata.services.plans.meter import Meter, Record

NO_ROUTE = "(none)"


def note(response: Response, asked: Request, here: dict[str, Any], parts: Platform) -> None:
    """After each request."""
    path, method, status = asked.path, asked.method, response.status_code
    if not path.startswith(PLANE) or method == "OPTIONS":
        return
    admission: Admission | None = here.get("admission")
    environ, rule = asked.environ, asked.url_rule
    failed, spent = status >= 400, here.get("cost")
    arguments = None if failed else asked.view_args  # what failed names whatever somebody wrote
    parts.part(Meter).note(
        Record(
            here["at"],
            here["request_id"],
            here.get("asking"),
            rule.rule if rule is not None else NO_ROUTE,
            method,
            status,
            here.get("error_code", "") if failed else "",
            (time.perf_counter() - here["began"]) * 1000,
            sent(response, method),
            spent.get("rows", 0) if spent else 0,
            admission.taken if admission is not None else 0,
            spent.get("bytes", 0) if spent else 0,
            address.network(environ.get("REMOTE_ADDR")),
            environ.get("HTTP_USER_AGENT", ""),
            arguments.get("dataset_id", "") if arguments else "",
            arguments.get("resource_id", "") if arguments else "",
            redact(path) if failed else "",
            redact(asked.query_string.decode("utf-8", "replace")) if failed else "",
        )
    )
