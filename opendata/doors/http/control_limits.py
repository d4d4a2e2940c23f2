"""Limits of the control plane, by Flask-Limiter: forms that let people in, make things, or cost much.

Views are named here, each with the bucket it draws from; a bucket is shared by the languages and addresses
of a form and by nothing else. The plan gate limits the data plane; below both lies the floor.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from flask import Flask, Response, g, request
from flask_limiter import Limiter, RequestLimit
from limits import parse_many

from opendata.base.kit.errors import Invalid
from opendata.base.runtime import Platform
from opendata.doors.http import address, networks
from opendata.doors.http.context import caller
from opendata.engines.counters import Cell, Counters, CountersStorage, CountersUnavailable
from opendata.services.access import people

STRATEGY = "sliding-window-counter"
PREFIX = f"fl1:{STRATEGY}:"
"""A strategy of its own never meets the counters of another."""


def _network() -> str:
    return address.block(address.client())


def _account() -> str:
    """Who is signed in, else the network: never empty, never something secret."""
    return caller().user_id or _network()


def _account_tried() -> str:
    """The account a form names, from this network; only a digest of it leaves here. However the address is
    written, it is told apart as accounts are found."""
    named = people.email_key(request.form.get("email", ""))[:320]
    return hashlib.sha256(f"{_network()}|{named}".encode()).hexdigest()[:32]


def _step_tried() -> str:
    """The sign-in that a second factor is shown for: who is at his own is kept from it by nobody. The token
    is a secret, and only a digest of it leaves here."""
    pending = request.form.get("pending", "")[:200]
    return hashlib.sha256(f"{_network()}|{pending}".encode()).hexdigest()[:32]


def _client_tried() -> str:
    """The OAuth2 client a request names, from this network: nobody uses up what others may. The one whose
    secret is shown goes before the one a form names beside it."""
    shown = request.authorization
    named = (shown.username if shown else "") or request.form.get("client_id", "")
    return hashlib.sha256(f"{_network()}|{named[:200]}".encode()).hexdigest()[:32]


def _site() -> str:
    return "site"


def _was_refused(response: Response) -> bool:
    """Where servers ask all the time, only guesses are counted."""
    return response.status_code == 401


@dataclass(frozen=True, slots=True)
class Bucket:
    """`limit` as the `limits` library writes it; `key` tells who is counted; `methods` what counts."""

    limit: str
    key: Callable[[], str]
    methods: tuple[str, ...] = ("POST",)
    when: Callable[[Response], bool] | None = None
    """Which answers are counted; all of them unless said."""
    shared: bool = False
    """Whether an address behind which many people are has room for all of them (`network_multipliers`)."""

    def room(self) -> str:
        """The limit for the request that is served."""
        times = networks.factor(request.remote_addr) if self.shared else 1
        return "; ".join(
            repr(type(item)(item.amount * times, item.multiples)) for item in parse_many(self.limit)
        )


BUCKETS: Mapping[str, Bucket] = {
    "sign_in": Bucket("10 per 5 minutes", _account_tried),
    "sign_in_network": Bucket("60 per 5 minutes", _network, shared=True),
    "sign_in_site": Bucket("1000 per 5 minutes", _site),
    "second_step": Bucket("10 per 5 minutes", _step_tried),
    "second_step_network": Bucket("60 per 5 minutes", _network, shared=True),
    "provider": Bucket("60 per 5 minutes", _network, shared=True),
    "reset": Bucket("10 per 5 minutes", _account_tried),
    "reset_network": Bucket("60 per 5 minutes", _network, shared=True),
    "reset_site": Bucket("1000 per 5 minutes", _site),
    "sign_up": Bucket("5 per hour", _network, shared=True),
    "code": Bucket("10 per 5 minutes", _account, ("POST", "PUT", "DELETE")),
    "token": Bucket("60 per minute", _client_tried),
    "client": Bucket("60 per minute", _client_tried, ("GET", "POST", "PUT", "DELETE"), _was_refused),
    "mail": Bucket("3 per hour", _account),
    "key_create": Bucket("10 per hour", _account),
    "forms": Bucket("60 per minute", _account),
    "admin": Bucket("120 per minute", _account, ("GET", "POST")),
    "search": Bucket("300 per minute", _network, ("GET",), shared=True),
}

VIEWS: Mapping[str, tuple[str, ...]] = {
    "signing_in.sign_in_submit": ("sign_in", "sign_in_network", "sign_in_site"),
    "signing_in.second_step": ("second_step", "second_step_network"),
    "signing_in.to_provider": ("provider",),
    "mailbox.forgot_submit": ("reset", "reset_network", "reset_site"),
    "developers.sign_up_submit": ("sign_up",),
    "account.change": ("mail",),
    "account.secure": ("code",),
    "my_account.turn_on_second_factor": ("code",),
    "my_account.turn_off_second_factor": ("code",),
    "oauth.token": ("token",),
    "oauth.revoke": ("client",),
    "oauth.introspect": ("client",),
    "oauth.device_authorization": ("token",),
    "oauth.register_client": ("client",),
    "oauth.configure_client": ("client",),
    "clients.create_client": ("key_create",),
    "clients.add_client_secret": ("key_create",),
    "members.create_registration_token": ("key_create",),
    "teams.act": ("forms",),
    "apps.create": ("forms",),
    "apps.act": ("forms",),
    "clients.act": ("forms",),
    "transfers.offer_application": ("mail",),
    "keys.create_key": ("key_create",),
    "keys.rotate_key": ("key_create",),
    "datasets.listing": ("search",),
    "home.home": ("search",),
    "operator.*": ("admin",),
}
"""View by blueprint and name; `*` for all of a blueprint. Pages and REST are named alike. The first bucket
that is full refuses and nothing is drawn from those after it, so that no network empties the site's."""

STEPS: Mapping[str, Mapping[str, str]] = {
    "apps.act": {"key": "key_create", "rotate": "key_create", "offer": "mail"},
    "clients.act": {"create": "key_create", "secret": "key_create"},
    "teams.act": {"register": "key_create"},
}
"""Steps of a form by its field `action`, each with the bucket it draws from before the form does: that of
the same operation over REST."""


def install(app: Flask, platform: Platform) -> None:
    """Guard the views, once all are registered. Raises `Invalid` for a limit that cannot be read."""
    buckets = _buckets(platform.settings.guard_limits)
    limiter = Limiter(
        _network,
        storage_uri=f"{CountersStorage.STORAGE_SCHEME[0]}://",
        storage_options={"counters": platform.part(Counters)},  # type: ignore[dict-item]  # it is passed on
        strategy=STRATEGY,
        headers_enabled=False,
        swallow_errors=False,
        in_memory_fallback_enabled=True,
        key_prefix=PREFIX,
        on_breach=_note_wait(platform.part(Counters)),
    )
    limiter.init_app(app)
    _leave_others_alone(app)
    guarded: dict[Any, Any] = {}
    for endpoint, view in list(app.view_functions.items()):
        names = _names_for(endpoint)
        if names and view not in guarded:  # one view may answer in two languages
            inner = _guarded(limiter, view, {name: buckets[name] for name in names})
            guarded[view] = _guarded_steps(limiter, inner, STEPS.get(_name_of(endpoint), {}), buckets)
        app.view_functions[endpoint] = guarded.get(view, view)


def _leave_others_alone(app: Flask) -> None:
    """Only guarded views are limited here: no hook runs before every request of the product."""
    hooks = app.before_request_funcs[None]
    hooks[:] = [hook for hook in hooks if not isinstance(getattr(hook, "__self__", None), Limiter)]


def _buckets(changed: Mapping[str, Any]) -> Mapping[str, Bucket]:
    """With the limits an installation sets itself; a wrong one stops the start instead of lifting it."""
    if unknown := set(changed) - set(BUCKETS):
        raise Invalid(fields={f"guard_limits.{name}": ", ".join(BUCKETS) for name in unknown})
    found = {}
    for name, bucket in BUCKETS.items():
        text = changed.get(name, bucket.limit)
        try:
            readable = bool(parse_many(text))
        except (ValueError, TypeError):
            readable = False
        if not readable:
            raise Invalid(fields={f"guard_limits.{name}": str(text)})
        found[name] = replace(bucket, limit=text)
    return found


def _name_of(endpoint: str) -> str:
    blueprint, _, view = endpoint.removeprefix("page_").rpartition(".")
    return f"{blueprint.removesuffix('_en')}.{view}"


def _names_for(endpoint: str) -> tuple[str, ...]:
    name = _name_of(endpoint)
    return VIEWS.get(name) or VIEWS.get(f"{name.rpartition('.')[0]}.*", ())


def _guarded_steps(
    limiter: Limiter, view: Any, steps: Mapping[str, str], buckets: Mapping[str, Bucket]
) -> Any:
    for name in sorted(set(steps.values())):
        mine = {step for step, drawn in steps.items() if drawn == name}
        view = _guarded(limiter, view, {name: buckets[name]}, exempt=_is_other_than(mine))
    return view


def _is_other_than(steps: Collection[str]) -> Callable[[], bool]:
    return lambda: request.form.get("action", "") not in steps


def _guarded(
    limiter: Limiter, view: Any, buckets: Mapping[str, Bucket], *, exempt: Callable[[], bool] | None = None
) -> Any:
    for name, bucket in buckets.items():
        view = limiter.shared_limit(
            bucket.room,
            scope=name,
            key_func=bucket.key,
            methods=list(bucket.methods),
            deduct_when=bucket.when,
            exempt_when=exempt,
        )(view)
    return view


def _note_wait(counters: Counters) -> Callable[[RequestLimit], None]:
    """Remember how long the refused caller has to wait, for the answer (`problems`)."""

    def note(breached: RequestLimit) -> None:
        item = breached.limit
        cell = Cell(breached.key, "sliding", item.amount, item.get_expiry())
        with suppress(CountersUnavailable):
            g.retry_after = max(1, ceil(counters.peek([cell]).readings[0].wait + 0.001))

    return note
