"""Who may do what: one rule with two answers.

`allows` decides about one object; `visible_to` gives the tokens that join a search or a SQL query. An
object's `visibility` is one token; a caller sees it if it holds that token.
"""

from enum import StrEnum

from sqlalchemy import ColumnElement, true
from sqlalchemy.orm import InstrumentedAttribute

from opendata.base.kit.errors import NotAllowed, SignInRequired
from opendata.base.runtime import Caller

PUBLIC = "public"
EVERYTHING = "*"


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
    MEMBERS_EDIT = "organization.members"
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
    Action.MEMBERS_EDIT: "admin",
    Action.PLATFORM: None,
}
"""The least role in the object's organisation; None is for operators alone."""


def allows(caller: Caller, action: Action, organization_id: str | None = None) -> bool:
    """Whether `caller` may do `action` on an object of the organisation."""
    if caller.operator:
        return True
    role = _LEAST_ROLE[action]
    return role is not None and caller.has_role(organization_id, role)


def require(caller: Caller, action: Action, organization_id: str | None = None) -> None:
    """Raises `SignInRequired` or `NotAllowed` unless `allows`."""
    if allows(caller, action, organization_id):
        return
    raise NotAllowed if caller.signed_in else SignInRequired


def visibility_of(state: str, organization_id: str) -> str:
    """The token of a dataset: public once published, else its department's own."""
    return PUBLIC if state == "published" else f"org:{organization_id}"


def visible_to(caller: Caller) -> frozenset[str]:
    """The tokens a caller holds; `EVERYTHING` stands for all."""
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
