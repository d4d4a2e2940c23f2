"""Who may do what: one rule with two answers.

`allows` decides about one object; `visible_to` gives the tokens that join a search or a SQL query. An
object's `visibility` is one token; a caller sees it if it holds that token.
"""

from enum import StrEnum

from sqlalchemy import ColumnElement, true
from sqlalchemy.orm import InstrumentedAttribute

from opendata.base.kit.errors import N_, Invalid, NotAllowed, SignInRequired
from opendata.base.kit.vietnamese import clean
from opendata.base.runtime import Caller
from opendata.base.runtime.caller import reaches

PUBLIC = "public"
EVERYTHING = "*"
SCOPES = ("read", "download", "query", "publish", "harvest", "admin")
"""What a key or a token may be given, in the order they are shown."""


class InsufficientScope(NotAllowed):
    code = "insufficient_scope"
    message = N_("Khóa không có phạm vi %(scope)s mà thao tác này cần.")


class Action(StrEnum):
    """What can be asked for. The value is the name shown in documentation and audit."""

    VIEW_DRAFT = "dataset.view_draft"
    VIEW_HISTORY = "dataset.view_history"
    CREATE = "dataset.create"
    EDIT = "dataset.edit"
    SUBMIT = "dataset.submit"
    RETURN = "dataset.return"
    PUBLISH = "dataset.publish"
    WITHDRAW = "dataset.withdraw"
    DOWNLOAD_RESTRICTED = "resource.download_restricted"
    HARVEST_VIEW = "harvest.view"
    HARVEST_RUN = "harvest.run"
    HARVEST_EDIT = "harvest.edit"
    HARVEST_ACCEPT = "harvest.accept"
    ORGANIZATION_EDIT = "organization.edit"
    MEMBERS_VIEW = "organization.view_members"
    MEMBERS_EDIT = "organization.members"
    APPLICATION_VIEW = "application.view"
    APPLICATION_EDIT = "application.edit"
    PLATFORM = "platform.operate"


_LEAST_ROLE: dict[Action, str | None] = {
    Action.VIEW_DRAFT: "member",
    Action.VIEW_HISTORY: "member",
    Action.CREATE: "editor",
    Action.EDIT: "editor",
    Action.SUBMIT: "editor",
    Action.RETURN: "reviewer",
    Action.PUBLISH: "reviewer",
    Action.WITHDRAW: "reviewer",
    Action.DOWNLOAD_RESTRICTED: "member",
    Action.HARVEST_VIEW: "member",
    Action.HARVEST_RUN: "editor",
    Action.HARVEST_EDIT: None,
    Action.HARVEST_ACCEPT: None,
    Action.ORGANIZATION_EDIT: "admin",
    Action.MEMBERS_VIEW: "member",
    Action.MEMBERS_EDIT: "admin",
    Action.APPLICATION_VIEW: "member",
    Action.APPLICATION_EDIT: "editor",
    Action.PLATFORM: None,
}
"""The least role in the object's organisation; None is for operators alone."""

_SCOPE: dict[Action, str] = {
    Action.DOWNLOAD_RESTRICTED: "publish",
    Action.HARVEST_VIEW: "harvest",
    Action.HARVEST_RUN: "harvest",
    Action.HARVEST_EDIT: "harvest",
    Action.HARVEST_ACCEPT: "harvest",
    Action.ORGANIZATION_EDIT: "admin",
    Action.MEMBERS_VIEW: "admin",
    Action.MEMBERS_EDIT: "admin",
    Action.APPLICATION_VIEW: "admin",
    Action.APPLICATION_EDIT: "admin",
    Action.PLATFORM: "admin",
}
_OF_TEAMS = frozenset(
    {Action.MEMBERS_VIEW, Action.MEMBERS_EDIT, Action.APPLICATION_VIEW, Action.APPLICATION_EDIT}
)
"""What roles in an organisation of developers are good for; it publishes nothing."""


def scope_of(action: Action) -> str:
    """The scope a key needs for `action`, beside the role of its owner. What is not public takes more than
    the scopes every key begins with."""
    return _SCOPE.get(action, "publish")


def allows(caller: Caller, action: Action, organization_id: str | None = None) -> bool:
    """Whether `caller` may do `action` on an object of the organisation."""
    if not caller.has_scope(scope_of(action)):
        return False
    if caller.operator:
        return True
    role = _LEAST_ROLE[action]
    return role is not None and reaches(role_in(caller, action, organization_id), role)


def role_in(caller: Caller, action: Action, organization_id: str | None) -> str | None:
    """The role that counts for `action` in the organisation."""
    held = caller.roles.get(organization_id or "")
    if held is None and action in _OF_TEAMS:
        held = caller.teams.get(organization_id or "")
    return held


def bodies(caller: Caller, action: Action) -> list[str]:
    """The organisations in which the caller has the role that `action` takes. An operator's right, which no
    role in an organisation gives, names none."""
    held = {**caller.roles, **caller.teams} if action in _OF_TEAMS else caller.roles
    return [key for key in held if allows(caller, action, key)]


def require(caller: Caller, action: Action, organization_id: str | None = None) -> None:
    """Raises `SignInRequired`, `InsufficientScope` or `NotAllowed` unless `allows`."""
    if allows(caller, action, organization_id):
        return
    if not caller.signed_in:
        raise SignInRequired
    if not caller.has_scope(scope_of(action)):
        raise InsufficientScope(scope=scope_of(action))
    raise NotAllowed


def operate(caller: Caller, reason: str) -> None:
    """For what operators alone do to what is others': they say why. Raises as `require`, and `Invalid`."""
    require(caller, Action.PLATFORM)
    if not clean(reason):
        raise Invalid(fields={"reason": N_("Cần nêu lý do.")})


def require_person(caller: Caller, scope: str = "admin") -> None:
    """For what a person does about himself. Raises `SignInRequired`, `InsufficientScope`."""
    if not caller.signed_in:
        raise SignInRequired
    if not caller.has_scope(scope):
        raise InsufficientScope(scope=scope)


def require_self(caller: Caller) -> None:
    """For what is the person's own. Raises as `require_person`, and `NotAllowed` for a credential that
    speaks for an organisation: it has borrowed the person's roles there and nothing else."""
    require_person(caller)
    if caller.home is not None:
        raise NotAllowed


def visibility_of(state: str, organization_id: str) -> str:
    """The token of a dataset: public once published, else its department's own."""
    return PUBLIC if state == "published" else f"org:{organization_id}"


def visible_to(caller: Caller) -> frozenset[str]:
    """The tokens a caller holds; `EVERYTHING` stands for all."""
    if not caller.has_scope(scope_of(Action.VIEW_DRAFT)):
        return frozenset({PUBLIC})
    if caller.operator:
        return frozenset({EVERYTHING})
    return frozenset({PUBLIC, *(f"org:{organization_id}" for organization_id in caller.roles)})


def sees(caller: Caller, visibility: str) -> bool:
    tokens = visible_to(caller)
    return EVERYTHING in tokens or visibility in tokens


def visible_clause(caller: Caller, column: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """`visible_to` as a condition on a column of tokens."""
    tokens = visible_to(caller)
    return true() if EVERYTHING in tokens else column.in_(sorted(tokens))
