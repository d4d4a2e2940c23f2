"""Endpoints that programs call and that look after their own credentials: OAuth2's.

The session of a browser counts for nothing there, so a foreign page can make nothing of it, and no form
token is asked for.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Request, current_app

from opendata.base.kit.errors import OpenDataError

F = TypeVar("F", bound=Callable[..., Any])


def for_machines(view: F) -> F:
    """Mark a view that authenticates its callers itself."""
    view.__for_machines__ = True  # type: ignore[attr-defined]
    return view


def asked(request: Request) -> bool:
    """Whether a request is for such a view."""
    view = current_app.view_functions.get(request.endpoint or "")
    while view is not None:
        if getattr(view, "__for_machines__", False):
            return True
        view = getattr(view, "__wrapped__", None)
    return False


def name_error(error: OpenDataError) -> None:
    """Clients of these endpoints look for `error` in a refusal (RFC 6749 §5.2), whatever refused them."""
    named = "temporarily_unavailable" if error.status in {429, 503} else "invalid_request"
    told = "server_error" if error.status >= 500 and error.status != 503 else named
    error.params.setdefault("members", {})["error"] = told
