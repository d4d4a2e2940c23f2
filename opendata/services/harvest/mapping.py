"""From a raw record to the catalogue's form: the harvester's word, then defaults, then overrides. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import msgspec

from opendata.base.formats.record import Contact, DatasetRecord
from opendata.base.kit.errors import Invalid
from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.models import HarvestSource, Organization
from opendata.services.catalog import entry
from opendata.services.harvest.contract import Harvester
from opendata.services.harvest.ctx import Ctx, unclaimed
from opendata.services.harvest.file_list import FileReference
from opendata.services.harvest.items import Raw, Source
from opendata.services.harvest.problems import Problem, from_remarks

NEVER_DEFAULT = {"title", "slug", "publisher", "resources", "extras"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds for every record of a source.

    `publishers` maps body codes to organisation ids, `topics` are the slugs of those that exist.
    """

    source: Source
    defaults: Mapping[str, Any]
    contact: Mapping[str, Any] | None
    publisher: str
    publishers: Mapping[str, str]
    topics: frozenset[str]


@dataclass(frozen=True, slots=True)
class Translated:
    """`record.publisher` is an organisation's id; `files` names what is still to be stored."""

    record: DatasetRecord
    problems: list[Problem]
    files: Mapping[str, FileReference]


def rules(
    source: HarvestSource,
    seen: Source,
    organization: Organization,
    others: Mapping[str, str],
    topics: frozenset[str],
) -> Rules:
    """`others` are the codes of further bodies this source was allowed to speak for; `topics` exist."""
    own = {name: organization.id for name in (organization.code, organization.slug) if name}
    return Rules(
        source=seen,
        defaults=source.mapping.get("defaults") or {},
        contact=organization.contact,
        publisher=organization.id,
        publishers={**others, **own},
        topics=topics,
    )


def translate(
    harvester: Harvester,
    raw: Raw,
    rules: Rules,
    vocabularies: Vocabularies,
    *,
    guid: str,
    url: str | None,
    overrides: Mapping[str, Any],
) -> Translated:
    """Raises `RecordError`; `Invalid` when a default or an override does not fit its field."""
    ctx = Ctx(rules.source, vocabularies, guid=guid, url=url)
    record = unclaimed(harvester.dataset(raw, ctx))  # it need not have been made by `ctx.dataset`
    record = _filed(_owned(_completed(_dated(record), rules), rules), rules, ctx)
    return Translated(_overridden(record, overrides), from_remarks(ctx.warnings), ctx.files.references)


def _dated(record: DatasetRecord) -> DatasetRecord:
    """A source that tells of one date of change alone tells of the data by it."""
    if record.last_update or not record.modified:
        return record
    return replace(record, last_update=record.modified)


def _completed(record: DatasetRecord, rules: Rules) -> DatasetRecord:
    """The source's defaults where the record is silent; the department's office where it names none."""
    silent = {
        name: value
        for name, value in rules.defaults.items()
        if name not in NEVER_DEFAULT and not getattr(record, name, True)
    }
    if silent:
        record = replace(record, **_typed(silent))
    if not record.contact and rules.contact:
        record = replace(record, contact=(msgspec.convert(dict(rules.contact), Contact),))
    return record


def _owned(record: DatasetRecord, rules: Rules) -> DatasetRecord:
    """Whose a record is, is not the source's to say: a claim counts only where the source was allowed it."""
    claimed = str(record.publisher or record.extras.get("source_publisher") or "")
    found = rules.publishers.get(claimed)
    extras = dict(record.extras)
    if found:
        extras.pop("source_publisher", None)
    return replace(record, publisher=found or rules.publisher, extras=extras)


def _filed(record: DatasetRecord, rules: Rules, ctx: Ctx) -> DatasetRecord:
    """Under the topics the portal has; a source cannot make new ones."""
    for topic in record.topics:
        if topic not in rules.topics:
            ctx.warn("$.topics", "unknown_topic", topic)
    return replace(record, topics=tuple(topic for topic in record.topics if topic in rules.topics))


def _overridden(record: DatasetRecord, overrides: Mapping[str, Any]) -> DatasetRecord:
    known = {name: value for name, value in overrides.items() if name not in {"publisher", "resources"}}
    return replace(record, **_typed(known)) if known else record


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON values as the types of their fields. Raises `Invalid` naming the field."""
    types = {field.name for field in fields(DatasetRecord)}
    if unknown := sorted(set(values) - types):
        raise Invalid(fields=dict.fromkeys(unknown, Invalid.message))
    probe = entry.from_json({"title": {"vi": "-"}, **values})
    return {name: getattr(probe, name) for name in values}
