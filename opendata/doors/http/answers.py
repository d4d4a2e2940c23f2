"""Answers with their caching rules: one function sets Cache-Control, Vary and ETag."""

import re
from typing import Any
from urllib.parse import quote

import orjson
from flask import Response, request

from opendata.base.kit.errors import N_, PreconditionFailed, PreconditionRequired
from opendata.base.kit.hashes import sha256
from opendata.doors.http.context import caller
from opendata.doors.http.problems import BadRequest

PUBLIC_SECONDS = 60
_VERSION = re.compile(r'(?P<quote>"?)v?(?P<version>[0-9]{1,9})(?:-[0-9a-zA-Z-]+)?(?P=quote)')


def json_bytes(body: bytes, *, etag: str | None = None, status: int = 200) -> Response:
    """JSON that is ready to send; 304 where the client holds it."""
    return cached(body, "application/json", etag=etag or sha256(body)[:32], status=status)


def json(value: Any, *, etag: str | None = None, status: int = 200) -> Response:
    return json_bytes(orjson.dumps(value), etag=etag, status=status)


def cached(body: bytes, content_type: str, *, etag: str, status: int = 200, vary: str = "") -> Response:
    """Public for anonymous readers, private for the rest; always revalidated by ETag."""
    if status == 200 and request.if_none_match.contains_weak(etag):
        response = Response(status=304)
    else:
        response = Response(body, status=status, content_type=content_type)
    return allow_caching(response, etag=etag, public=status < 300, vary=vary)


def allow_caching(response: Response, *, etag: str, public: bool, vary: str = "") -> Response:
    """Cache-Control, Vary and ETag from who asked and what was sent; without it nothing is stored."""
    response.headers["ETag"] = f'"{etag}"'
    if public and caller().kind == "anonymous":
        response.headers["Cache-Control"] = f"public, max-age=0, s-maxage={PUBLIC_SECONDS}, must-revalidate"
    else:
        response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = ", ".join(filter(None, ["Cookie, Accept-Language", vary]))
    return response


def json_once(value: Any, *, status: int = 201) -> Response:
    """JSON with a secret in it."""
    return once(json(value, status=status))


def once(response: Response) -> Response:
    """An answer that shows a secret: nothing keeps it, and no page it leads to is told where from."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.pop("ETag", None)
    return response


def marked(response: Response, synthetic: str | None) -> Response:
    """The answer with `X-Data-Synthetic` where it tells of made-up data."""
    if synthetic:
        response.headers["X-Data-Synthetic"] = synthetic
    return response


def moved(slug: str) -> Response:
    """301 to the same place under the present slug, the last part of the path."""
    query = f"?{request.query_string.decode('ascii', 'ignore')}" if request.query_string else ""
    response = Response(status=301)
    response.headers["Location"] = f"{request.path.rsplit('/', 1)[0]}/{quote(slug)}{query}"
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def expected_version(*, required: bool = True) -> int | None:
    """The version in `If-Match`: of an ETag that was read, or bare. None for `*`, which takes any.

    Raises `PreconditionRequired` where it is missing, `PreconditionFailed` for a weak one (RFC 9110 §13.1.1).
    """
    header = request.headers.get("If-Match")
    if header is None:
        if required:
            raise PreconditionRequired
        return None
    if header.strip() == "*":
        return None
    if header.strip().startswith("W/"):
        raise PreconditionFailed
    matched = _VERSION.fullmatch(header.strip())
    if matched is None:
        raise BadRequest(fields={"If-Match": N_('Cần phiên bản đã đọc, ví dụ "v3".')})
    return int(matched["version"])


def require_match(core: str) -> None:
    """The same for objects without a version number: `If-Match` has to name their present state.

    `core` is the part of the ETag before its dash, which tells of the object itself.
    """
    if "If-Match" not in request.headers:
        raise PreconditionRequired
    known = {tag.partition("-")[0] for tag in request.if_match.as_set()}
    if core not in known and not request.if_match.star_tag:
        raise PreconditionFailed
