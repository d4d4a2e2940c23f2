"""Which plan counts for a call: read once, remembered until a change is seen."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from opendata.base.kit.errors import Unavailable
from opendata.base.models import Organization, Plan, PlanVersion, Product, Subscription
from opendata.base.runtime import Platform, Work
from opendata.services.access.changes import Changes
from opendata.services.plans import defaults, plans
from opendata.services.plans.rules import Rule, compile_rules

KEPT = 100_000
EVERYTHING = "*"
"""Among the APIs of a product: the open data of the portal itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A plan as it counts for somebody: the rules of one version. `subscription` is empty where none was
    needed."""

    plan: str
    number: int
    rules: tuple[Rule, ...]
    page_max: int
    query_key_allowed: bool = False
    subscription: str = ""
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
        if found is not None:
            return found
        before = self._forgotten
        try:
            with self._platform.read() as work:
                found = self._read(work, owner, name)
        except (DBAPIError, PoolTimeout, Unavailable):
            return built_in(name if not owner else defaults.BASIC)
        with self._lock:
            if self._forgotten == before:
                self._known[owner, name] = found
                if len(self._known) > KEPT:
                    self._known.popitem(last=False)
        return found

    def _read(self, work: Work, owner: str, name: str) -> Terms:
        if not owner:
            return _newest(work, name)
        subscribed = _subscribed(work, name) if name else None
        if subscribed is not None:
            return subscribed
        return _newest(work, defaults.DEPARTMENT if _is_department(work, owner) else defaults.BASIC)

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
    version = plans.current(work, slug)
    if version is None:
        return built_in(slug)
    return _terms(work, version)


def _terms(work: Work, version: PlanVersion, subscription: Subscription | None = None) -> Terms:
    plan = work.session.get_one(Plan, version.plan_slug)
    rules = [dict(rule) for rule in version.rules]
    if subscription is not None:
        rules = _overridden(work, rules, subscription)
    return Terms(
        plan=version.plan_slug,
        number=version.number,
        rules=compile_rules(rules),
        page_max=version.page_max,
        query_key_allowed=plan.query_key_allowed,
        subscription=subscription.id if subscription else "",
    )


def _overridden(
    work: Work, rules: list[dict[str, object]], subscription: Subscription
) -> list[dict[str, object]]:
    """The rules with the amounts agreed with one subscriber, where the agreement is not over."""
    today = work.now.date().isoformat()
    agreed = {
        item["rule"]: item
        for item in subscription.overrides
        if item.get("until") is None or item["until"] >= today
    }
    for rule in rules:
        item = agreed.get(str(rule["name"]))
        if item is not None:
            rule["amount"] = item["amount"]
            if rule["algorithm"] == "gcra":
                rule["burst"] = item.get("burst") or item["amount"]
    return rules


def _subscribed(work: Work, application_id: str) -> Terms | None:
    """By the subscription to the product that bundles everything open."""
    rows = work.session.execute(
        select(Subscription, Product)
        .join(Product, Product.id == Subscription.product_id)
        .where(Subscription.application_id == application_id, Subscription.state == "active")
        .order_by(Subscription.requested_at, Subscription.id)
        .limit(100)
    )
    for subscription, product in rows:
        if EVERYTHING in product.apis:
            number = subscription.plan_number
            version = work.session.get_one(PlanVersion, (subscription.plan_slug, number))
            return _terms(work, version, subscription)
    return None


def _is_department(work: Work, owner: str) -> bool:
    kind, _, owner_id = owner.partition(":")
    if kind != "org":
        return False
    found = select(func.count()).where(Organization.id == owner_id, Organization.kind == "department")
    return bool(work.session.scalar(found))
