"""The quotas that the calls of an application draw from, as they stand: each by what its rule counts by."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from opendata.base.models import ApiKey, QuotaLedger
from opendata.base.runtime import Work
from opendata.services.plans.book import Terms
from opendata.services.plans.gate import Context, PlanGate
from opendata.services.plans.reports import exhausted_on
from opendata.services.plans.rules import SHORT, Rule, period, period_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """`ends`: when it begins anew; of a window that slides, when all of it is back. `key` is the name of the
    key whose it is, where each counts for itself."""

    rule: Rule
    used: int
    ends: datetime
    exhausted_on: datetime | None = None
    key: str = ""

    @property
    def share(self) -> int:
        """In percent, 100 at most."""
        return min(100, round(self.used * 100 / self.rule.amount))


@dataclass(frozen=True, slots=True)
class Drawing:
    """What calls are counted as. `rules` are those that count by it."""

    context: Context
    rules: tuple[Rule, ...]
    key: str = ""


def drawings(terms: Terms, owner: str, application_id: str, keys: Sequence[ApiKey]) -> list[Drawing]:
    """Whatever keys it has, an application draws from most quotas as one; from those by key with each. What
    is counted by network is nobody's own."""
    quotas = [rule for rule in terms.counted if rule.seconds > SHORT and rule.partition != "ip"]
    shared = tuple(rule for rule in quotas if rule.partition != "key")
    by_key = tuple(rule for rule in quotas if rule.partition == "key")
    each = keys if by_key else ()
    return [
        Drawing(Context(terms, "", owner, application_id), shared),
        *(Drawing(Context(terms, "", owner, application_id, key.id), by_key, key.name) for key in each),
    ]


def of_periods(work: Work, gate: PlanGate, drawn: Sequence[Drawing]) -> Iterator[Quota]:
    """Of days and months that have begun to be used, by the ledger."""
    for drawing in drawn:
        for rule in drawing.rules:
            if rule.algorithm != "calendar":
                continue
            begins, ends = period(rule.window, work.now, gate.zone)
            subject = drawing.context.subject(rule.partition)
            cell = work.session.get(QuotaLedger, (subject, rule.name, period_name(rule.window, begins)))
            if cell is not None:
                last = exhausted_on(cell, work.now, begins, ends)
                yield Quota(rule=rule, used=cell.used, ends=ends, exhausted_on=last, key=drawing.key)


def sliding(gate: PlanGate, drawn: Sequence[Drawing], now: datetime) -> Iterator[Quota]:
    """Of windows that slide and have something in them, by the counters: no transaction waits for these."""
    for drawing in drawn:
        if not any(rule.algorithm == "sliding" for rule in drawing.rules):
            continue
        for line in gate.standing(drawing.context):
            used = line.rule.amount - line.remaining
            if line.rule in drawing.rules and line.rule.algorithm == "sliding" and used > 0:
                ends = now + timedelta(seconds=line.reset)
                yield Quota(rule=line.rule, used=used, ends=ends, key=drawing.key)
