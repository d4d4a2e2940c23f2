"""The gate of the data plane: who asks with which credential, and whether the route may be called with it.

Exactly one credential, from one place: `X-Api-Key`, `Authorization: Bearer` or `Authorization: ApiKey`;
`?api_key=` where the plan allows it. One that is there but not good is refused, never taken for nobody. A
credential decides alone: the session of a browser that comes with it counts for nothing.

`identify` leaves `g.credential` (None for nobody and for browsers) and `g.caller`. Limits and metering
follow it: they read `g.credential` and `address.client()` and need no look-up of their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast
from urllib.parse import parse_qsl, urlencode

from flask import Flask, Response, current_app, g, request
from werkzeug.http import http_date

from opendata.base.kit.errors import OpenDataError
from opendata.doors.http import address, permissions
from opendata.doors.http.context import platform
from opendata.doors.http.misses import Misses
from opendata.services.access import credentials, policy
from opendata.services.access.authenticator import Authenticator
from opendata.services.access.credentials import Credential

MISSES = "opendata.misses"
QUERY_FIELD = "api_key"
KEY_HEADER = "X-Api-Key"
PLANES = ("/api/",)
"""Paths where credentials count; pages know browsers only."""
_NEVER_A_KEY = (credentials.KeyMalformed, credentials.KeyUnknown, credentials.TokenInvalid)


@dataclass(frozen=True, slots=True)
class Presented:
    """A credential as it stood in the request. `form` is key, bearer or query."""

    form: str
    text: str

    def __repr__(self) -> str:
        return f"Presented({self.form})"


def install(app: Flask) -> None:
    app.extensions[MISSES] = Misses()


def credential() -> Credential | None:
    """The key or token of this request."""
    return cast("Credential | None", g.get("credential"))


def identify() -> bool:
    """Whether the request came with a credential; it is good then, and in `g`. Raises what refuses it."""
    g.credential = None
    if not request.path.startswith(PLANES):
        return False
    shown = list(_presented())
    if not shown:
        return False
    if len(shown) > 1:
        raise credentials.Ambiguous
    g.credential = found = _read(shown[0])
    g.caller = found.caller
    permissions.require_scope(found.caller)
    return True


def _presented() -> Iterator[Presented]:
    """What stands in each of the places. Servers join fields sent twice by a comma; no key holds one."""
    for text in request.headers.getlist(KEY_HEADER):
        yield from (Presented("key", part.strip()) for part in text.split(","))
    for text in request.headers.getlist("Authorization"):
        scheme, _, rest = text.strip().partition(" ")
        form = {"bearer": "bearer", "apikey": "key"}.get(scheme.lower())
        if form is None:
            yield Presented("key", "")  # of a kind we do not read, and yet not nobody
        else:
            yield from (Presented(form, part.strip()) for part in rest.split(","))
    if request.query_string and QUERY_FIELD in request.args:  # however the name is written
        yield from (Presented("query", text) for text in _taken_from_query())


def _taken_from_query() -> list[str]:
    """The keys in the address, which from now on holds none: neither logs nor links repeat it."""
    pairs = parse_qsl(request.query_string.decode("utf-8", "replace"), keep_blank_values=True)
    rest = urlencode([pair for pair in pairs if pair[0] != QUERY_FIELD]).encode()
    request.query_string = rest
    request.environ["QUERY_STRING"] = rest.decode()
    for derived in ("args", "full_path", "url"):
        request.__dict__.pop(derived, None)
    return [text.strip() for name, text in pairs if name == QUERY_FIELD]


def _read(shown: Presented) -> Credential:
    misses = cast("Misses", current_app.extensions[MISSES])
    here = address.client()
    network = address.block(here)
    known = platform().part(Authenticator)
    if not known.remembered(shown.text):  # keys in use go on, whatever their neighbours try
        misses.require_few(network)
    try:
        token = shown.form == "bearer" and shown.text.count(".") == 2
        found = known.read_token(shown.text) if token else known.key(shown.text)
    except _NEVER_A_KEY:
        misses.note(network)
        raise
    found.require_usable(platform().clock(), here, request.headers.get("Origin"))
    if shown.form == "query":
        g.key_in_address = True
        if not found.query_allowed:
            raise credentials.QueryKeyNotAllowed
    return found


def tell(response: Response) -> Response:
    """After each request: what an answer says about the credential it was asked with."""
    if g.get("key_in_address"):
        response.headers["Referrer-Policy"] = "no-referrer"
    found = credential()
    if found is None:
        return response
    if found.ends_soon(platform().clock()):
        response.headers["X-Credential-Expires"] = http_date(found.expires_at)
    if found.env == "test":
        response.headers["X-Environment"] = "test"
    if response.headers.get("Cache-Control", "").startswith("public"):
        response.headers["Cache-Control"] = "private, no-cache"
    return response


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
