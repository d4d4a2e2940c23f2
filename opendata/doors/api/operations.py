"""One declaration a route: address, permission, arguments, answers. The OpenAPI document follows from it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Literal

from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import Schema

from opendata.doors.api.arguments import StrictParser, refuse_undeclared
from opendata.doors.http.permissions import ANYONE, SIGNED_IN, permission
from opendata.services.access.policy import Action

View = Callable[..., Any]
ERRORS = {400: "BAD_REQUEST", 404: "NOT_FOUND"}


class Blueprint(SmorestBlueprint):  # type: ignore[misc]  # flask-smorest ships no types
    """Routes are declared by `operation`; the docstring of a view is its summary and description."""

    ARGUMENTS_PARSER = StrictParser()

    def operation(
        self,
        method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
        rule: str,
        *,
        allows: Action | str,
        answer: type[Schema] | dict[str, Any] | None = None,
        query: type[Schema] | None = None,
        body: type[Schema] | None = None,
        body_required: bool = True,
        status: int = 200,
        errors: tuple[int, ...] = (),
        if_match: Literal["required", "optional"] | None = None,
        content_type: str = "application/json",
        **doc: Any,
    ) -> Callable[[View], View]:
        """Register a view. It gets `query` and `body` as keyword arguments where their schemas are given.

        `errors` are the statuses beside those that follow from permission, arguments and If-Match. `doc`
        goes into the OpenAPI operation as it is.
        """

        def declare(view: View) -> View:
            wrapped = self.response(status, answer, content_type=content_type)(view)
            for error in _statuses(method, allows, query, body, if_match, errors):
                wrapped = self.alt_response(error, _reference(error))(wrapped)
            if body is not None:
                wrapped = self.arguments(body, arg_name="body", required=body_required)(wrapped)
            if query is not None:
                wrapped = self.arguments(query, location="query", arg_name="query", error_status_code=400)(
                    wrapped
                )
            else:
                wrapped = _without_query(wrapped)
            wrapped = self.doc(**{"x-permission": str(allows), "x-if-match": if_match, **doc})(wrapped)
            self.route(rule, methods=[method], endpoint=view.__name__)(permission(allows)(wrapped))
            return view

        return declare


def _without_query(view: View) -> View:
    @wraps(view)
    def checked(**arguments: Any) -> Any:
        refuse_undeclared()
        return view(**arguments)

    return checked


def _statuses(
    method: str,
    allows: Action | str,
    query: type[Schema] | None,
    body: type[Schema] | None,
    if_match: str | None,
    errors: tuple[int, ...],
) -> list[int]:
    wanted = {400, *errors}
    if method == "GET":
        wanted.add(304)
    if allows not in {ANYONE}:
        wanted |= {401} if allows == SIGNED_IN else {401, 403}
    if body is not None:
        wanted |= {413, 415, 422}
    if method != "GET":
        wanted |= {403}
    if if_match:
        wanted |= {412, 428} if if_match == "required" else {412}
    return sorted(wanted)


def _reference(status: int) -> str:
    return f"STATUS_{status}"
