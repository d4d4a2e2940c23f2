"""What keys and tokens may be given: never more than the one who gives holds."""

from collections.abc import Iterable

from opendata.base.kit.errors import N_, Invalid
from opendata.base.runtime import Caller
from opendata.base.runtime.caller import reaches
from opendata.services.access.policy import SCOPES, InsufficientScope

OPEN = ("read", "download", "query")
"""What every key begins with: reading what is public."""

_LEAST_ROLE = {"publish": "editor", "harvest": "editor", "admin": "admin"}


def cleaned(wanted: Iterable[str]) -> list[str]:
    """In the order they are shown, each once. Raises `Invalid` for one that does not exist."""
    asked = set(wanted)
    if unknown := asked - set(SCOPES):
        raise Invalid(fields={"scopes": N_("Không có phạm vi này.")}, unknown=", ".join(sorted(unknown)))
    return [scope for scope in SCOPES if scope in asked]


def held_by(caller: Caller, organization_id: str | None) -> frozenset[str]:
    """The scopes the caller may pass on, for an application of a department or, without one, of a person."""
    own = frozenset(scope for scope in SCOPES if scope in OPEN or _has(caller, scope, organization_id))
    return own if caller.scopes is None else own & caller.scopes


def _has(caller: Caller, scope: str, organization_id: str | None) -> bool:
    if caller.operator:
        return True
    roles = [caller.roles.get(organization_id)] if organization_id else caller.roles.values()
    return any(reaches(role, _LEAST_ROLE[scope]) for role in roles)


def require_held(caller: Caller, wanted: Iterable[str], organization_id: str | None) -> None:
    """Raises `InsufficientScope` for a scope the caller does not hold."""
    missing = [scope for scope in wanted if scope not in held_by(caller, organization_id)]
    if missing:
        raise ScopeNotHeld(fields={"scopes": ScopeNotHeld.message}, scope=missing[0])


class ScopeNotHeld(InsufficientScope):
    """Somebody gives what he does not hold himself."""

    message = N_("Không ai cấp được phạm vi mà chính mình không có: %(scope)s.")
