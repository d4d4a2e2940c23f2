"""The limits of the data plane in the course of a request: let in, charge what it cost, tell what is left.

Every answer under `/api/` is counted by the plan of who asks: the one of the application or account, else
the open plan by network. A fault of the limits themselves closes nothing: open data stays open, under the
floor that counts below.
"""

import secrets
from typing import Any, cast

import structlog
from flask import Request, Response, g, request

from opendata.base.kit.errors import RateLimited
from opendata.base.runtime import ANONYMOUS
from opendata.doors.http import floor, ratelimit_fields
from opendata.doors.http.context import platform
from opendata.services.access.credentials import Credential
from opendata.services.plans.book import PlanBook, Terms
from opendata.services.plans.gate import Admission, Context, PlanGate

log = structlog.get_logger(__name__)
PLANE = "/api/"
FREE = frozenset({"plans.my_limits"})
"""Endpoints that cost nothing: what is left can be asked when nothing is."""
JITTER = 0.1
MOST_JITTER = 60


def admit() -> None:
    """After it is known who asks. Raises what the plan refuses."""
    asked, here = this_request(), this_context()
    if not asked.path.startswith(PLANE) or asked.method == "OPTIONS" or asked.endpoint in FREE:
        return
    parts = platform()
    try:
        here.asking = asking = _context(asked, here, parts.part(PlanBook))
        here.admission = parts.part(PlanGate).check(asking)
    except RateLimited as error:
        here.limit_lines = error.params.get("lines", ())
        raise _with_jitter(error) from None
    except Exception as error:  # a broken limiter must not close open data
        log.exception("limits.failed", error=repr(error))


def this_request() -> Request:
    """The request itself: every access through the proxy costs, and limits look many times."""
    return request._get_current_object()  # type: ignore[attr-defined,no-any-return]  # noqa: SLF001


def this_context() -> Any:
    """`g` itself, for the same reason."""
    return g._get_current_object()  # noqa: SLF001


def context() -> Context:
    """Who asks, as rules count."""
    return _context(this_request(), this_context(), platform().part(PlanBook))


def _context(asked: Request, here: Any, book: PlanBook) -> Context:
    network = floor.block(asked.environ.get("REMOTE_ADDR"))
    shown: Credential | None = here.get("credential")
    if shown is not None:
        terms = book.of(shown.owner, shown.application_id, env=shown.env)
        return Context(terms=terms, ip=network, owner=shown.owner, app=shown.application_id, key=shown.id)
    if (user := here.get("caller", ANONYMOUS).user_id) is not None:
        owner = f"user:{user}"
        return Context(terms=book.of(owner), ip=network, owner=owner)
    return Context(terms=book.anonymous(), ip=network)


def terms() -> Terms:
    """The plan of this request, for what it bounds beside calls: rows a page."""
    admission = cast("Admission | None", g.get("admission"))
    return admission.context.terms if admission is not None else context().terms


def cost(**spent: int) -> None:
    """Charge rows or bytes that this call did cost, once they are known."""
    admission = cast("Admission | None", g.get("admission"))
    g.cost = {unit: g.get("cost", {}).get(unit, 0) + amount for unit, amount in spent.items()}
    if admission is not None:
        platform().part(PlanGate).charge(admission.context, spent)


def tell(response: Response) -> None:
    """After each request: give back what is not charged, and write the fields."""
    here = this_context()
    admission: Admission | None = here.get("admission")
    lines = here.get("limit_lines")
    if admission is None and lines is None:
        return
    parts = platform()
    plan_gate, now = parts.part(PlanGate), parts.clock()
    if admission is not None:
        if response.status_code == 304 or response.status_code >= 500:
            plan_gate.uncharge(admission)
        lines = admission.lines(now.timestamp())
        if (spent := here.get("cost")) is not None:
            cost = {"requests": admission.taken, **spent}
            told = ", ".join(f"{unit}={amount}" for unit, amount in cost.items())
            response.headers["X-Request-Cost"] = told
    asking: Context = here.asking
    ratelimit_fields.write(
        response.headers, asking.terms, lines or (), now, plan_gate.zone, degraded=plan_gate.degraded
    )


def _with_jitter(error: RateLimited) -> RateLimited:
    """Clients that were refused together come back a little apart."""
    wait = int(error.params.get("retry_after", 1))
    most = min(MOST_JITTER, int(wait * JITTER))
    error.params["retry_after"] = wait + (secrets.randbelow(most + 1) if most else 0)
    return error
