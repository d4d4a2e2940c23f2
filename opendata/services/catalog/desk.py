"""What a department sees of its own datasets: what is due, what waits, everything by state."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.models import Dataset, User
from opendata.base.runtime import Work
from opendata.services.access import policy
from opendata.services.access.policy import Action
from opendata.services.catalog.freshness import Freshness, judge

LIMIT = 500
STATES = ("draft", "submitted", "returned", "published", "withdrawn")
URGENCY = {"late": 0, "due": 1}


@dataclass(frozen=True, slots=True)
class DueDataset:
    dataset: Dataset
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class Desk:
    """`waiting` are (dataset, who sent it) in submitted and returned; `by_state` follows `STATES`."""

    due: Sequence[DueDataset]
    waiting: Sequence[tuple[Dataset, str | None]]
    by_state: dict[str, list[Dataset]]


def of_organization(work: Work, organization_id: str) -> Desk:
    """Raises `NotAllowed` unless the caller belongs to the department."""
    policy.require(work.caller, Action.VIEW_DRAFT, organization_id)
    query = (
        select(Dataset, User.name)
        .outerjoin(User, User.id == Dataset.submitted_by)
        .where(Dataset.publisher_id == organization_id)
        .order_by(Dataset.modified.desc(), Dataset.id)
        .limit(LIMIT)
    )
    rows = work.session.execute(query).all()
    return Desk(
        due=_due(work, [row.Dataset for row in rows]),
        waiting=[(row.Dataset, row.name) for row in rows if row.Dataset.state in {"submitted", "returned"}],
        by_state={state: [r.Dataset for r in rows if r.Dataset.state == state] for state in STATES},
    )


def _due(work: Work, datasets: Sequence[Dataset]) -> list[DueDataset]:
    vocabularies, factor = work.part(Vocabularies), work.platform.settings.late_factor
    judged = [
        DueDataset(
            dataset,
            judge(
                dataset.content.get("frequency"),
                dataset.content.get("last_update"),
                work.now,
                vocabularies,
                late_factor=factor,
            ),
        )
        for dataset in datasets
        if dataset.state == "published"
    ]
    urgent = [item for item in judged if item.freshness.state in URGENCY]
    return sorted(
        urgent, key=lambda item: (URGENCY[item.freshness.state], item.freshness.next_due or work.now)
    )
