"""A step that a form asks for: which one, taking it, and telling what stood against it."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import request
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.kit.errors import N_, Invalid, OpenDataError, SignInRequired
from opendata.base.runtime import Work
from opendata.doors.http.context import writing
from opendata.doors.http.problems import field_sentences, sentence

T = TypeVar("T")


def chosen(steps: Mapping[str, T]) -> T:
    """The step of the button that was pressed. Raises `Invalid`."""
    step = steps.get(request.form.get("action", ""))
    if step is None:
        raise Invalid(fields={"action": N_("Không có bước này.")})
    return step


def taken(
    step: Callable[[Work], T],
    *,
    done: Callable[[T], BaseResponse],
    failed: Callable[[OpenDataError], BaseResponse],
) -> BaseResponse:
    """Takes the step in a transaction; `done` answers after the commit, `failed` says why it was refused.

    Whoever has to sign in, or asks for what is not there, is not shown the form again but told just that. A
    wrong code has the status of the first and is none.
    """
    try:
        with writing() as work:
            result = step(work)
    except OpenDataError as error:
        if error.status == 404 or isinstance(error, SignInRequired):
            raise
        return failed(error)
    return done(result)


def told(error: OpenDataError | None, good: int = 200) -> dict[str, Any]:
    """What templates are told: `status`, `errors` by field, and `error` for what belongs to no field."""
    errors = field_sentences(error) if error else {}
    return {
        "status": error.status if error else good,
        "errors": errors,
        "error": sentence(error) if error and not errors else "",
    }


def told_above(error: OpenDataError | None) -> dict[str, Any]:
    """The same for pages of many small forms, which tell everything at the top."""
    said = told(error)
    return said | {"error": ", ".join(said["errors"].values()) or said["error"]}
