"""One declaration a route: address, permission, arguments, answers. The OpenAPI document follows from it."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Literal

from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import Schema

from opendata.doors.api.arguments import StrictParser, refuse_undeclared
from opendata.doors.http.permissions import ANYONE, permission, scope_for
from opendata.services.access.policy import Action

View = Callable[..., Any]


class Blueprint(SmorestBlueprint):  # type: ignore[misc]  # flask-smorest ships no types
    """Routes are declared by `operation`; the docstring of a view is its summary and description."""

    ARGUMENTS_PARSER = StrictParser()

    def operation(
        self,
        method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
        rule: str,
        *,
        allows: Action | str,
        answer: type[Schema] | Schema | dict[str, Any] | None = None,
        query: type[Schema] | None = None,
        body: type[Schema] | Schema | None = None,
        body_required: bool = True,
        status: int = 200,
        errors: tuple[int, ...] = (),
        if_match: Literal["required", "optional"] | None = None,
        content_type: str = "application/json",
        other_forms: tuple[str, ...] = (),
        scope: str | None = None,
        answers: dict[int, Any] | None = None,
        **doc: Any,
    ) -> Callable[[View], View]:
        """Register a view. It gets `query` and `body` as keyword arguments where their schemas are given.

        `errors` are the statuses beside those that follow from permission, arguments and If-Match,
        `answers` further good ones, `other_forms` media types the good answer can also have. `doc` goes
        into the OpenAPI operation as it is.
        """

        def declare(view: View) -> View:
            wrapped = self.response(status, answer, content_type=content_type)(view)
            usual = _usual_errors(method, allows, if_match, with_body=body is not None)
            responses = {error: f"STATUS_{error}" for error in sorted({*errors, *usual})}
            if body is not None:
                wrapped = self.arguments(body, arg_name="body", required=body_required)(wrapped)
            if query is not None:
                # one instance for all requests: making a schema costs more than reading by it
                asked = self.arguments(query(), location="query", arg_name="query", error_status_code=400)
                wrapped = asked(wrapped)
            else:
                wrapped = _without_query(wrapped)
            told = {
                "x-permission": str(allows),
                "x-scope": scope_for(allows) if scope is None else scope,
                "x-if-match": if_match,
                **doc,
                "x-other-forms": list(other_forms),
                "responses": responses | (answers or {}),
            }
            wrapped = self.doc(**told)(wrapped)
            self.route(rule, methods=[method], endpoint=view.__name__)(
                permission(allows, scope=scope)(wrapped)
            )
            return view

        return declare


def _without_query(view: View) -> View:
    @wraps(view)
    def checked(**arguments: Any) -> Any:
        refuse_undeclared()
        return view(**arguments)

    return checked


def _usual_errors(
    method: str, allows: Action | str, if_match: str | None, *, with_body: bool
) -> Iterator[int]:
    """The statuses that follow from what a route declares."""
    yield 400
    if method == "GET":
        yield 304
    if allows != ANYONE:
        yield from (401, 403)
    if with_body:
        yield from (413, 415, 422)
    yield 429
    if if_match:
        yield from (412, 428) if if_match == "required" else (412,)
