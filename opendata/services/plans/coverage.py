"""What a key that is bound to products may call: what one of them covers, while its application is subscribed
to that one.

A product whose APIs hold `*` covers everything. One that lists datasets covers the reading of each: its
description and history, its resources and their files.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import select

from opendata.base.kit.errors import NotFound
from opendata.base.models import Product, Resource, Subscription
from opendata.base.runtime import SYSTEM, Platform, Work
from opendata.services.access.changes import Changes
from opendata.services.access.credentials import Credential, ProductNotAllowed
from opendata.services.catalog import datasets
from opendata.services.plans.book import EVERYTHING

KEPT = 10_000
Named = tuple[Literal["dataset", "resource"], str]
"""What a call reads, as its address names it."""


@dataclass(frozen=True, slots=True)
class _Covered:
    everything: bool
    datasets: frozenset[str]
    """By id."""
    seen: set[Named] = field(default_factory=set)
    """What turned out to belong to one of them."""


class Coverage:
    """One per process. What was read once costs no statement until a product or subscription changes."""

    def __init__(self, platform: Platform, changes: Changes) -> None:
        self._platform = platform
        self._changes = changes
        self._known: OrderedDict[tuple[str, frozenset[str]], _Covered] = OrderedDict()
        self._lock = threading.Lock()
        self._forgotten = 0
        changes.follow(Subscription.id, Subscription.version, self._forget)
        changes.follow(Product.id, Product.version, self._forget)

    def require(self, bound: Credential, named: Named | None) -> None:
        """Raises `ProductNotAllowed`, `Unavailable`. `named` is None for a call that reads no one dataset."""
        self._changes.current()
        covered = self._known.get((bound.application_id, bound.products)) or self._read(bound)
        if not covered.everything and not (named and self._holds(covered, named)):
            raise ProductNotAllowed

    def _read(self, bound: Credential) -> _Covered:
        before = self._forgotten
        with self._platform.read(SYSTEM) as work:
            found = _covered(work, bound)
        with self._lock:
            if self._forgotten == before:
                self._known[bound.application_id, bound.products] = found
                if len(self._known) > KEPT:
                    self._known.popitem(last=False)
        return found

    def _holds(self, covered: _Covered, named: Named) -> bool:
        if named in covered.seen:
            return True
        if not covered.datasets:
            return False
        with self._platform.read(SYSTEM) as work:
            found = _dataset_of(work, named)
        if found not in covered.datasets:
            return False
        if len(covered.seen) >= KEPT:  # one dataset may be written in many ways
            covered.seen.clear()
        covered.seen.add(named)
        return True

    def _forget(self, ids: list[str] | None) -> None:
        if ids is not None and not ids:
            return
        with self._lock:
            self._forgotten += 1
            self._known.clear()


def _covered(work: Work, bound: Credential) -> _Covered:
    query = (
        select(Product)
        .join(Subscription, Subscription.product_id == Product.id)
        .where(Subscription.application_id == bound.application_id, Subscription.state == "active")
        .where(Product.slug.in_(bound.products))
    )
    products = work.session.scalars(query).all()
    named = [_id_of(work, slug) for product in products for slug in product.datasets]
    return _Covered(
        everything=any(EVERYTHING in product.apis for product in products),
        datasets=frozenset(dataset for dataset in named if dataset),
    )


def _dataset_of(work: Work, named: Named) -> str | None:
    kind, name = named
    if kind == "dataset":
        return _id_of(work, name)
    resource = work.find(Resource, name)
    return resource.dataset_id if resource is not None else None


def _id_of(work: Work, name: str) -> str | None:
    """Of the dataset with this id, slug or former slug."""
    try:
        return datasets.get(work, name).id
    except NotFound:
        return None
