"""Platform, caller, work and outbox: what every floor above runs on."""

from opendata.base.runtime.caller import ANONYMOUS, ROLES, SYSTEM, Caller
from opendata.base.runtime.platform import Platform, Work

__all__ = ["ANONYMOUS", "ROLES", "SYSTEM", "Caller", "Platform", "Work"]
