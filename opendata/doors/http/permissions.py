"""Every route says who may call it; the application does not start while one is silent."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Request

from opendata.base.runtime import Caller
from opendata.services.access import policy
from opendata.services.access.policy import Action

F = TypeVar("F", bound=Callable[..., Any])
ANYONE = "anyone"
SIGNED_IN = "signed in"
SCOPES = "opendata.scopes"
"""Scope by endpoint and method, where it was looked up."""


def permission(rule: Action | str, *, scope: str | None = None) -> Callable[[F], F]:
    """Declare the permission of a view. `ANYONE` sees what `visible_to` allows; an `Action` is checked
    by the service against the object's department. `scope` is what a key needs beside it, where that is
    not what follows from the rule; "" for nothing."""

    def declare(view: F) -> F:
        view.__permission__ = rule  # type: ignore[attr-defined]
        view.__scope__ = scope_for(rule) if scope is None else scope  # type: ignore[attr-defined]
        return view

    return declare


def scope_for(rule: Action | str) -> str:
    """The scope of a rule: reading for what anybody may, administration for what a person does about
    himself, and what `policy` says of an action."""
    if isinstance(rule, Action):
        return policy.scope_of(rule)
    return "read" if rule == ANYONE else "admin"


def declared(view: Any, attribute: str = "__permission__") -> Any:
    while view is not None:
        if (rule := getattr(view, attribute, None)) is not None:
            return rule
        view = getattr(view, "__wrapped__", None)
    return None


def require_scope(caller: Caller, asked: Request, app: Flask) -> None:
    """Before the view: whether the key may be used for this route. Raises `InsufficientScope`."""
    scopes: dict[tuple[str, str], str] = app.extensions.setdefault(SCOPES, {})
    route = (asked.endpoint or "", asked.method)
    if (needed := scopes.get(route)) is None:
        view = app.view_functions.get(route[0])
        if view is None:  # callers invent methods without end: nothing of them is kept
            return
        needed = scopes[route] = _scope_of_view(view, asked.method)
    if needed and not caller.has_scope(needed):
        raise policy.InsufficientScope(scope=needed)


def _scope_of_view(view: Any, asked: str) -> str:
    klass = getattr(view, "view_class", None)
    method = "get" if asked in {"HEAD", "OPTIONS"} else asked.lower()
    return declared(getattr(klass, method, view) if klass else view, "__scope__") or ""


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
