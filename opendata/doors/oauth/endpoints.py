"""The endpoints programs call: tokens, keys, metadata, registration."""

from typing import Any

import orjson
from flask import Blueprint, Response, request

from opendata.base.kit import strict_json
from opendata.base.runtime import Platform
from opendata.doors.http.context import platform
from opendata.doors.http.machines import for_machines
from opendata.doors.http.permissions import ANYONE, permission
from opendata.services.access.oauth import addresses, registration, server
from opendata.services.access.oauth.messages import Answer, Request
from opendata.services.access.oauth.signing import SigningKeys

blueprint = Blueprint("oauth", __name__)
KEYS_SECONDS = 3600
METADATA_SECONDS = 300
FORM = "application/x-www-form-urlencoded"


@blueprint.post("/oauth/token")
@permission(ANYONE)
@for_machines
def token() -> Response:
    """RFC 6749 §3.2."""
    return _asked(server.token)


@blueprint.post("/oauth/revoke")
@permission(ANYONE)
@for_machines
def revoke() -> Response:
    """RFC 7009."""
    return _asked(lambda platform, asked: server.endpoint(platform, "revocation", asked))


@blueprint.post("/oauth/introspect")
@permission(ANYONE)
@for_machines
def introspect() -> Response:
    """RFC 7662."""
    return _asked(lambda platform, asked: server.endpoint(platform, "introspection", asked))


@blueprint.post("/oauth/device_authorization")
@permission(ANYONE)
@for_machines
def device_authorization() -> Response:
    """RFC 8628 §3.1."""
    return _asked(lambda platform, asked: server.endpoint(platform, "device_authorization", asked))


@blueprint.get("/oauth/jwks.json")
@permission(ANYONE)
@for_machines
def jwks() -> Response:
    """RFC 7517."""
    return _public(platform().part(SigningKeys).document(), KEYS_SECONDS, "application/jwk-set+json")


@blueprint.get("/.well-known/oauth-authorization-server")
@permission(ANYONE)
@for_machines
def server_metadata() -> Response:
    """RFC 8414."""
    return _public(addresses.server_metadata(platform().settings), METADATA_SECONDS)


@blueprint.get("/.well-known/oauth-protected-resource")
@permission(ANYONE)
@for_machines
def resource_metadata() -> Response:
    """RFC 9728."""
    return _public(addresses.resource_metadata(platform().settings), METADATA_SECONDS)


@blueprint.post("/oauth/register")
@permission(ANYONE)
@for_machines
def register_client() -> Response:
    """RFC 7591."""
    return sent(registration.register(platform(), _bearer(), _json()))


@blueprint.route("/oauth/register/<client_id>", methods=["GET", "PUT", "DELETE"])
@permission(ANYONE)
@for_machines
def configure_client(client_id: str) -> Response:
    """RFC 7592."""
    body = _json() if request.method == "PUT" else None
    return sent(registration.configure(platform(), request.method, _bearer(), client_id, body))


def _asked(respond: Any) -> Response:
    """Parameters come in the body alone: what stands in an address stands in logs (RFC 6749 §2.3.1)."""
    if request.query_string or (request.mimetype != FORM and request.content_length):
        wrong = {"error": "invalid_request", "error_description": "Parameters belong in a form body."}
        return sent(Answer(400, wrong))
    home: Platform = platform()
    pairs = list(request.form.items(multi=True))
    authorization = request.headers.get("Authorization")
    return sent(respond(home, Request("POST", request.path, pairs, authorization=authorization)))


def _bearer() -> str:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def _json() -> Any:
    try:
        return strict_json.loads(request.get_data())
    except strict_json.NotJson:
        return None


def sent(answer: Answer) -> Response:
    """Never stored; readable by scripts, which bring no session of ours."""
    body = orjson.dumps(answer.body) if not isinstance(answer.body, str) else b""
    response = Response(body, status=answer.status, content_type="application/json")
    for name, value in answer.headers:
        response.headers[name] = value
    response.headers["Content-Type"] = "application/json"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _public(value: Any, seconds: int, content_type: str = "application/json") -> Response:
    response = Response(orjson.dumps(value), content_type=content_type)
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
