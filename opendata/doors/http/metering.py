"""One record of every answer of the data plane, for the meter."""

import time
from typing import cast

from flask import Response, g, request

from opendata.base.kit.secrets import redact
from opendata.doors.http import floor
from opendata.doors.http.context import platform
from opendata.doors.http.limits import PLANE
from opendata.services.plans.gate import Admission
from opendata.services.plans.meter import Meter, Record

NO_ROUTE = "(none)"


def begin() -> None:
    g.began = time.perf_counter()


def note(response: Response) -> None:
    """After each request."""
    if not request.path.startswith(PLANE) or request.method == "OPTIONS":
        return
    admission = cast("Admission | None", g.get("admission"))
    rule, arguments = request.url_rule, request.view_args or {}
    failed = response.status_code >= 400
    platform().part(Meter).note(
        Record(
            at=platform().clock().timestamp(),
            request_id=g.get("request_id", ""),
            context=g.get("asking"),
            route=rule.rule if rule is not None else NO_ROUTE,
            method=request.method,
            status=response.status_code,
            code=g.get("error_code", "") if failed else "",
            ms=(time.perf_counter() - g.began) * 1000,
            bytes=_sent(response),
            rows=g.get("cost", {}).get("rows", 0),
            requests=admission.taken if admission is not None else 0,
            network=floor.block(request.remote_addr),
            agent=request.headers.get("User-Agent", ""),
            dataset=arguments.get("dataset_id", ""),
            resource=arguments.get("resource_id", ""),
            path=redact(request.path) if failed else "",
            query=redact(request.query_string.decode("utf-8", "replace")) if failed else "",
        )
    )


def _sent(response: Response) -> int:
    """Bytes of the body that go out."""
    if request.method == "HEAD" or response.status_code == 304:
        return 0
    return response.content_length or 0
