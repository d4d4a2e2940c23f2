"""The gate of the data plane: who asks with which credential, and whether the route may be called with it.

Exactly one credential, from one place: `X-Api-Key`, `Authorization: Bearer` or `Authorization: ApiKey`;
`?api_key=` where the plan allows it. One that is there but not good is refused, never taken for nobody. A
credential decides alone: the session of a browser that comes with it counts for nothing.

`identify` leaves `g.credential` (None for nobody and for browsers) and `g.caller`. Limits and metering
follow it: they read `g.credential` and `address.client()` and need no look-up of their own. A key that is
known and refused is `g.credential` all the same: its owner finds the call among those that failed.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl, urlencode

from flask import Flask, Request, Response, g
from werkzeug.http import http_date

from opendata.base.kit.errors import NotAllowed, OpenDataError
from opendata.base.runtime import Platform
from opendata.doors.http import address, bound_keys, limits, permissions
from opendata.doors.http.context import platform
from opendata.doors.http.misses import MOST_OF_A_KEY, Misses
from opendata.engines.counters import Counters
from opendata.services.access import credentials, policy
from opendata.services.access.authenticator import Authenticator
from opendata.services.access.credentials import Credential

MISSES = "opendata.misses"
QUERY_FIELD = "api_key"
KEY_HEADER = "X-Api-Key"
PLANES = ("/api/",)
"""Paths where credentials count; pages know browsers only."""
_NEVER_A_KEY = (credentials.KeyMalformed, credentials.KeyUnknown, credentials.TokenInvalid)


class Presented(NamedTuple):
    """A credential as it stood in the request. `form` is key, bearer or query."""

    form: str
    text: str

    def __repr__(self) -> str:
        return f"Presented({self.form})"


def install(app: Flask, platform: Platform) -> None:
    app.extensions[MISSES] = Misses(platform.part(Counters))


def credential() -> Credential | None:
    """The key or token of this request."""
    return cast("Credential | None", g.get("credential"))


def identify(asked: Request, here: dict[str, Any], app: Flask, parts: Platform) -> bool:
    """Whether the request came with a credential; it is good then, and in `g`. Raises what refuses it."""
    here["credential"] = None
    if not asked.path.startswith(PLANES):
        return False
    shown = _presented(asked)
    if not shown:
        return False
    here["credential_shown"] = True
    if len(shown) > 1:
        raise credentials.Ambiguous
    here["credential"] = found = _read(shown[0], asked.environ, app, parts)
    try:
        _require_usable(found, shown[0], asked.environ, here, parts)
        here["caller"] = found.caller
        permissions.require_scope(found.caller, asked, app)
        bound_keys.require_covered(found, asked, parts)
    except (credentials.CredentialRefused, NotAllowed):
        _note_refused(found, asked.environ, app)
        raise
    return True


def _presented(asked: Request) -> list[Presented]:
    """What stands in each of the places. Servers join fields sent twice by a comma; no key holds one."""
    environ, shown = asked.environ, []
    if (text := environ.get("HTTP_X_API_KEY")) is not None:
        shown += [Presented("key", part.strip()) for part in text.split(",")]
    if (text := environ.get("HTTP_AUTHORIZATION")) is not None:
        scheme, _, rest = text.strip().partition(" ")
        form = {"bearer": "bearer", "apikey": "key"}.get(scheme.lower())
        if form is None:
            shown.append(Presented("key", ""))  # of a kind we do not read, and yet not nobody
        else:
            shown += [Presented(form, part.strip()) for part in rest.split(",")]
    query = environ.get("QUERY_STRING", "")
    if (QUERY_FIELD in query or "%" in query) and QUERY_FIELD in asked.args:  # however the name is written
        shown += [Presented("query", text) for text in _taken_from_query(asked)]
    return shown


def _taken_from_query(asked: Request) -> list[str]:
    """The keys in the address, which from now on holds none: neither logs nor links repeat it."""
    pairs = parse_qsl(asked.query_string.decode("utf-8", "replace"), keep_blank_values=True)
    rest = urlencode([pair for pair in pairs if pair[0] != QUERY_FIELD]).encode()
    asked.query_string = rest
    asked.environ["QUERY_STRING"] = rest.decode()
    for derived in ("args", "full_path", "url"):
        asked.__dict__.pop(derived, None)
    return [text.strip() for name, text in pairs if name == QUERY_FIELD]


def _read(shown: Presented, environ: Mapping[str, Any], app: Flask, parts: Platform) -> Credential:
    known = parts.part(Authenticator)
    found = known.remembered(shown.text)  # keys in use go on, whatever their neighbours try
    if found is None:
        misses = cast("Misses", app.extensions[MISSES])
        found = _looked_up(shown, known, misses, address.network(environ.get("REMOTE_ADDR")))
    return found


def _require_usable(
    found: Credential, shown: Presented, environ: Mapping[str, Any], here: dict[str, Any], parts: Platform
) -> None:
    remote = address.canonical(environ.get("REMOTE_ADDR"))
    found.require_usable(here["now"], remote, environ.get("HTTP_ORIGIN"))
    if shown.form == "query":
        here["key_in_address"] = True
        if not limits.terms_of(found, parts).query_key_allowed:
            raise credentials.QueryKeyNotAllowed


def _note_refused(found: Credential, environ: Mapping[str, Any], app: Flask) -> None:
    """Of a key that is known: neither its neighbours nor its own good calls wait for its refusals."""
    misses = cast("Misses", app.extensions[MISSES])
    who = f"{address.network(environ.get('REMOTE_ADDR'))} {found.id}"
    misses.require_few(who)
    misses.note(who, MOST_OF_A_KEY)


def _looked_up(shown: Presented, known: Authenticator, misses: Misses, network: str) -> Credential:
    misses.require_few(network)
    try:
        token = shown.form == "bearer" and shown.text.count(".") == 2
        return known.read_token(shown.text) if token else known.key(shown.text)
    except _NEVER_A_KEY:
        misses.note(network)
        raise


def tell(response: Response, here: dict[str, Any]) -> None:
    """After each request: what an answer says about the credential it was asked with."""
    found: Credential | None = here.get("credential")
    if here.get("key_in_address"):
        response.headers["Referrer-Policy"] = "no-referrer"
    if found is None:
        return
    if found.ends_soon(here["now"]):
        response.headers["X-Credential-Expires"] = http_date(found.expires_at)
    if found.env == "test":
        response.headers["X-Environment"] = "test"


def challenge(error: OpenDataError) -> list[str]:
    """`WWW-Authenticate` of a refusal (RFC 9110 §11.6.1, RFC 6750 §3, RFC 9728 §5.1)."""
    where = f"{platform().settings.base_url.rstrip('/')}/.well-known/oauth-protected-resource"
    if isinstance(error, policy.InsufficientScope):
        scope = error.params.get("scope", "")
        return [f'Bearer realm="opendata", error="insufficient_scope", scope="{scope}"']
    if error.status != 401:
        return []
    wrong = 'error="invalid_token", ' if isinstance(error, credentials.CredentialRefused) else ""
    return [f'Bearer realm="opendata", {wrong}resource_metadata="{where}"', 'ApiKey realm="opendata"']
