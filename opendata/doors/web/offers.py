"""Products and plans as pages show them."""

from datetime import timedelta
from typing import Any

from opendata.base.models import PlanVersion
from opendata.services.plans import rules
from opendata.services.plans.showing import Shown

FIELDS = (
    "slug", "title", "description", "approval", "decide_by_days", "terms", "terms_revision", "apis",
    "datasets", "visibility",
)  # fmt: skip


def described(shown: Shown) -> dict[str, Any]:
    item, owner = shown.product, shown.owner
    return {
        **{name: getattr(item, name) for name in FIELDS},
        "plan": item.plan_slug,
        "organization": {"slug": owner.slug, "name": owner.name} if owner else None,
        "took": _in_words(shown.took),
    }


def limits(version: PlanVersion) -> dict[str, Any]:
    return {
        "slug": version.plan_slug,
        "number": version.number,
        "page_max": version.page_max,
        "rules": rules.compile_rules(version.rules),
    }


def _in_words(took: timedelta | None) -> tuple[str, int] | None:
    """(days or hours, how many): a figure one can compare with a promise."""
    if took is None:
        return None
    hours = max(1, round(took / timedelta(hours=1)))
    return ("days", round(hours / 24)) if hours >= 48 else ("hours", hours)
