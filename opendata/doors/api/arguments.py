"""Reads request arguments through marshmallow; what is not declared is refused."""

from collections.abc import Mapping
from typing import Any, NoReturn

from flask import Request, request
from marshmallow import RAISE, Schema, ValidationError
from webargs.core import missing
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy

from opendata.base.kit import strict_json
from opendata.base.kit.errors import N_, Invalid
from opendata.doors.http.problems import BadRequest, UnsupportedMediaType

UNKNOWN = N_("Không có tham số này.")
REPEATED = N_("Tham số được gửi nhiều lần.")
JSON_TYPES = {"application/json", "application/merge-patch+json"}
EVERYWHERE = frozenset({"lang"})
"""Query parameters of every route: see `doors.http.language`."""


class StrictParser(FlaskParser):
    """400 for the address (path, query, headers), 422 for the body; each names the fields."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": RAISE, "query": RAISE}  # noqa: RUF012  # as webargs declares it

    def load_querystring(self, req: Request, schema: Schema) -> MultiDictProxy:
        proxy = MultiDictProxy(req.args, schema)
        declared = {field.data_key or name for name, field in schema.fields.items()}
        repeated = {
            name: REPEATED
            for name, values in req.args.lists()
            if len(values) > 1 and name in declared and name not in proxy.multiple_keys
        }
        if repeated:
            raise BadRequest(fields=repeated)
        return proxy

    def load_json(self, req: Request, schema: Schema) -> Any:  # noqa: ARG002
        if req.mimetype not in JSON_TYPES:
            if not req.mimetype and not req.content_length:
                return missing
            raise UnsupportedMediaType
        return strict_json.loads(req.get_data())

    def handle_error(self, error: ValidationError, req: Any, schema: Schema, **kwargs: Any) -> NoReturn:  # noqa: ARG002
        messages = error.messages if isinstance(error.messages, dict) else {"body": error.messages}
        fields: dict[str, str] = {}
        for problems in messages.values():
            fields.update(_flat(problems, ""))
        body = "json" in messages
        raise (Invalid if body else BadRequest)(fields=fields) from error


def refuse_undeclared(declared: frozenset[str] = EVERYWHERE) -> None:
    """Raises `BadRequest` naming the query parameters that a route without any was given."""
    if not request.args:
        return
    wrong = {name: UNKNOWN for name in request.args if name not in declared}
    wrong |= {name: REPEATED for name, values in request.args.lists() if len(values) > 1}
    if "lang" in request.args and request.args["lang"] not in {"vi", "en"}:
        wrong.setdefault("lang", N_("Chỉ có vi hoặc en."))
    if wrong:
        raise BadRequest(fields=wrong)


def _flat(problems: Any, path: str) -> dict[str, str]:
    """{"a": {0: ["x", "y"]}} as {"a.0": "x"}; the first sentence of each place."""
    if isinstance(problems, Mapping):
        flat: dict[str, str] = {}
        for key, value in problems.items():
            flat.update(_flat(value, path if key == "_schema" else f"{path}.{key}".strip(".")))
        return flat
    return {path or "body": str(problems[0] if isinstance(problems, list) else problems)}
