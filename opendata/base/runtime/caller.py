"""Who is asking. Every service function learns it from its `Work`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

ROLES = ("member", "editor", "reviewer", "admin")
"""Roles in a department, each able to do all that those before it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """`kind` is anonymous, user, harvest or system; `roles` maps organisation id to role."""

    kind: str = "anonymous"
    user_id: str | None = None
    name: str = "anonymous"
    operator: bool = False
    roles: Mapping[str, str] = field(default_factory=dict)
    locale: str = "vi"

    @property
    def signed_in(self) -> bool:
        return self.user_id is not None

    def has_role(self, organization_id: str | None, role: str) -> bool:
        """Whether the caller holds `role` or a higher one in the organisation."""
        held = self.roles.get(organization_id or "")
        return held is not None and ROLES.index(held) >= ROLES.index(role)


ANONYMOUS = Caller()
SYSTEM = Caller(kind="system", name="system", operator=True)
