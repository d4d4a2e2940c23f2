"""How large a request body may be: small everywhere, a file's size where a view takes files."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Request, current_app

from opendata.doors.http.context import platform

F = TypeVar("F", bound=Callable[..., Any])
AROUND_A_FILE = 1 << 20
"""Bytes that form fields and part headers may take beside the file itself."""


def takes_files(view: F) -> F:
    """Mark a view whose bodies may be as large as the setting `max_upload_mb` allows."""
    view.__takes_files__ = True  # type: ignore[attr-defined]
    return view


def allow(asked: Request) -> None:
    """Before each request, ahead of anything that reads the body."""
    view = current_app.view_functions.get(asked.endpoint or "")
    if view is not None and _marked(view):
        asked.max_content_length = (platform().settings.max_upload_mb << 20) + AROUND_A_FILE


def _marked(view: Any) -> bool:
    while view is not None:
        if getattr(view, "__takes_files__", False):
            return True
        view = getattr(view, "__wrapped__", None)
    return False
