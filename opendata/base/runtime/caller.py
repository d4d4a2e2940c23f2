"""Who is asking. Every service function learns it from its `Work`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

ROLES = ("member", "editor", "reviewer", "admin")
"""Roles in a department, each able to do all that those before it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """`kind` is anonymous, user, key, token, harvest or system.

    `roles` maps departments to the role held in them, `teams` the organisations of developers. For a key or
    a token these are the roles of the person it acts for, and `scopes` bounds what it may do with them;
    None means everything the person may. `home` is the organisation whose application they act for: then
    nothing of the person's own is theirs to touch. `credential` and `application_id` name what was shown at
    the door.
    """

    kind: str = "anonymous"
    user_id: str | None = None
    name: str = "anonymous"
    operator: bool = False
    roles: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)
    locale: str = "vi"
    scopes: frozenset[str] | None = None
    home: str | None = None
    credential: str | None = None
    application_id: str | None = None

    @property
    def signed_in(self) -> bool:
        return self.user_id is not None

    def has_role(self, organization_id: str | None, role: str) -> bool:
        """Whether the caller holds `role` or a higher one in the department."""
        return reaches(self.roles.get(organization_id or ""), role)

    def has_scope(self, scope: str) -> bool:
        return self.scopes is None or scope in self.scopes


def reaches(held: str | None, role: str) -> bool:
    """Whether the role `held` is `role` or a higher one."""
    return held is not None and ROLES.index(held) >= ROLES.index(role)


ANONYMOUS = Caller()
SYSTEM = Caller(kind="system", name="system", operator=True)
