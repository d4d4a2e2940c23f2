"""Take the demo city out again: what `load` made and nothing else."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, exists, or_, select

from opendata.base.kit.vietnamese import exact_key
from opendata.base.models import (
    Dataset,
    FormerSlug,
    HarvestSource,
    Membership,
    Organization,
    Resource,
    Tag,
    Topic,
    User,
)
from opendata.base.models.dataset import DatasetTopic
from opendata.base.runtime import Platform, Work, outbox
from opendata.demo import city
from opendata.demo.load import root
from opendata.engines.files import FileStore
from opendata.services.access import audit

BATCH = 500


@dataclass(frozen=True, slots=True)
class Cleared:
    datasets: int
    organizations: int
    users: int


def clear(platform: Platform) -> Cleared:
    """Datasets first, in batches; then what they hung on. Can be run again after it was killed."""
    datasets = 0
    while ids := _batch(platform):
        _remove_datasets(platform, ids)
        datasets += len(ids)
    with platform.work(city.DEMO) as work:
        work.session.execute(
            delete(HarvestSource).where(HarvestSource.id.in_(city.made(work, "harvest_source")))
        )
        users = _remove_users(work)
        organizations = _remove_organizations(work)
        _remove_topics(work)
        audit.record(work, "demo.clear", "platform", "demo", {"datasets": datasets})
    outbox.drain(platform)
    shutil.rmtree(root(platform), ignore_errors=True)
    return Cleared(datasets, organizations, users)


def _batch(platform: Platform) -> Sequence[str]:
    """Every dataset the demo made hangs on one of its sources."""
    with platform.read(city.DEMO) as work:
        ours = Dataset.source_id.in_(city.made(work, "harvest_source"))
        return work.session.scalars(select(Dataset.id).where(ours).limit(BATCH)).all()


def _remove_datasets(platform: Platform, ids: Sequence[str]) -> None:
    with platform.work(city.DEMO) as work:
        contents = work.session.scalars(select(Dataset.content).where(Dataset.id.in_(ids))).all()
        stored = set(
            work.session.scalars(
                select(Resource.sha256).where(Resource.dataset_id.in_(ids), Resource.sha256.is_not(None))
            )
        )
        work.session.execute(delete(Dataset).where(Dataset.id.in_(ids)))
        work.session.execute(delete(FormerSlug).where(FormerSlug.object_id.in_(ids)))
        kept = set(work.session.scalars(select(Resource.sha256).where(Resource.sha256.in_(stored))))
        _forget_tags(work, contents)
        for dataset_id in ids:
            work.after("dataset", dataset_id)
    for digest in stored - kept:
        platform.part(FileStore).remove(str(digest))


def _forget_tags(work: Work, contents: Sequence[dict[str, dict[str, list[str]]]]) -> None:
    """Spellings that no dataset uses any more."""
    words = {
        exact_key(word) for content in contents for some in content["keywords"].values() for word in some
    }
    if not words:
        return
    for content in work.session.scalars(select(Dataset.content).execution_options(yield_per=BATCH)):
        words -= {exact_key(word) for some in content["keywords"].values() for word in some}
        if not words:
            return
    work.session.execute(delete(Tag).where(Tag.key.in_(words)))


def _remove_users(work: Work) -> int:
    return _removed(work, delete(User).where(User.id.in_(city.made(work, "user"))))


def _remove_organizations(work: Work) -> int:
    """Parts before the whole; a body that others hang on by now stays."""
    part = Organization.__table__.alias("part")
    held = or_(
        exists().where(Dataset.publisher_id == Organization.id),
        exists().where(HarvestSource.organization_id == Organization.id),
        exists().where(Membership.organization_id == Organization.id),
        exists().where(part.c.parent_id == Organization.id),
    )
    total = 0
    for _level in range(3):
        ours = Organization.id.in_(city.made(work, "organization"))
        ids = list(work.session.scalars(select(Organization.id).where(ours, ~held)))
        total += _removed(work, delete(Organization).where(Organization.id.in_(ids)))
        work.session.execute(delete(FormerSlug).where(FormerSlug.object_id.in_(ids)))
        for organization_id in ids:
            work.after("organization", organization_id)
    return total


def _remove_topics(work: Work) -> None:
    used = exists().where(DatasetTopic.topic_id == Topic.id)
    work.session.execute(delete(Topic).where(Topic.id.in_(city.made(work, "topic")), ~used))


def _removed(work: Work, statement: object) -> int:
    done = work.session.execute(statement, execution_options={"synchronize_session": False})  # type: ignore[call-overload]
    return int(done.rowcount)
