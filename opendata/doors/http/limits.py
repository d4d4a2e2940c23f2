"""The limits of the data plane in the course of a request: let in, charge what it cost, tell what is left.

Every answer under `/api/` is counted by the plan of who asks: the one of the application or account, else
the open plan by network. A fault of the limits themselves closes nothing: open data stays open, under the
floor that counts below. It is counted (`faults`), so that it is seen.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, cast

import structlog
from flask import Flask, Request, Response, current_app, g

from opendata.base.kit.errors import RateLimited
from opendata.base.runtime import ANONYMOUS, Platform
from opendata.doors.http import address, networks
from opendata.doors.http.context import platform, this_context, this_request
from opendata.doors.http.prices import PRICES, Price
from opendata.doors.http.ratelimit_fields import Field, Told
from opendata.services.access.changes import Changes
from opendata.services.access.credentials import Credential
from opendata.services.plans.book import PlanBook, Terms
from opendata.services.plans.faults import WRITTEN_EVERY, LimitFaults
from opendata.services.plans.gate import Admission, Context, Line, PlanGate

log = structlog.get_logger(__name__)
FAULTS = "opendata.limit_faults"
PLANE = "/api/"
JITTER = 0.1
MOST_JITTER = 60
MOST_REMEMBERED = 10_000
_USUAL = Price()


def install(app: Flask, platform: Platform) -> None:
    app.extensions[FAULTS] = found = LimitFaults(platform)
    platform.part(Changes).also(found.flush, seconds=WRITTEN_EVERY)


def faults() -> LimitFaults:
    """Of the limits in the process that serves the request."""
    return cast("LimitFaults", current_app.extensions[FAULTS])


def admit(asked: Request, here: dict[str, Any], parts: Platform) -> None:
    """After it is known who asks. Raises what the plan refuses."""
    price = PRICES.get(asked.endpoint or "", _USUAL)
    if not asked.path.startswith(PLANE) or asked.method == "OPTIONS" or price.free:
        return
    try:
        here["asking"] = asking = _context(asked.environ, here, parts)
        gate = parts.part(PlanGate)
        here["admission"] = admission = gate.check(asking, at=here["at"])
        if price.held_seconds:
            here["held"] = _hold(gate, admission, here["request_id"], price.held_seconds)
    except RateLimited as error:
        here["limit_lines"] = error.params.get("lines", ())
        raise _with_jitter(error) from None
    except Exception as error:  # a broken limiter must not close open data
        here["limit_lines"] = ()
        log.exception("limits.failed", error=repr(error))
        faults().note(error)


def _hold(gate: PlanGate, admission: Admission, holder: str, seconds: float) -> bool:
    """Whether a place among the calls that run at once is held. Where there is none nothing is charged."""
    try:
        return gate.enter(admission.context, holder, seconds)
    except RateLimited:
        gate.uncharge(admission)
        raise


def context() -> Context:
    """Who asks, as rules count."""
    return _context(this_request().environ, this_context(), platform())


def _context(environ: Mapping[str, Any], here: dict[str, Any], parts: Platform) -> Context:
    network = address.network(environ.get("REMOTE_ADDR"))
    shown: Credential | None = here.get("credential")
    if shown is not None:
        terms = terms_of(shown, parts)
        known: Context | None = terms.memory.get((shown.id, network))
        return known or _remembered(Context(terms, network, shown.owner, shown.application_id, shown.id))
    book = parts.part(PlanBook)
    if (user := here.get("caller", ANONYMOUS).user_id) is not None:
        owner = f"user:{user}"
        return Context(book.of(owner), network, owner)
    return Context(book.anonymous(networks.factor(environ.get("REMOTE_ADDR"))), network)


def _remembered(asking: Context) -> Context:
    """With the plan it counts under, until that is read anew."""
    memory = asking.terms.memory
    if len(memory) > MOST_REMEMBERED:
        memory.clear()
    memory[asking.key, asking.ip] = asking
    return asking


def terms_of(shown: Credential, parts: Platform) -> Terms:
    """The plan a key or token is served under."""
    return parts.part(PlanBook).of(shown.owner, shown.application_id, env=shown.env)


def cost(**spent: int) -> None:
    """Charge rows or bytes that this call did cost, once they are known."""
    admission = cast("Admission | None", g.get("admission"))
    before: Mapping[str, int] = g.get("cost", {})
    g.cost = {**before, **{unit: before.get(unit, 0) + amount for unit, amount in spent.items()}}
    if admission is not None:
        try:
            platform().part(PlanGate).charge(admission.context, spent)
        except Exception as error:  # the answer is good, and may be on its way already
            log.exception("limits.uncharged", error=repr(error))
            faults().note(error)


def tell(response: Response, here: dict[str, Any], parts: Platform) -> list[Field]:
    """After each request: give back what is not charged, free what is held; the fields of the answer."""
    admission: Admission | None = here.get("admission")
    if admission is None and "limit_lines" not in here:
        _look(response, here, parts)
    lines = here.get("limit_lines")
    if admission is None and lines is None:
        return []
    gate = parts.part(PlanGate)
    if admission is not None:
        _settle(response, here, admission, gate)
    fields = _fields(admission, lines, here, gate)
    if admission is not None and (spent := here.get("cost")) is not None:
        cost = {"requests": admission.taken, **spent}
        fields.append(("X-Request-Cost", ", ".join(f"{unit}={amount}" for unit, amount in cost.items())))
    if here.get("held"):
        asking, holder = here["asking"], here["request_id"]
        response.call_on_close(lambda: gate.leave(asking, holder))
    return fields


def _look(response: Response, here: dict[str, Any], parts: Platform) -> None:
    """Who was answered without being let in, and how that one stands: what is free, and what was refused
    before. Nothing is charged."""
    asked = this_request()
    if not asked.path.startswith(PLANE) or asked.method == "OPTIONS" or response.status_code >= 500:
        return
    try:
        here["asking"] = asking = _context(asked.environ, here, parts)
        here["limit_lines"] = parts.part(PlanGate).standing(asking)
    except Exception as error:  # the answer is good without
        log.exception("limits.untold", error=repr(error))
        faults().note(error)


def _settle(response: Response, here: dict[str, Any], admission: Admission, gate: PlanGate) -> None:
    """What a call cost once its answer is known."""
    if response.status_code == 304 or response.status_code >= 500:
        gate.uncharge(admission)
    elif admission.context.terms.by_bytes and "bytes" not in here.get("cost", ()):
        asked = this_request()
        if PRICES.get(asked.endpoint or "", _USUAL).by_bytes:
            cost(bytes=sent(response, asked.method))


def sent(response: Response, method: str) -> int:
    """Bytes of the body that go out."""
    if method == "HEAD" or response.status_code == 304:
        return 0
    body = response.response
    if type(body) is list and len(body) == 1:  # whole, as most are: quicker than to read the field
        return len(body[0])
    return response.content_length or getattr(response, "bytes_by_proxy", 0)


def _fields(
    admission: Admission | None, refused: Sequence[Line] | None, here: dict[str, Any], gate: PlanGate
) -> list[Field]:
    """What is written of a lease is the same for a second, but for what is left of it."""
    mode = "degraded" if gate.degraded else ""
    if admission is None:
        if not refused:
            return []
        return Told(here["asking"].terms, refused, here["at"], gate.zone, mode).fields(0)
    lease = admission.lease
    told: Told | None = lease.told
    if told is None or told.second < int(here["at"]):
        lines = admission.lines(here["at"])
        told = lease.told = Told(admission.context.terms, lines, here["at"], gate.zone, mode)
    return told.fields(lease.left)


def _with_jitter(error: RateLimited) -> RateLimited:
    """Clients that were refused together come back a little apart."""
    wait = int(error.params.get("retry_after", 1))
    most = min(MOST_JITTER, int(wait * JITTER))
    error.params["retry_after"] = wait + (secrets.randbelow(most + 1) if most else 0)
    return error
