"""The indexes of one catalogue in the cluster and which of them is live.

PREFIX                  alias of the live index; everything is read and written through it
PREFIX-building         alias of the index a rebuild is filling; writers write there first
PREFIX-HASH-582915      an index, with the hash of its schema and a number like no other's
PREFIX-rebuild          who may rebuild
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from elasticsearch import ApiError, BadRequestError, Elasticsearch, NotFoundError

from opendata.base.kit.errors import Unavailable
from opendata.engines.search.elastic.address import Address
from opendata.engines.search.elastic.lease import Lease
from opendata.engines.search.elastic.schema import index_settings, mapping, schema_hash
from opendata.engines.search.protocol import Expects, IndexLost, nothing

log = structlog.get_logger(__name__)
_WHILE_FILLING = {"refresh_interval": "-1", "number_of_replicas": 0, "translog.durability": "async"}
_COPIES_TIMEOUT = "60s"


class Generations:
    def __init__(self, client: Elasticsearch, address: Address, expects: Expects = nothing) -> None:
        self._client = client
        self._address = address
        self._expects = expects
        self.live = address.prefix
        self.building = f"{address.prefix}-building"
        self._lease_index = f"{address.prefix}-rebuild"
        self._name = re.compile(rf"{re.escape(address.prefix)}-([0-9a-f]{{12}})-(\d{{6}})")

    def ensure(self) -> None:
        """Make an empty live index where there is none, or raise `IndexLost`. Two processes may try: one
        wins."""
        if self._is_live():
            return
        if self._expects():
            if self._is_live():  # made since we looked, and then filled
                return
            raise IndexLost
        try:
            self._create(self._new_name(), index_settings(self._address), self.live)
        except ApiError:  # two indexes to write to are refused
            if not self._is_live():
                raise

    def schema_of(self, index: str) -> str:
        found = self._name.fullmatch(index)
        return found[1] if found else ""

    def live_index(self) -> str:
        """The name of the live index; empty where there is none."""
        return next(iter(self._behind(self.live)), "")

    def widen(self) -> bool:
        """Give a live index of an earlier release the fields it lacks. False where it is of this one, or
        holds a field in another way: then only a rebuild helps."""
        name = self.live_index()
        if self.schema_of(name) in ("", schema_hash()):
            return False
        try:
            self._client.indices.put_mapping(index=name, properties=mapping()["properties"])
        except BadRequestError:
            return False
        log.info("search.index_widened", index=name)
        return True

    def is_building(self) -> bool:
        return bool(self._client.indices.exists_alias(name=self.building))

    def begin(self) -> str:
        """An empty index for a rebuild; what crashed or earlier rebuilds left is removed first."""
        self.abandon()  # what another rebuild still fills does not go live between the two next lines
        live = set(self._behind(self.live))
        for left in sorted(self._indexes() - live):
            self._client.indices.delete(index=left, ignore_unavailable=True)
        name = self._new_name()
        settings = index_settings(self._address)
        settings.pop("auto_expand_replicas", None)
        self._create(name, {**settings, **_WHILE_FILLING}, self.building)
        return name

    def finish(self, name: str) -> None:
        """Make its writes visible and durable, and its copies."""
        indices = self._client.indices
        settings = index_settings(self._address)
        indices.put_settings(
            index=name,
            settings={
                "refresh_interval": settings["refresh_interval"],
                "translog.durability": "request",
                **{key: value for key, value in settings.items() if "replicas" in key},
            },
        )
        indices.refresh(index=name)
        indices.flush(index=name)
        patient = self._client.options(request_timeout=90, ignore_status=408)  # too few nodes for all copies
        patient.cluster.health(index=name, wait_for_status="green", timeout=_COPIES_TIMEOUT)

    def swap(self, name: str) -> None:
        """Make it live in one step, unless it was abandoned. The one before stays until the next rebuild, out
        of use."""
        before = self._behind(self.live)
        actions: list[dict[str, Any]] = [
            {"add": {"index": name, "alias": self.live, "is_write_index": True}},
            {"remove": {"index": name, "alias": self.building, "must_exist": True}},
        ]
        actions += [{"remove": {"index": old, "alias": self.live}} for old in before]
        try:
            self._client.indices.update_aliases(actions=actions)
        except NotFoundError:
            if self._behind(self.live) != [name]:  # else done by a first try whose answer was lost
                raise

    def abandon(self) -> None:
        """Remove the index that is being filled; its rebuild fails by that."""
        self._give_up(self._behind(self.building))

    def lease(self) -> Lease:
        """The right to rebuild. It is taken before an index to fill is made, and given back when that is live
        or gone."""
        return Lease(self._client, self._lease_index)

    def left(self) -> list[str]:
        """An index that nobody fills any more. It was seen first and nobody held the lease afterwards: so it
        is not of a rebuild that has just begun."""
        begun = self._behind(self.building)
        return begun if begun and not self.lease().is_held() else []

    def give_up_left(self) -> None:
        if left := self.left():
            log.warning("search.rebuild_removed", indexes=left)
            self._give_up(left)

    def _give_up(self, begun: Sequence[str]) -> None:
        """Each loses its alias first, without which it cannot go live: one that has lost it before is live by
        now, or gone."""
        for name in begun:
            taken_off = {"remove": {"index": name, "alias": self.building, "must_exist": True}}
            with suppress(NotFoundError):
                self._client.indices.update_aliases(actions=[taken_off])
                self._client.indices.delete(index=name, ignore_unavailable=True)

    def _create(self, name: str, settings: Mapping[str, Any], alias: str) -> None:
        made = self._client.indices.create(
            index=name, settings=settings, mappings=mapping(), aliases={alias: {"is_write_index": True}}
        )
        if not made["acknowledged"]:  # not every node knows yet where writes go
            raise Unavailable

    def _is_live(self) -> bool:
        return bool(self._client.indices.exists_alias(name=self.live))

    def _new_name(self) -> str:
        """One that was not there before: what is remembered or decided of an index that is gone must not
        hold for another."""
        return f"{self.live}-{schema_hash()}-{secrets.randbelow(1_000_000):06d}"

    def _indexes(self) -> set[str]:
        found = self._client.indices.get_alias(index=f"{self.live}-*", allow_no_indices=True)
        return {name for name in found if self._name.fullmatch(name)}

    def _behind(self, alias: str) -> list[str]:
        try:
            return list(self._client.indices.get_alias(name=alias))
        except NotFoundError:
            return []
