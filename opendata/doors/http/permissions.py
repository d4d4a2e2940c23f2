"""Every route says who may call it; the application does not start while one is silent."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask

from opendata.services.access.policy import Action

F = TypeVar("F", bound=Callable[..., Any])
ANYONE = "anyone"
SIGNED_IN = "signed in"


def permission(rule: Action | str) -> Callable[[F], F]:
    """Declare the permission of a view. `ANYONE` sees what `visible_to` allows; an `Action` is checked
    by the service against the object's department."""

    def declare(view: F) -> F:
        view.__permission__ = rule  # type: ignore[attr-defined]
        return view

    return declare


def declared(view: Any) -> Action | str | None:
    while view is not None:
        if (rule := getattr(view, "__permission__", None)) is not None:
            return rule  # type: ignore[no-any-return]
        view = getattr(view, "__wrapped__", None)
    return None


def require_all_declared(app: Flask) -> None:
    """Raises `RuntimeError` naming the routes without a declared permission."""
    silent = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        methods = {method.lower() for method in rule.methods or ()} - {"head", "options"}
        klass = getattr(view, "view_class", None)
        handlers = [getattr(klass, method, None) for method in methods] if klass else [view]
        if any(declared(handler) is None for handler in handlers):
            silent.append(rule.rule)
    if silent:
        raise RuntimeError(f"routes without a declared permission: {sorted(set(silent))}")
