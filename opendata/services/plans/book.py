"""Which plan counts for a call: read once, remembered until a change is seen."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from opendata.base.kit.errors import Unavailable
from opendata.base.models import Organization, Plan, PlanVersion, Product, Subscription
from opendata.base.runtime import Platform, Work
from opendata.services.access.changes import Changes
from opendata.services.plans import agreements, defaults, plans
from opendata.services.plans.rules import Rule, compile_rules, period

KEPT = 100_000
AGAIN_SECONDS = 5.0
"""After which terms that are over are read again where the database did not answer. Until then they count."""
EVERYTHING = "*"
"""Among the APIs of a product: the open data of the portal itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """A subscription that would bring its plan if it did not wait to be approved or were not paused."""

    id: str
    product: str
    plan: str
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A plan as it counts for somebody: the rules of one version. `subscription` is empty where none was
    needed; `draws_on` is the one whose quotas it draws on."""

    plan: str
    number: int
    rules: tuple[Rule, ...]
    page_max: int
    query_key_allowed: bool = False
    subscription: str = ""
    draws_on: str = ""
    held_back: tuple[HeldBack, ...] = ()
    """In whose place the plan counts."""
    until: float = field(default=inf, compare=False)
    """When others take their place without anybody's doing (epoch)."""
    counted: tuple[Rule, ...] = field(init=False, repr=False)
    """The rules that cells count, those of requests first."""
    partitions: tuple[str, ...] = field(init=False, repr=False)
    """What its rules count by, each once."""
    by_bytes: bool = field(init=False, repr=False)
    """Whether a rule counts the bytes of answers."""
    serial: int = field(init=False, repr=False, compare=False, default_factory=count().__next__)
    """Another each time a plan is read: what was leased by rules that have changed is asked for anew."""
    memory: dict[Any, Any] = field(init=False, repr=False, compare=False, default_factory=dict)
    """What follows from it again and again, by whoever uses it."""

    def __post_init__(self) -> None:
        counted = [rule for rule in self.rules if rule.unit != "concurrent"]
        counted.sort(key=lambda rule: rule.unit != "requests")
        object.__setattr__(self, "counted", tuple(counted))
        object.__setattr__(self, "partitions", tuple(dict.fromkeys(rule.partition for rule in self.rules)))
        object.__setattr__(self, "by_bytes", any(rule.unit == "bytes" for rule in self.rules))

    def times(self, factor: int) -> "Terms":
        """The same with so many times the amounts."""
        if factor == 1:
            return self
        told: Terms | None = self.memory.get(f"times {factor}")
        if told is None:
            more = tuple(
                replace(rule, amount=rule.amount * factor, burst=rule.burst * factor) for rule in self.rules
            )
            told = self.memory[f"times {factor}"] = replace(self, rules=more)
        return told


class PlanBook:
    """One per process."""

    def __init__(self, platform: Platform, changes: Changes) -> None:
        self._platform = platform
        self._changes = changes
        self._known: OrderedDict[tuple[str, str], Terms] = OrderedDict()
        self._lock = threading.Lock()
        self._forgotten = 0
        for object_id, version in (
            (PlanVersion.plan_slug, PlanVersion.version),
            (Subscription.id, Subscription.version),
            (Product.id, Product.version),
        ):
            changes.follow(object_id, version, self.forget)

    def anonymous(self, factor: int = 1) -> Terms:
        """The open plan; for an address that counts as `factor` of them, so many times its amounts."""
        return self._looked_up("", defaults.ANONYMOUS).times(factor)

    def of(self, owner: str, application_id: str = "", *, env: str = "live") -> Terms:
        """What a person, or an application of `owner`, may do with the open data of the portal."""
        if env == "test":
            return self._looked_up("", defaults.TEST)
        return self._looked_up(owner, application_id)

    def _looked_up(self, owner: str, name: str) -> Terms:
        self._changes.current()
        found = self._known.get((owner, name))
        if found is not None and (found.until == inf or self._is_in_time(owner, name, found)):
            return found
        before = self._forgotten
        try:
            with self._platform.read() as work:
                found = self._read(work, owner, name)
        except (DBAPIError, PoolTimeout, Unavailable):
            if found is None:
                return built_in(name if not owner else defaults.BASIC)
            found = replace(found, until=self._now() + AGAIN_SECONDS)
        with self._lock:
            if self._forgotten == before:
                self._known[owner, name] = found
                if len(self._known) > KEPT:
                    self._known.popitem(last=False)
        return found

    def _is_in_time(self, owner: str, name: str, found: Terms) -> bool:
        """False for the one who is to read them anew; the others go on by them meanwhile."""
        now = self._now()
        if now < found.until:
            return True
        with self._lock:
            held = self._known.get((owner, name))
            if held is None or held.until <= now:
                self._known[owner, name] = replace(found, until=now + AGAIN_SECONDS)
                return False
        return True

    def _now(self) -> float:
        return self._platform.clock().timestamp()

    def _read(self, work: Work, owner: str, name: str) -> Terms:
        if not owner:
            return _newest(work, name)
        subscribed = _subscribed(work, name) if name else None
        if subscribed is not None:
            return subscribed
        usual = _newest(work, defaults.DEPARTMENT if _is_department(work, owner) else defaults.BASIC)
        held_back = _held_back(work, name) if name else ()
        return replace(usual, held_back=held_back) if held_back else usual

    def forget(self, ids: list[str] | None = None) -> None:
        """Something changed. Plans change seldom: all are read anew."""
        if ids is not None and not ids:
            return
        with self._lock:
            self._forgotten += 1
            self._known.clear()


@cache
def built_in(slug: str) -> Terms:
    """A plan as this release has it, where the database has none or does not answer. Always the same one:
    what was leased by it is used by the next call."""
    plan = defaults.DEFAULTS[slug]
    return Terms(
        plan=slug,
        number=0,
        rules=compile_rules(plan.rules, partition=plan.partition),
        page_max=plan.page_max,
        query_key_allowed=plan.query_key_allowed,
    )


def _newest(work: Work, slug: str) -> Terms:
    """The version that counts now, until another begins."""
    begins = plans.next_begin(work, slug)  # first: what begins right now is found by one of the two
    version = plans.current(work, slug)
    terms = built_in(slug) if version is None else _terms(work, version)
    return terms if begins is None else replace(terms, until=begins.timestamp())


def _terms(work: Work, version: PlanVersion, subscription: Subscription | None = None) -> Terms:
    plan = work.session.get_one(Plan, version.plan_slug)
    rules = [dict(rule) for rule in version.rules]
    until = inf
    if subscription is not None:
        rules, until = _overridden(work, rules, subscription)
    return Terms(
        plan=version.plan_slug,
        number=version.number,
        rules=compile_rules(rules),
        page_max=version.page_max,
        query_key_allowed=plan.query_key_allowed,
        subscription=subscription.id if subscription else "",
        draws_on=_first_of(work, subscription) if subscription else "",
        until=until,
    )


def _first_of(work: Work, subscription: Subscription) -> str:
    """The first of the same application to the same product: who ends a subscription and asks for another
    goes on with what was used."""
    query = select(Subscription.id).where(
        Subscription.application_id == subscription.application_id,
        Subscription.product_id == subscription.product_id,
    )
    return work.session.scalars(query.order_by(Subscription.requested_at, Subscription.id).limit(1)).one()


def _overridden(
    work: Work, rules: list[dict[str, object]], subscription: Subscription
) -> tuple[list[dict[str, object]], float]:
    """The rules with the amounts agreed with one subscriber, where the agreement is not over: it ends with
    its last day in the city. And the time until which that is so: where a day is named, it is looked at anew
    on each."""
    zone = ZoneInfo(work.platform.settings.time_zone)
    midnight = period("calday", work.now, zone)[1].timestamp()  # first: a day that ends right now is over
    agreed = {item["rule"]: item for item in agreements.standing(work, subscription)}
    dated = any(item.get("until") is not None for item in agreed.values())
    for rule in rules:
        item = agreed.get(str(rule["name"]))
        if item is not None:
            rule["amount"] = item["amount"]
            if rule["algorithm"] == "gcra":
                rule["burst"] = item.get("burst") or item["amount"]
    return rules, midnight if dated else inf


def _subscribed(work: Work, application_id: str) -> Terms | None:
    """By the subscription to the product that bundles everything open."""
    for subscription, _ in _to_everything(work, application_id, ("active",)):
        number = subscription.plan_number
        version = work.session.get_one(PlanVersion, (subscription.plan_slug, number))
        return _terms(work, version, subscription)
    return None


def _held_back(work: Work, application_id: str) -> tuple[HeldBack, ...]:
    return tuple(
        HeldBack(id=item.id, product=product.slug, plan=item.plan_slug, state=item.state, reason=item.reason)
        for item, product in _to_everything(work, application_id, ("pending", "paused"))
    )


def _to_everything(
    work: Work, application_id: str, states: tuple[str, ...]
) -> Iterator[tuple[Subscription, Product]]:
    rows = work.session.execute(
        select(Subscription, Product)
        .join(Product, Product.id == Subscription.product_id)
        .where(Subscription.application_id == application_id, Subscription.state.in_(states))
        .order_by(Subscription.requested_at, Subscription.id)
        .limit(100)
    )
    for subscription, product in rows:
        if EVERYTHING in product.apis:
            yield subscription, product


def _is_department(work: Work, owner: str) -> bool:
    kind, _, owner_id = owner.partition(":")
    if kind != "org":
        return False
    found = select(func.count()).where(Organization.id == owner_id, Organization.kind == "department")
    return bool(work.session.scalar(found))
