"""The map and validate phases: what is new or changed becomes a normal record, a noise, or a quarantine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from opendata.base.kit.errors import Invalid
from opendata.base.kit.ids import harvested_id
from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.models import Dataset, HarvestOverride, HarvestRecord, HarvestSpool, Organization, Topic
from opendata.base.runtime import Work
from opendata.services.harvest import blobs, mapping, sources, storing, validate
from opendata.services.harvest.access import Access
from opendata.services.harvest.compare import TRANSLATED
from opendata.services.harvest.execution import Execution
from opendata.services.harvest.items import RecordError
from opendata.services.harvest.mapping import Rules
from opendata.services.harvest.problems import Problem, as_json, from_error, from_invalid

BATCH = 200


@dataclass(frozen=True, slots=True)
class State:
    """What the catalogue holds of a record now."""

    norm_hash: str | None = None
    record_state: str | None = None
    dataset_state: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Some spooled records with all that is needed to translate them."""

    rows: Sequence[Row[Any]]
    raws: Mapping[str, Any]
    states: Mapping[str, State]
    overrides: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A record's final class with what is to be applied: `body` are the plain bytes of its normal form."""

    class_: str
    body: bytes | None = None
    problems: tuple[Problem, ...] = ()


def translate(run: Execution, io: Access) -> None:
    """Repeating it gives the same outcome: everything is read from the spool and its blobs."""
    translator = Translator(run, io)
    last = -1
    while rows := _waiting(run, last):
        last = rows[-1].ordinal
        batch = _batch(run, rows)
        _write(run, rows, {row.ordinal: translator.outcome(row, batch) for row in rows})


class Translator:
    """Turns one spooled record into what is to be applied."""

    def __init__(self, run: Execution, io: Access) -> None:
        self._run, self._io = run, io
        self._rules = rules_of(run)
        self._vocabularies = run.platform.part(Vocabularies)

    def outcome(self, row: Any, batch: Batch) -> Outcome:
        state = batch.states.get(row.guid, State())
        if row.raw_hash not in batch.raws:
            return Outcome("quarantined", problems=(Problem("error", "raw_gone", "$"),))
        try:
            translated = self._translated(row, batch)
            record, odd = storing.store(self._run, self._io, translated.record, translated.files)
        except RecordError as error:
            return Outcome("quarantined", problems=(from_error(error),))
        except Invalid as error:
            return Outcome("quarantined", problems=tuple(from_invalid(error, {})))
        verdict = validate.judge(record, self._vocabularies, published=state.dataset_state == "published")
        problems = (*verdict.problems, *translated.problems, *odd)
        if verdict.content is None:
            return Outcome("quarantined", problems=problems)
        body = blobs.plain(verdict.content)
        noise = state.record_state == "current" and state.norm_hash == blobs.address(body)
        return Outcome("noise" if noise else row.class_, body, problems)

    def _translated(self, row: Any, batch: Batch) -> mapping.Translated:
        """A harvester that stumbles over a record costs that record; the trace is found by its id."""
        try:
            return mapping.translate(
                self._run.harvester,
                batch.raws[row.raw_hash],
                self._rules,
                self._vocabularies,
                guid=row.guid,
                url=row.url,
                overrides=batch.overrides.get(row.guid, {}),
            )
        except (RecordError, Invalid):
            raise
        except Exception as error:
            trace = self._run.log_bug(error, guid=row.guid)
            raise RecordError(row.guid, "$", "plugin_bug", f"{type(error).__name__}, {trace}") from error


def rules_of(run: Execution) -> Rules:
    """What holds for every record of the source, bodies it may speak for included."""
    allowed = run.source.policy.get("publishers") or []
    with run.read() as work:
        query = select(Organization.code, Organization.id).where(Organization.code.in_(list(allowed)))
        others = {code: organization_id for code, organization_id in work.session.execute(query) if code}
        topics = frozenset(work.session.scalars(select(Topic.slug)))
    return mapping.rules(run.source, sources.as_translated(run.source), run.organization, others, topics)


def _batch(run: Execution, rows: Sequence[Row[Any]]) -> Batch:
    guids = [row.guid for row in rows]
    with run.read() as work:
        return Batch(
            rows,
            blobs.load(work, {row.raw_hash for row in rows if row.raw_hash}),
            _states(work, run.source.id, guids),
            _overrides(work, run.source.id, guids),
        )


def _waiting(run: Execution, last: int) -> Sequence[Row[Any]]:
    query = (
        select(
            HarvestSpool.ordinal,
            HarvestSpool.guid,
            HarvestSpool.raw_hash,
            HarvestSpool.url,
            HarvestSpool.class_,
        )
        .where(HarvestSpool.run_id == run.spool, HarvestSpool.class_.in_(TRANSLATED))
        .where(HarvestSpool.ordinal > last)
        .order_by(HarvestSpool.ordinal)
        .limit(BATCH)
    )
    with run.read() as work:
        return work.session.execute(query).all()  # type: ignore[no-any-return]


def _states(work: Work, source_id: str, guids: Sequence[str]) -> dict[str, State]:
    rows = work.session.execute(
        select(HarvestRecord.guid, HarvestRecord.norm_hash, HarvestRecord.state, Dataset.state)
        .outerjoin(Dataset, Dataset.id == HarvestRecord.dataset_id)
        .where(HarvestRecord.source_id == source_id, HarvestRecord.guid.in_(guids))
    )
    return {guid: State(norm, record, dataset) for guid, norm, record, dataset in rows}


def _overrides(work: Work, source_id: str, guids: Sequence[str]) -> dict[str, dict[str, Any]]:
    by_id = {harvested_id(source_id, guid): guid for guid in guids}
    rows = work.session.execute(
        select(HarvestOverride.dataset_id, HarvestOverride.field, HarvestOverride.value).where(
            HarvestOverride.dataset_id.in_(by_id)
        )
    )
    found: dict[str, dict[str, Any]] = {}
    for dataset_id, name, value in rows:
        found.setdefault(by_id[dataset_id], {})[name] = value
    return found


def _tell(run: Execution, guid: str, problems: Sequence[Problem]) -> None:
    """Events of what was lost or refused. A draft's reasons stand with its record: they are no events."""
    severities = {problem.severity for problem in problems}
    run.counts.update(severities)
    for problem in problems:
        if problem.severity != "held":
            run.events.problem(guid, problem)


def _write(run: Execution, rows: Sequence[Row[Any]], outcomes: Mapping[int, Outcome]) -> None:
    bodies = {row.ordinal: body for row in rows if (body := outcomes[row.ordinal].body) is not None}
    for row in rows:
        _tell(run, row.guid, outcomes[row.ordinal].problems)
    changes = [
        {
            "spool": run.spool,
            "at": ordinal,
            "name": outcome.class_,
            "norm": blobs.address(bodies[ordinal]) if ordinal in bodies else None,
            "odd": as_json(outcome.problems),
        }
        for ordinal, outcome in outcomes.items()
    ]
    table = HarvestSpool.__table__
    with run.step() as work:
        blobs.store(work, {blobs.address(body): body for body in bodies.values()})
        work.session.connection().execute(
            update(HarvestSpool)
            .where(table.c.run_id == bindparam("spool"), table.c.ordinal == bindparam("at"))
            .values(
                {"class": bindparam("name"), "norm_hash": bindparam("norm"), "problem": bindparam("odd")}
            ),
            changes,
        )
