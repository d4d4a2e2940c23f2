"""The OpenAPI 3.1 document: made from the routes, completed with what every route shares."""

import threading
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

import orjson
from flask_smorest import Api, Blueprint
from marshmallow import fields

from opendata.base.kit.vocabularies import Vocabularies
from opendata.doors.api.schemas import base
from opendata.doors.api.schemas.outputs import Problem
from opendata.doors.http.gate import KEY_HEADER
from opendata.doors.http.identity import COOKIE, TOKEN_HEADER
from opendata.doors.http.permissions import ANYONE

PROBLEM_TYPE = "application/problem+json"

ABOUT = """\
Open data of the city. Everything public can be read without an account.

Texts come in two languages as `{"vi": …, "en": …}`. Lists answer `data`, `meta` and `links`; follow
`links.next` to the end. Errors are problem details (RFC 9457) with a stable `code`. Answers carry an
`ETag`; send it back as `If-None-Match` to learn that nothing has changed. Changing a dataset takes
`If-Match` with the ETag or the version you have read.

A key raises limits and, with the scopes named at an operation, does what its owner may do. Send it once, as
`X-Api-Key`, `Authorization: Bearer` or `Authorization: ApiKey`. A key that is not good is refused, never
taken for nobody.
"""

PATH_NOTES = {
    "dataset_id": "Id or slug of the dataset.",
    "resource_id": "Id of the resource.",
    "organization_id": "Id, slug, former slug or code of the body.",
    "topic_id": "Id or slug of the topic.",
    "source_id": "Id or slug of the source.",
    "run_id": "Id of the run.",
    "application_id": "Id of the application.",
    "key_id": "Id of the key; not its secret.",
    "plan": "Name of the plan.",
    "product": "Name of the product.",
    "subscription_id": "Id of the subscription.",
    "webhook_id": "Id of the endpoint.",
    "delivery_id": "Id of the delivery.",
    "block_id": "Id of the block.",
    "transfer_id": "Id of the application that is offered.",
    "user_id": "Id of the person.",
    "invitation_id": "Name of the invitation.",
    "secret_id": "Id of the client secret; not the secret.",
    "session_id": "Name of the session.",
    "client_id": "Identifier of the OAuth2 client.",
}

STATUS_NOTES = {
    301: "It has another address now: see `Location`.",
    304: "The copy named in If-None-Match is current.",
    400: "A parameter is unknown or cannot be understood; `errors` names it.",
    401: "Nobody is signed in, or the key is not good.",
    403: "The account or the key may not do this, or the form token is missing.",
    404: "There is no such thing, or not for this caller.",
    409: "The state of things does not allow it.",
    412: "Somebody else changed it meanwhile.",
    413: "The body is too large.",
    415: "The body is of another type than the route takes.",
    416: "The file has no byte in the ranges asked for.",
    422: "A field is wrong; `errors` names it.",
    428: "`If-Match` is missing.",
    429: "A limit of the plan or of the network is reached; try again after `Retry-After` seconds.",
    503: "A part of the service is away; try again later.",
    507: "There is no room for more files.",
}

LIMIT_HEADERS = {
    name: {"description": told, "schema": {"type": kind}}
    for name, kind, told in (
        ("Retry-After", "integer", "Seconds after which the call passes."),
        ("RateLimit", "string", "What is left of each rule and when it is renewed, as a structured list."),
        ("RateLimit-Policy", "string", "The rules of the plan, as a structured list."),
    )
}
IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "schema": {"type": "string", "maxLength": 200},
    "description": "The ETag or the version that was read, as a quoted text; `*` for any.",
    "example": '"v3"',
}
IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "schema": {"type": "string", "maxLength": 2000},
    "description": "ETags of copies that are at hand.",
}
LANG = {
    "in": "query",
    "name": "lang",
    "schema": {"type": "string", "enum": ["vi", "en"]},
    "description": "Language of messages; else Accept-Language decides, else Vietnamese.",
}


class RestApi(Api):  # type: ignore[misc]  # flask-smorest ships no types
    """Leaves errors to the application, which renders them by path, and documents them as it does."""

    def __init__(self, app: Any, vocabularies: Vocabularies) -> None:
        self._vocabularies = vocabularies
        self._undocumented: list[Blueprint] = []
        super().__init__(app)

    def register_blueprint(self, blp: Blueprint, **options: Any) -> None:
        """The routes alone: to document them costs as much as all else at the start, and few ask for it."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp, **options)
        self._undocumented.append(blp)

    def documented(self) -> dict[str, Any]:
        if self._undocumented:
            self._document_responses()
        for blueprint in self._undocumented:
            blueprint.register_views_in_doc(self, self._app, self.spec, name=blueprint.name, parameters=None)
            self.spec.tag({"name": blueprint.name, "description": blueprint.description})
        self._undocumented.clear()
        found: dict[str, Any] = self.spec.to_dict()
        return found

    def _register_error_handlers(self) -> None:
        return

    def _register_pagination_header(self) -> None:
        return

    def _register_responses(self) -> None:
        return

    def _document_responses(self) -> None:
        self.ma_plugin.converter.add_attribute_function(_codes_as_enum(self._vocabularies))
        for status in HTTPStatus:
            if status >= 300:
                response = _documented(status)
                self.spec.components.response(f"STATUS_{status.value}", response, lazy=True)
                self.spec.components.response(status.name, response, lazy=True)
        self.spec.components.response("DEFAULT_ERROR", _problem("Any other error."), lazy=True)


def _codes_as_enum(vocabularies: Vocabularies) -> Callable[..., dict[str, Any]]:
    """Lists the codes of a vocabulary, with null where it is accepted."""

    def codes(_converter: Any, field: fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
        values: list[Any] = list(ret.get("enum", ()))
        if isinstance(field, base.Code):
            values = list(vocabularies.terms(field.vocabulary))
        if values and field.allow_none and None not in values:
            values.append(None)
        return {"enum": values} if values else {}

    return codes


def _documented(status: HTTPStatus) -> dict[str, Any]:
    description = STATUS_NOTES.get(status.value, status.phrase)
    if status.value < 400:
        headers = {"Location": {"schema": {"type": "string"}}} if status.value == 301 else {}
        return {"description": description, "headers": headers}
    problem = _problem(description)
    return {**problem, "headers": LIMIT_HEADERS} if status.value == 429 else problem


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {PROBLEM_TYPE: {"schema": Problem}}}


class Document:
    """As JSON bytes; made when somebody first asks for it."""

    def __init__(self, api: RestApi, base_url: str) -> None:
        self._api, self._base_url = api, base_url
        self._lock = threading.Lock()
        self._body = b""

    def __call__(self) -> bytes:
        with self._lock:
            self._body = self._body or orjson.dumps(document(self._api, self._base_url))
        return self._body


def document(api: RestApi, base_url: str) -> dict[str, Any]:
    """The finished document."""
    raw = api.documented()
    raw["info"]["description"] = ABOUT
    raw["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    raw["servers"] = [{"url": base_url.rstrip("/") or "/"}]
    raw["components"]["securitySchemes"] = {
        "key": {
            "type": "apiKey",
            "in": "header",
            "name": KEY_HEADER,
            "description": "An API key; `Authorization: Bearer` and `Authorization: ApiKey` take it too.",
        },
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "A signed-in browser."},
        "token": {
            "type": "apiKey",
            "in": "header",
            "name": TOKEN_HEADER,
            "description": "The form token of the session; every change by a session needs it.",
        },
    }
    _share_parameters(raw)
    for method, path, operation in operations(raw):
        _complete(method, path, operation)
    return raw


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of a document."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def _share_parameters(raw: Mapping[str, Any]) -> None:
    """What stands beside the methods of a path moves into each of them."""
    for item in raw["paths"].values():
        shared = item.pop("parameters", [])
        for operation in item.values():
            operation["parameters"] = [*shared, *operation.get("parameters", [])]


def _complete(method: str, path: str, operation: dict[str, Any]) -> None:
    parameters: list[dict[str, Any]] = operation["parameters"]
    for parameter in parameters:
        if parameter["in"] == "path":
            parameter["description"] = PATH_NOTES[parameter["name"]]
            parameter["schema"] = {"type": "string", "minLength": 1, "maxLength": 200}
    if not any(parameter["name"] == "lang" for parameter in parameters):
        parameters.append(dict(LANG))
    match = operation.pop("x-if-match")
    if match:
        parameters.append({**IF_MATCH, "required": match == "required"})
    if method == "get":
        parameters.append(dict(IF_NONE_MATCH))
    operation["operationId"] = _name(method, path)
    operation["security"] = _security(method, operation["x-permission"])
    if not operation["x-scope"]:
        del operation["x-scope"]
    other_forms = operation.pop("x-other-forms", ())
    for status, response in operation["responses"].items():
        if status in {"200", "201"} and "content" in response:
            response.setdefault("headers", {})["ETag"] = {"schema": {"type": "string"}}
            response["content"].update({form: {"schema": {"type": "string"}} for form in other_forms})


def _security(method: str, permission: str) -> list[dict[str, list[str]]]:
    """Which credentials are taken. What a key needs to be good for stands in `x-scope`."""
    if method != "get":
        return [{"session": [], "token": []}, {"key": []}]
    return [*([{}] if permission == ANYONE else ()), {"session": []}, {"key": []}]


def _name(method: str, path: str) -> str:
    """get_datasets_revisions for GET /api/v1/datasets/{dataset_id}/revisions."""
    parts = [part for part in path.split("/")[3:] if part]
    one = "one" if parts[-1].startswith("{") else ""
    words = [method, *(part.replace("/", "_") for part in parts if not part.startswith("{")), one]
    return "_".join(word.replace("-", "_") for word in words if word)
