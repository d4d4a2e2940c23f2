"""Reads request arguments through marshmallow; what is not declared is refused."""

from typing import Any, NoReturn

from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser

from opendata.base.kit.errors import Invalid
from opendata.doors.http.problems import BadRequest


class StrictParser(FlaskParser):  # type: ignore[misc]  # webargs' generics do not fit flask-smorest
    """400 for the address (path, query, headers), 422 for the body; each names the fields."""

    DEFAULT_UNKNOWN_BY_LOCATION = {
        "json": RAISE,
        "query": RAISE,
        "form": RAISE,
        "files": RAISE,
        "path": RAISE,
    }

    def handle_error(self, error: ValidationError, req: Any, schema: Schema, **kwargs: Any) -> NoReturn:  # noqa: ARG002
        messages = error.messages if isinstance(error.messages, dict) else {"body": error.messages}
        fields: dict[str, str] = {}
        for location, problems in messages.items():
            fields.update(_flat(problems, ""))
        body = "json" in messages or "form" in messages
        raise (Invalid if body else BadRequest)(fields=fields) from error

    def _handle_invalid_json_error(self, error: Any, req: Any, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002
        raise BadRequest(fields={"body": "JSON không đọc được."}) from error


class StrictBlueprint(Blueprint):  # type: ignore[misc]  # flask-smorest ships no types
    ARGUMENTS_PARSER = StrictParser()


def _flat(problems: Any, path: str) -> dict[str, str]:
    if isinstance(problems, dict):
        flat: dict[str, str] = {}
        for key, value in problems.items():
            flat.update(_flat(value, f"{path}.{key}".strip(".")))
        return flat
    return {path or "body": " ".join(map(str, problems)) if isinstance(problems, list) else str(problems)}
