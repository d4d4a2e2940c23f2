"""Datasets: create, edit, read. A person's edit and a harvested batch use the same functions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, select

from opendata.base.formats.record import DatasetRecord, ResourceRecord
from opendata.base.kit.errors import N_, Invalid, NotFound, PreconditionFailed
from opendata.base.kit.ids import is_id, new_id
from opendata.base.kit.vietnamese import sort_key
from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.models import Dataset, DatasetRevision, DatasetTopic, Organization, Resource, Topic
from opendata.base.runtime import Work
from opendata.services.access import audit, policy
from opendata.services.access.policy import Action
from opendata.services.catalog import entry, gate, slugs, tags
from opendata.services.catalog.changes import difference


def create(
    work: Work,
    record: DatasetRecord,
    *,
    publisher_id: str,
    dataset_id: str | None = None,
    source_id: str | None = None,
    normal: bool = False,
) -> Dataset:
    """A new draft of the publisher's. `dataset_id` and `source_id` are for harvests; `normal` says that
    the record has been through `entry.normalise`.

    Raises `NotAllowed`, or `Invalid` naming the fields that are wrong.
    """
    policy.require(work.caller, Action.CREATE, publisher_id)
    record = _admitted(work, record, normal=normal)
    dataset = Dataset(
        id=dataset_id or new_id(),
        slug=slugs.free(work, "dataset", record.slug or record.title["vi"]),
        publisher_id=publisher_id,
        source_id=source_id,
        state="draft",
        version=1,
        created=work.now,
    )
    _write(work, dataset, record)
    work.session.add(dataset)
    if not normal:  # a harvest writes many at once, and tries one by one what clashes
        slugs.settle(work)
    _write_resources(work, dataset, record.resources, known=())
    _write_topics(work, dataset, record.topics, fresh=True)
    remember(work, dataset, "create", record, [])
    return dataset


def edit(
    work: Work, dataset: Dataset, record: DatasetRecord, *, action: str = "edit", normal: bool = False
) -> bool:
    """Make the description equal to `record`; False when nothing changed. `normal` is for harvests, whose
    records have been cleaned and judged before. Raises `NotAllowed`, `Invalid`, and `NotPublishable` for
    a published dataset that would no longer pass the gate.

    Resources keep their ids: matched by id, then address, then name and format, then position.
    """
    policy.require(work.caller, Action.EDIT, dataset.publisher_id)
    before = record_of(work, dataset)
    known = resources_of(work, dataset)
    record = _admitted(work, record, normal=normal, before=before)
    record = replace(record, resources=_with_ids(record.resources, known))
    changes = difference(_comparable(before), _comparable(record))
    if record.slug and record.slug != dataset.slug:
        changes.append({"path": "slug", "before": dataset.slug, "after": record.slug})
        slugs.rename(work, "dataset", dataset, record.slug)
    if not changes:
        return False
    if dataset.state == "published" and not normal:
        _require_fit_for_the_public(work, dataset, record)
    dataset.version += 1
    _write(work, dataset, record)
    _write_resources(work, dataset, record.resources, known=known)
    _write_topics(work, dataset, record.topics)
    remember(work, dataset, action, record, changes)
    return True


def _require_fit_for_the_public(work: Work, dataset: Dataset, record: DatasetRecord) -> None:
    """A change of a published dataset is public at once: it passes the gate like a publication and, where
    the department wants a second pair of eyes, is left to those who may publish."""
    if publisher_of(work, dataset).second_approval:
        policy.require(work.caller, Action.PUBLISH, dataset.publisher_id)
    gate.require(replace(record, publisher=dataset.publisher_id), work.part(Vocabularies))


def touch(
    work: Work,
    dataset: Dataset,
    action: str,
    *,
    note: str | None = None,
    record: DatasetRecord | None = None,
) -> None:
    """Record a step that changes no field of the description (workflow); `record` spares reading it."""
    dataset.version += 1
    dataset.modified = work.now
    dataset.visibility = policy.visibility_of(dataset.state, dataset.publisher_id)
    changes = [{"path": "note", "before": None, "after": note}] if note else []
    remember(work, dataset, action, record or record_of(work, dataset), changes)


def get(work: Work, id_or_slug: str, *, lock: bool = False) -> Dataset:
    """A dataset the caller may see, by id, slug or former slug. With `lock` it is to be written to: others
    who want that wait, and see what it has become. Raises `NotFound`."""
    dataset = _find(work, id_or_slug)
    if dataset is not None and lock:
        dataset = work.find(Dataset, dataset.id, lock=True)
    if dataset is None or not policy.sees(work.caller, dataset.visibility):
        raise NotFound
    return dataset


def _find(work: Work, id_or_slug: str) -> Dataset | None:
    if is_id(id_or_slug):
        return work.find(Dataset, id_or_slug)
    found = work.session.scalar(select(Dataset).where(Dataset.slug == id_or_slug))
    if found is None and (object_id := slugs.former(work, "dataset", id_or_slug)):
        return work.session.get(Dataset, object_id)
    return found


def require_version(dataset: Dataset, version: int | None) -> None:
    """Raises `PreconditionFailed` when someone else changed the dataset meanwhile."""
    if version is not None and version != dataset.version:
        raise PreconditionFailed


def record_of(work: Work, dataset: Dataset) -> DatasetRecord:
    """The description as a record, resources included."""
    content = {**dataset.content, "slug": dataset.slug, "publisher": dataset.publisher_id}
    resources = [resource.content | {"id": resource.id} for resource in resources_of(work, dataset)]
    return entry.from_json(content | {"resources": resources})


def resources_of(work: Work, dataset: Dataset) -> Sequence[Resource]:
    query = select(Resource).where(Resource.dataset_id == dataset.id).order_by(Resource.position, Resource.id)
    return work.session.scalars(query).all()


def revisions(work: Work, dataset: Dataset, *, limit: int = 100) -> Sequence[DatasetRevision]:
    """Newest first. Raises `NotAllowed` unless the caller belongs to the department."""
    policy.require(work.caller, Action.VIEW_HISTORY, dataset.publisher_id)
    query = (
        select(DatasetRevision)
        .where(DatasetRevision.dataset_id == dataset.id)
        .order_by(DatasetRevision.version.desc())
        .limit(limit)
    )
    return work.session.scalars(query).all()


def remember(
    work: Work, dataset: Dataset, action: str, record: DatasetRecord, changes: list[dict[str, Any]]
) -> None:
    """Revision, audit event and outbox entry of one change, in its transaction."""
    work.session.add(
        DatasetRevision(
            dataset_id=dataset.id,
            version=dataset.version,
            at=work.now,
            by_id=work.caller.user_id,
            by_name=work.caller.name,
            action=action,
            state=dataset.state,
            changes=changes,
            record=entry.to_json(record),
        )
    )
    audit.record(work, f"dataset.{action}", "dataset", dataset.id, {"version": dataset.version})
    work.after("dataset", dataset.id)


def _admitted(
    work: Work, record: DatasetRecord, *, normal: bool, before: DatasetRecord | None = None
) -> DatasetRecord:
    record = record if normal else entry.normalise(record, work.part(Vocabularies), before=before)
    return replace(record, keywords=tags.canonical(work, record.keywords))


def _comparable(record: DatasetRecord) -> dict[str, Any]:
    return entry.to_json(replace(record, slug=None, publisher=None))


def _write(work: Work, dataset: Dataset, record: DatasetRecord) -> None:
    content = entry.to_json(replace(record, slug=None, publisher=None, resources=()))
    del content["resources"], content["slug"], content["publisher"]
    dataset.content = content
    dataset.access_level = record.access_level
    dataset.synthetic = record.synthetic
    dataset.sort_key = sort_key(record.title["vi"])[:1000]
    dataset.modified = work.now
    dataset.visibility = policy.visibility_of(dataset.state, dataset.publisher_id)


def _with_ids(wanted: Sequence[ResourceRecord], known: Sequence[Resource]) -> tuple[ResourceRecord, ...]:
    left = {resource.id: resource for resource in known}
    matched: dict[int, str] = {}
    for same in (_same_id, _same_address, _same_name):
        for index, record in enumerate(wanted):
            if index not in matched and (found := next((r for r in left.values() if same(record, r)), None)):
                matched[index] = found.id
                del left[found.id]
    if len(wanted) == len(known):
        matched |= {i: known[i].id for i in range(len(wanted)) if i not in matched and known[i].id in left}
    return tuple(replace(record, id=matched.get(index)) for index, record in enumerate(wanted))


def _same_id(record: ResourceRecord, resource: Resource) -> bool:
    return record.id == resource.id


def _same_address(record: ResourceRecord, resource: Resource) -> bool:
    known = {resource.content.get("download_url"), resource.content.get("access_url")} - {None}
    return bool(known & {record.download_url, record.access_url})


def _same_name(record: ResourceRecord, resource: Resource) -> bool:
    if record.file_name:
        return record.file_name == resource.file_name
    return (
        bool(record.title)
        and record.title == resource.content.get("title")
        and record.format == resource.format
    )


def _write_resources(
    work: Work, dataset: Dataset, records: Sequence[ResourceRecord], known: Sequence[Resource]
) -> None:
    kept = {resource.id: resource for resource in known}
    for position, record in enumerate(records):
        resource = kept.pop(record.id or "", None) or Resource(id=new_id(), dataset_id=dataset.id)
        content = entry.resource_to_json(record)
        resource.position = position
        resource.format = record.format
        resource.sha256 = record.sha256
        resource.file_name = record.file_name
        resource.media_type = record.media_type
        resource.byte_size = record.byte_size
        resource.access_level = record.access_level
        resource.content = content
        work.session.add(resource)
    if kept:
        work.session.execute(delete(Resource).where(Resource.id.in_(list(kept))))


def _write_topics(work: Work, dataset: Dataset, topic_slugs: Sequence[str], *, fresh: bool = False) -> None:
    if not fresh:
        work.session.execute(delete(DatasetTopic).where(DatasetTopic.dataset_id == dataset.id))
    if not topic_slugs:
        return
    rows = work.session.execute(select(Topic.id, Topic.slug).where(Topic.slug.in_(topic_slugs))).all()
    if unknown := sorted(set(topic_slugs) - {row.slug for row in rows}):
        raise Invalid(fields={"topics": N_("Không có chủ đề này.")}, topics=unknown)
    work.session.add_all(DatasetTopic(dataset_id=dataset.id, topic_id=row.id) for row in rows)


def publisher_of(work: Work, dataset: Dataset) -> Organization:
    organization = work.session.get(Organization, dataset.publisher_id)
    if organization is None:
        raise NotFound
    return organization
