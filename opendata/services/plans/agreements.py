"""Amounts agreed with one subscriber: each counts until its last day in the city is over."""

from typing import Any
from zoneinfo import ZoneInfo

from opendata.base.models import Subscription
from opendata.base.runtime import Work


def standing(work: Work, found: Subscription) -> list[dict[str, Any]]:
    """What was agreed and is not over."""
    day = today(work)
    return [item for item in found.overrides if item.get("until") is None or item["until"] >= day]


def today(work: Work) -> str:
    """The day in the city."""
    return work.now.astimezone(ZoneInfo(work.platform.settings.time_zone)).date().isoformat()
