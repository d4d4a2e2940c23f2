"""Raw and normalised records by the SHA-256 of their plain bytes."""

import zlib
from collections.abc import Collection, Mapping
from typing import Any

import orjson
from sqlalchemy import select

from opendata.base.kit.hashes import canonical, sha256
from opendata.base.models import HarvestBlob
from opendata.base.runtime import Work
from opendata.base.runtime.database import insert_into
from opendata.services.harvest.items import Raw

_JSON, _BYTES, _TEXT = b"j", b"b", b"t"
CHUNK = 500


class NotStorable(ValueError):
    """The value is no JSON that all readers agree on."""


def plain(raw: Raw) -> bytes:
    """The record as bytes, its kind in front; equal values give equal bytes. Raises `NotStorable`."""
    if isinstance(raw, bytes | bytearray | memoryview):
        return _BYTES + bytes(raw)
    try:
        return _TEXT + raw.encode() if isinstance(raw, str) else _JSON + canonical(raw)
    except (TypeError, UnicodeEncodeError) as error:
        raise NotStorable(str(error)) from error


def value(body: bytes) -> Raw:
    kind, rest = body[:1], body[1:]
    if kind == _JSON:
        return orjson.loads(rest)
    return rest.decode() if kind == _TEXT else rest


def address(body: bytes) -> str:
    return sha256(body)


def store(work: Work, bodies: Mapping[str, bytes]) -> None:
    """Keep plain bytes under their address; those already kept cost one look-up."""
    for chunk in _chunks(list(bodies)):
        known = set(
            work.session.scalars(select(HarvestBlob.sha256).where(HarvestBlob.sha256.in_(chunk))).all()
        )
        rows = [{"sha256": at, "body": zlib.compress(bodies[at], 3)} for at in chunk if at not in known]
        if rows:
            work.session.execute(insert_into(work.session, HarvestBlob).on_conflict_do_nothing(), rows)


def load(work: Work, addresses: Collection[str]) -> dict[str, Any]:
    """The values under these addresses; those that are gone are left out."""
    found: dict[str, Any] = {}
    for chunk in _chunks(list(addresses)):
        rows = work.session.execute(
            select(HarvestBlob.sha256, HarvestBlob.body).where(HarvestBlob.sha256.in_(chunk))
        )
        found.update({at: value(zlib.decompress(body)) for at, body in rows})
    return found


def _chunks(items: list[str]) -> list[list[str]]:
    return [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]
