"""Harvest sources: where data comes from, whose it is, and what may be done with it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from marshmallow import ValidationError
from sqlalchemy import select

from opendata.base.kit.errors import N_, Conflict, Invalid, NotFound
from opendata.base.kit.ids import is_id
from opendata.base.kit.vietnamese import clean, slugify, sort_key
from opendata.base.models import HarvestSource
from opendata.base.runtime import Caller, Work
from opendata.services.access import audit, policy
from opendata.services.access.policy import Action
from opendata.services.catalog.entry import is_web_address
from opendata.services.harvest import schedules
from opendata.services.harvest.contract import Harvester
from opendata.services.harvest.items import Source
from opendata.services.harvest.registry import HarvesterTypes

MASK = "***"
MOVES = {
    "accept": ({"draft", "refused", "paused"}, "accepted"),
    "refuse": ({"draft"}, "refused"),
    "pause": ({"accepted"}, "paused"),
    "retire": ({"draft", "accepted", "refused", "paused"}, "retired"),
}


class WrongSourceState(Conflict):
    code = "wrong_state"
    message = N_("Nguồn đang ở trạng thái không cho phép bước này.")


def create(
    work: Work,
    *,
    type: str,  # noqa: A002  # the word of the field
    url: str,
    title: str,
    organization_id: str,
    slug: str | None = None,
    config: Mapping[str, Any] | None = None,
    mapping: Mapping[str, Any] | None = None,
    policy_: Mapping[str, Any] | None = None,
    schedule: str | None = None,
) -> HarvestSource:
    """A draft source. `config` is checked by the schema of its type; secrets are kept apart and never shown.

    `mapping` may hold `defaults` (values for empty fields of every record) and `language`. `policy_` may
    hold `publish` ("auto" or "draft") and `publishers` (codes of bodies whose records this source may carry
    besides those of its own). `schedule`: see `schedules`. Raises `NotAllowed`, `Invalid`.
    """
    policy.require(work.caller, Action.HARVEST_EDIT, organization_id)
    harvester = work.part(HarvesterTypes).get(type)
    _check_place(harvester, url, title)
    public, secret = _split(harvester, _checked(harvester, config or {}))
    source = HarvestSource(
        slug=_free_slug(work, slug or title),
        title=clean(title),
        type=type,
        url=url,
        config=public,
        secret=_packed(secret),
        organization_id=organization_id,
        mapping=dict(mapping or {}),
        policy=dict(policy_ or {}),
        schedule=schedules.checked(schedule),
        created=work.now,
    )
    work.session.add(source)
    work.session.flush()
    audit.record(work, "harvest_source.create", "harvest_source", source.id, {"type": type})
    return source


def edit(
    work: Work,
    source: HarvestSource,
    *,
    url: str | None = None,
    title: str | None = None,
    config: Mapping[str, Any] | None = None,
    mapping: Mapping[str, Any] | None = None,
    policy_: Mapping[str, Any] | None = None,
) -> None:
    """Change what is given. Secrets left out of `config` stay as they are; a new address drops them.

    Whatever can change records raises `mapping_version`, so that the next run translates all of them.
    """
    policy.require(work.caller, Action.HARVEST_EDIT, source.organization_id)
    harvester = work.part(HarvesterTypes).get(source.type)
    _check_place(harvester, url or source.url, title or source.title)
    moved = url is not None and url != source.url
    if config is not None:
        kept = {} if moved else _unpacked(source.secret)
        source.config, secret = _split(harvester, _checked(harvester, kept | dict(config)))
        source.secret = _packed(secret)
    elif moved:
        source.secret = None
    source.url = url or source.url
    source.title = clean(title) if title else source.title
    source.policy = dict(policy_) if policy_ is not None else source.policy
    if mapping is not None and dict(mapping) != source.mapping:
        source.mapping = dict(mapping)
        source.mapping_version += 1
    source.etag = source.cursor = None
    audit.record(work, "harvest_source.edit", "harvest_source", source.id)
    work.session.flush()


def step(work: Work, source: HarvestSource, name: str) -> None:
    """accept, refuse, pause or retire. Raises `NotAllowed`, `WrongSourceState`."""
    policy.require(work.caller, Action.HARVEST_ACCEPT, source.organization_id)
    before, after = MOVES[name]
    if source.state not in before:
        raise WrongSourceState
    source.state = after
    _plan(work, source)
    audit.record(work, f"harvest_source.{name}", "harvest_source", source.id)
    work.session.flush()


def reschedule(work: Work, source: HarvestSource, schedule: str | None) -> None:
    """Run it at other times; with none only by hand. Raises `NotAllowed`, `Invalid`."""
    policy.require(work.caller, Action.HARVEST_EDIT, source.organization_id)
    source.schedule = schedules.checked(schedule)
    _plan(work, source)
    audit.record(work, "harvest_source.edit", "harvest_source", source.id, {"schedule": source.schedule})
    work.session.flush()


def next_due(work: Work, source: HarvestSource) -> datetime | None:
    """When a run is due next; None for a source without a schedule."""
    if not source.schedule:
        return None
    zone = ZoneInfo(work.platform.settings.time_zone)
    return schedules.following(source.schedule, source.id, work.shared_now, zone)


def _plan(work: Work, source: HarvestSource) -> None:
    source.next_due = next_due(work, source) if source.state == "accepted" else None


def accept(work: Work, source: HarvestSource) -> None:
    step(work, source, "accept")


def pause(work: Work, source: HarvestSource) -> None:
    step(work, source, "pause")


def get(work: Work, id_or_slug: str) -> HarvestSource:
    """A source of a department the caller belongs to. Raises `NotFound`."""
    column = HarvestSource.id if is_id(id_or_slug) else HarvestSource.slug
    source = work.session.scalar(select(HarvestSource).where(column == id_or_slug))
    if source is None or not policy.allows(work.caller, Action.HARVEST_VIEW, source.organization_id):
        raise NotFound
    return source


def visible(work: Work, *, limit: int = 500) -> Sequence[HarvestSource]:
    """The sources the caller may see, by title."""
    query = select(HarvestSource).order_by(HarvestSource.id).limit(limit)
    if not policy.allows(work.caller, Action.HARVEST_ACCEPT):
        query = query.where(HarvestSource.organization_id.in_(own(work.caller)))
    return sorted(work.session.scalars(query), key=lambda source: (sort_key(source.title), source.id))


def secret_names(source: HarvestSource) -> tuple[str, ...]:
    """Which secrets are set; their values are never shown."""
    return tuple(sorted(_unpacked(source.secret)))


def masked(source: HarvestSource, text: str) -> str:
    """The text without any value of the source's secrets, for events, logs and answers."""
    values = (str(value) for value in _unpacked(source.secret).values())
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, MASK) if value else text
    return text


def as_listed(source: HarvestSource) -> Source:
    """The source as its harvester sees it while listing, secrets included."""
    public = as_translated(source)
    config = {**public.config, **_unpacked(source.secret)}
    return Source(
        id=source.id,
        type=source.type,
        url=source.url,
        title=source.title,
        config=config,
        language=public.language,
    )


def as_translated(source: HarvestSource) -> Source:
    """The source as its harvester sees it while translating: without secrets."""
    return Source(
        id=source.id,
        type=source.type,
        url=source.url,
        title=source.title,
        config=dict(source.config),
        language=str(source.mapping.get("language") or source.config.get("language") or "vi"),
    )


def own(caller: Caller) -> list[str]:
    """The departments whose sources the caller may see."""
    return [
        organization_id
        for organization_id in caller.roles
        if policy.allows(caller, Action.HARVEST_VIEW, organization_id)
    ]


def _check_place(harvester: Harvester, url: str, title: str) -> None:
    problems: dict[str, str] = {}
    if not clean(title):
        problems["title"] = N_("Cần có tên nguồn.")
    if "http" in harvester.needs and not is_web_address(url):
        problems["url"] = N_("Địa chỉ phải bắt đầu bằng http:// hoặc https://.")
    if "folder" in harvester.needs and not url.removeprefix("file://").startswith("/"):
        problems["url"] = N_("Cần đường dẫn đầy đủ của thư mục.")
    if problems:
        raise Invalid(fields=problems)


def _checked(harvester: Harvester, config: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return dict(harvester.config().load(dict(config)))
    except ValidationError as error:
        named = error.messages_dict
        raise Invalid(fields={f"config.{name}": _sentence(texts) for name, texts in named.items()}) from error


def _sentence(texts: Any) -> str:
    return "; ".join(map(str, texts)) if isinstance(texts, list) else str(texts)


def _split(harvester: Harvester, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what may be shown, secrets), both in the JSON form the schema loads again."""
    schema = harvester.config()
    plain: dict[str, Any] = dict(schema.dump(config))
    names = {name for name, field in schema.fields.items() if field.metadata.get("secret")}
    secret = {name: config[name] for name in names if config.get(name)}
    return {name: value for name, value in plain.items() if name not in names}, secret


def _packed(secret: Mapping[str, Any]) -> str | None:
    return orjson.dumps(dict(secret)).decode() if secret else None


def _unpacked(secret: str | None) -> dict[str, Any]:
    return dict(orjson.loads(secret)) if secret else {}


def _free_slug(work: Work, title: str) -> str:
    base = slugify(title) or "source"
    query = select(HarvestSource.slug).where(
        (HarvestSource.slug == base) | HarvestSource.slug.like(f"{base}-%")
    )
    taken = set(work.session.scalars(query))
    names = [base, *(f"{base}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)
