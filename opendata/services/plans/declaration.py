"""Plans, products and subscriptions as one document: written out, compared, and brought about.

    plans:
      partner: {title: {vi: Đối tác}, counted_by: subscription, limits: [100/second burst 200]}
    products:
      lich-tau: {organization: so-giao-thong, plan: partner, approval: manual, title: {vi: Lịch tàu}}
    subscriptions:
      - {application: app_…, product: lich-tau, plan: partner, state: active}

What the document does not name stays as it is. A plan that differs gets a new version; what was used stays
used. Steps of subscriptions are taken as if by hand, each with its audit row and its notice.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sqlalchemy import select

from opendata.base.kit.errors import N_, Invalid
from opendata.base.models import Application, Organization, Plan, PlanVersion, Product, Subscription
from opendata.base.runtime import Work
from opendata.services.access import policy
from opendata.services.access.policy import Action
from opendata.services.plans import plans, products, rules, subscriptions

SECTIONS = ("plans", "products", "subscriptions")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return type(value) is int


def _is_yes_or_no(value: Any) -> bool:
    return isinstance(value, bool)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_by_language(value: Any) -> bool:
    return isinstance(value, Mapping) and all(map(_is_text, [*value, *value.values()]))


def _or_none(kind: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or kind(value)


_PLAN_FIELDS = {
    "title": _is_by_language,
    "counted_by": _is_text,
    "limits": _is_list,
    "page_max": _is_number,
    "self_service": _is_yes_or_no,
    "query_key_allowed": _is_yes_or_no,
}
_OFFERED = {
    "title": _is_by_language,
    "description": _is_by_language,
    "apis": _are_texts,
    "datasets": _are_texts,
    "visibility": _is_text,
    "approval": _is_text,
    "decide_by_days": _is_number,
    "terms": _is_by_language,
    "terms_revision": _is_number,
}
_PRODUCT_FIELDS = {"organization": _or_none(_is_text), "plan": _is_text, **_OFFERED}
_SUBSCRIPTION_FIELDS = {
    "application": _is_text,
    "product": _is_text,
    "plan": _is_text,
    "state": _is_text,
    "terms_accepted": _or_none(_is_number),
}
STEP_TO = {
    (before, after): step for step, (possible, after) in subscriptions.STEPS.items() for before in possible
}
"""By state and the state that is wanted."""
REASON = N_("Theo tệp khai báo của quản trị cổng.")


@dataclass(frozen=True, slots=True)
class Difference:
    """`fields` maps a field to what it is (None for what is new) and what it is to be."""

    section: str
    name: str
    new: bool
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


def export(work: Work) -> dict[str, Any]:
    """Everything there is, final subscriptions left out. For operators."""
    policy.require(work.caller, Action.PLATFORM)
    return {
        "plans": {plan.slug: _plan(plan, version) for plan, version in plans.listing(work, limit=10_000)},
        "products": _products(work),
        "subscriptions": _subscriptions(work),
    }


def compare(work: Work, wanted: Mapping[str, Any]) -> list[Difference]:
    """What `apply` would do, in its order. Raises `Invalid` for a document that says nothing sensible."""
    policy.require(work.caller, Action.PLATFORM)
    _require_shape(wanted)
    named = _plans_in(wanted)
    found = [
        *_compared("plans", _known_plans(work, named), named),
        *_compared("products", _products(work), wanted.get("products") or {}),
        *_compared_subscriptions(_subscriptions(work), wanted.get("subscriptions") or []),
    ]
    _require_owners_kept(found)
    return found


def apply(work: Work, wanted: Mapping[str, Any]) -> list[Difference]:
    """Bring it about, all or nothing; what was done. Raises `Invalid`, `NotFound`, `StepNotPossible`."""
    found = compare(work, wanted)
    doing = {"plans": _write_plan, "products": _offer, "subscriptions": _settle}
    for difference in found:
        doing[difference.section](work, difference)
    return found


# --- how things are written -----------------------------------------------------------------------


def _known_plans(work: Work, slugs: Iterable[str]) -> dict[str, Any]:
    """Those of these names that can be subscribed to."""
    known = {}
    for slug in slugs:
        plan, version = work.session.get(Plan, slug), plans.current(work, slug)
        if plan is not None and version is not None and not plan.retired:
            known[slug] = _plan(plan, version)
    return known


def _products(work: Work) -> dict[str, Any]:
    return {item.slug: _product(work, item) for item in products.managed(work, limit=10_000)}


def _subscriptions(work: Work) -> list[dict[str, Any]]:
    return [
        {
            "application": item.application_id,
            "product": wanted.slug,
            "plan": item.plan_slug,
            "state": item.state,
            "terms_accepted": item.terms_accepted,
        }
        for item, wanted, _ in subscriptions.to_decide(work, limit=100_000)
    ]


def _plan(plan: Plan, version: PlanVersion) -> dict[str, Any]:
    compiled = rules.compile_rules(version.rules)
    return {
        "title": plan.title,
        "counted_by": compiled[0].partition,
        "limits": [_limit(rule, compiled[0].partition) for rule in compiled],
        "page_max": version.page_max,
        "self_service": plan.self_service,
        "query_key_allowed": plan.query_key_allowed,
    }


def _limit(rule: rules.Rule, partition: str) -> Any:
    """As text where that says all of it, else as an object."""
    text = rule.as_text()
    try:
        same = _only_rule(text, partition) == rule
    except rules.RuleInvalid:
        same = False
    return text if same else rule.as_object()


def _only_rule(text: str, partition: str) -> rules.Rule:
    """One text as a rule, whatever else a plan has to have."""
    filler = rules.Rule(name="filler", unit="requests", amount=1, window="hour", count=999)
    return rules.compile_rules([text, filler], partition=partition)[0]


def _plans_in(wanted: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The plans of a document with their rules compiled and written as `export` writes them."""
    found = {}
    for slug, values in (wanted.get("plans") or {}).items():
        shown = dict(values)
        if "limits" in shown:
            partition = shown.get("counted_by", "owner")
            compiled = rules.compile_rules(shown["limits"], partition=partition)
            shown["limits"] = [_limit(rule, partition) for rule in compiled]
        found[slug] = shown
    return found


def _product(work: Work, item: Product) -> dict[str, Any]:
    owner = work.session.get(Organization, item.organization_id) if item.organization_id else None
    return {
        "organization": owner.slug if owner else None,
        "plan": item.plan_slug,
        **{name: getattr(item, name) for name in _OFFERED},
    }


# --- how they are compared ------------------------------------------------------------------------


def _compared(section: str, known: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[Difference]:
    for name, values in wanted.items():
        before = known.get(name)
        changed = {
            key: (before.get(key) if before else None, value)
            for key, value in values.items()
            if before is None or before.get(key) != value
        }
        if before is None or changed:
            yield Difference(section, name, before is None, changed)


def _compared_subscriptions(
    known: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]
) -> Iterator[Difference]:
    """Which terms somebody accepted is told for new ones alone: nobody accepts for another. One that is to
    be final and is not there is final already."""
    there = {_pair(item): item for item in known}
    for item in wanted:
        name = _pair(item)
        if name not in there and item.get("state") in subscriptions.FINAL:
            continue
        told = {key: value for key, value in item.items() if key != "terms_accepted" or name not in there}
        yield from _compared("subscriptions", there, {name: told})


def _pair(item: Mapping[str, Any]) -> str:
    return f"{item['application']} {item['product']}"


def _require_owners_kept(found: Sequence[Difference]) -> None:
    problems = {
        f"products.{item.name}.organization": N_("Sản phẩm không chuyển sang cơ quan khác được.")
        for item in found
        if item.section == "products" and not item.new and "organization" in item.fields
    }
    if problems:
        raise Invalid(fields=problems)


def _require_shape(wanted: Any) -> None:
    if not isinstance(wanted, Mapping) or not set(wanted) <= set(SECTIONS):
        raise Invalid(fields={"document": N_("Tệp chỉ có các phần plans, products, subscriptions.")})
    problems: dict[str, str] = {}
    for section, kinds in (("plans", _PLAN_FIELDS), ("products", _PRODUCT_FIELDS)):
        part = wanted.get(section) or {}
        if not isinstance(part, Mapping) or not all(map(_is_text, part)):
            problems[section] = N_("Cần là tên và các trường của từng mục.")
            continue
        for name, values in part.items():
            problems |= _wrong_fields(f"{section}.{name}", values, kinds)
    listed = wanted.get("subscriptions") or []
    if not isinstance(listed, list):
        problems["subscriptions"] = N_("Cần là một danh sách.")
    else:
        for place, item in enumerate(listed):
            problems |= _wrong_subscription(f"subscriptions.{place}", item)
    if problems:
        raise Invalid(fields=problems)


def _wrong_fields(where: str, values: Any, kinds: Mapping[str, Callable[[Any], bool]]) -> dict[str, str]:
    if not isinstance(values, Mapping) or not set(values) <= set(kinds):
        return {where: N_("Không có trường này.")}
    return {
        f"{where}.{name}": N_("Kiểu dữ liệu không đúng.")
        for name, value in values.items()
        if not kinds[name](value)
    }


def _wrong_subscription(where: str, item: Any) -> dict[str, str]:
    if wrong := _wrong_fields(where, item, _SUBSCRIPTION_FIELDS):
        return wrong
    if {"application", "product"} <= set(item) and item.get("state", "active") in subscriptions.STATES:
        return {}
    return {where: N_("Cần application, product và một trạng thái có thật.")}


# --- how they are brought about -------------------------------------------------------------------


def _write_plan(work: Work, difference: Difference) -> None:
    wanted = {name: new for name, (_, new) in difference.fields.items()}
    before = plans.current(work, difference.name)
    compiled = rules.compile_rules(before.rules) if before else ()
    partition = wanted.get("counted_by") or (compiled[0].partition if compiled else "owner")
    limits = wanted.get("limits") or [_limit(rule, compiled[0].partition) for rule in compiled]
    plans.write(
        work,
        difference.name,
        rules.compile_rules(limits, partition=partition),
        title=wanted.get("title"),
        partition=partition,
        page_max=wanted.get("page_max", before.page_max if before else 10_000),
        self_service=wanted.get("self_service"),
        query_key_allowed=wanted.get("query_key_allowed"),
    )


def _offer(work: Work, difference: Difference) -> None:
    wanted = {name: new for name, (_, new) in difference.fields.items()}
    known = work.session.scalar(select(Product).where(Product.slug == difference.name))
    slug = wanted.pop("organization", None)
    owner = known.organization_id if known else _organization(work, slug)
    plan = wanted.pop("plan", known.plan_slug if known else "")
    products.offer(work, difference.name, organization_id=owner, plan=plan, **wanted)


def _organization(work: Work, slug: str | None) -> str | None:
    if slug is None:
        return None
    found = work.session.scalar(select(Organization.id).where(Organization.slug == slug))
    if found is None:
        raise Invalid(fields={"organization": N_("Không có cơ quan này.")})
    return found


def _settle(work: Work, difference: Difference) -> None:
    application_id, slug = difference.name.split(" ", 1)
    wanted = {name: new for name, (_, new) in difference.fields.items()}
    product = products.get(work, slug)
    found = _subscription(work, application_id, product, wanted.get("terms_accepted"))
    if (plan := wanted.get("plan")) and plan != found.plan_slug:
        subscriptions.move(work, found.id, plan)
    usual = "active" if difference.new and product.approval == "auto" else found.state
    for step in _steps(found.state, wanted.get("state", usual)):
        subscriptions.take_step(work, found.id, step, reason=REASON)


def _steps(before: str, after: str) -> list[str]:
    """Those that lead there, on the way through `active` where none leads there at once."""
    if before == after:
        return []
    for way in ((before, after), (before, "active", after)):
        steps = [STEP_TO.get(pair) for pair in pairwise(way)]
        if None not in steps:
            return [step for step in steps if step]
    raise subscriptions.StepNotPossible


def _subscription(work: Work, application_id: str, wanted: Product, terms: int | None) -> Subscription:
    application = work.session.get(Application, application_id)
    if application is None:
        raise Invalid(fields={"application": N_("Không có ứng dụng này.")})
    found = subscriptions.unfinished(work, application_id, wanted.id)
    return found or subscriptions.grant(work, application, wanted, terms=terms)
