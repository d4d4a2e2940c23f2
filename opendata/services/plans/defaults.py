"""The five plans an installation begins with. They stand in the database, where operators change them; what
is not there counts as written here."""

from collections.abc import Mapping
from dataclasses import dataclass

from opendata.base.models import Plan
from opendata.base.runtime import Work
from opendata.services.plans import plans


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultPlan:
    title: Mapping[str, str]
    partition: str
    rules: tuple[str, ...]
    page_max: int
    self_service: bool = False
    query_key_allowed: bool = False


ANONYMOUS, TEST, BASIC, PARTNER, DEPARTMENT = "anonymous", "test", "basic", "partner", "department"

DEFAULTS: Mapping[str, DefaultPlan] = {
    ANONYMOUS: DefaultPlan(
        title={"vi": "Không cần khóa", "en": "Without a key"},
        partition="ip",
        rules=(
            "10/second burst 30",
            "300/minute",
            "20000/day",
            "2000000 rows/day",
            "2 concurrent",
        ),
        page_max=1_000,
    ),
    TEST: DefaultPlan(
        title={"vi": "Thử nghiệm", "en": "Test"},
        partition="key",
        rules=("2/second burst 10", "1000/day", "100000 rows/day", "1 concurrent"),
        page_max=1_000,
        self_service=True,
    ),
    BASIC: DefaultPlan(
        title={"vi": "Cơ bản", "en": "Basic"},
        partition="owner",
        rules=(
            "20/second burst 60",
            "600/minute",
            "500000/calmonth",
            "50000000 rows/calmonth",
            "4 concurrent",
        ),
        page_max=10_000,
        self_service=True,
    ),
    PARTNER: DefaultPlan(
        title={"vi": "Đối tác", "en": "Partner"},
        partition="subscription",
        rules=("100/second burst 200", "5000000/calmonth", "1000000000 rows/calmonth", "16 concurrent"),
        page_max=10_000,
    ),
    DEPARTMENT: DefaultPlan(
        title={"vi": "Cơ quan của thành phố", "en": "Departments of the city"},
        partition="owner",
        rules=(
            "50/second burst 150",
            "10000000/calmonth soft",
            "1000000000 rows/calmonth soft",
            "16 concurrent",
        ),
        page_max=10_000,
    ),
}


def seed(work: Work) -> int:
    """Write the plans that are not there yet; those that are stay as they are. The number written."""
    written = 0
    for slug, plan in DEFAULTS.items():
        if work.session.get(Plan, slug) is not None:
            continue
        plans.write(
            work,
            slug,
            plan.rules,
            title=plan.title,
            partition=plan.partition,
            page_max=plan.page_max,
            self_service=plan.self_service,
            query_key_allowed=plan.query_key_allowed,
        )
        written += 1
    return written
