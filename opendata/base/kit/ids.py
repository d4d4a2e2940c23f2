"""Identifiers."""

import uuid

HARVEST_NAMESPACE = uuid.UUID("6d0a1f3e-5a0b-5c0e-9a44-0c7f2f9b7a10")


def new_id() -> str:
    """A random UUID as text."""
    return str(uuid.uuid4())


def harvested_id(source_id: str, guid: str) -> str:
    """The dataset id of a harvested record: equal for every replay of (source, guid). RFC 9562 UUIDv5."""
    return str(uuid.uuid5(HARVEST_NAMESPACE, f"{source_id}\n{guid}"))


def is_id(text: str) -> bool:
    """Whether `text` is a UUID in its canonical hyphenated form."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
