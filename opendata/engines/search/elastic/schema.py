"""The fields of the index in the cluster, and documents as they are sent.

Text arrives as finished tokens, so the only analysers are `whitespace` and `keyword`. Of the streams that
hold the tokens of several fields, those of single words are copied together by the cluster; those of
phrases, which serve few queries, are asked for in their parts.
"""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

import orjson

from opendata.engines.search.analysis import STREAMS, field_streams, joined
from opendata.engines.search.elastic.address import Address
from opendata.engines.search.facets import facet_values
from opendata.engines.search.ordering import number, title
from opendata.engines.search.protocol import (
    ANY_FIELD,
    FACETS,
    FORMS,
    LONG_FIELD,
    MAIN_FIELD,
    TEXT_FIELDS,
    IndexDocument,
)

VERSION = 1
"""Raise it when the meaning of a field or the analysis changes."""

UNBOUNDED = 2**40
VOCABULARY_STREAM = f"{ANY_FIELD}.fold"
"""The one stream whose tokens are often listed: it keeps them by document, outside the heap."""
_VOCABULARY_FIELD = VOCABULARY_STREAM.replace(".", "_")

_PHRASES = ("exact2", "fold2")
_SENT_STREAMS = {f"{name}.{form}": f"{name}_{form}" for name in TEXT_FIELDS for form in FORMS}
"""Each with the field that holds it."""
_MAIN_PARTS = tuple(name for name in TEXT_FIELDS if name != LONG_FIELD)
_PARTS: Mapping[str, tuple[str, ...]] = {MAIN_FIELD: _MAIN_PARTS, ANY_FIELD: TEXT_FIELDS}
_TOKENS = {
    "type": "text",
    "analyzer": "whitespace",
    "index_options": "docs",
    "norms": False,
    "fielddata": True,  # costs nothing until the vocabulary of the stream is asked for
}
_KEYWORD = {"type": "keyword"}
_FILTER_ONLY = {"type": "keyword", "doc_values": False}
_SORT_ONLY = {"type": "keyword", "index": False}
_NUMBER = {"type": "long"}
_STORED = {"type": "binary", "store": True}  # a keyword of this size would be refused


def stream_fields(stream: str) -> tuple[str, ...]:
    """The fields that together hold a stream; none for an unknown one."""
    if stream not in STREAMS:
        return ()
    name, form = stream.split(".")
    if form in _PHRASES and name in _PARTS:
        return tuple(f"{part}_{form}" for part in _PARTS[name])
    return (f"{name}_{form}",)


def facet_field(facet: str) -> str:
    return f"facet_{facet}"


def mapping() -> dict[str, Any]:
    return {
        "dynamic": "strict",
        "_source": {"enabled": False},  # the database is the source; the row is kept below
        "properties": {
            "kind": _FILTER_ONLY,
            "id": _SORT_ONLY,
            "visibility": _KEYWORD,
            "newest": _NUMBER,
            "popularity": _NUMBER,
            "title_key": _SORT_ONLY,
            "period_start": _NUMBER,
            "period_end": _NUMBER,
            "row": _STORED,
            **{facet_field(facet): _KEYWORD for facet in FACETS},
            **{
                fields[0]: _stream_mapping(stream)
                for stream in STREAMS
                if len(fields := stream_fields(stream)) == 1
            },
        },
    }


def _stream_mapping(stream: str) -> dict[str, Any]:
    if stream == VOCABULARY_STREAM:
        return _KEYWORD
    copies = _copies(stream)
    return {**_TOKENS, "copy_to": copies} if copies else _TOKENS


def _copies(stream: str) -> list[str]:
    """Fields that gather this stream with others."""
    part, form = stream.split(".")
    if form in _PHRASES:
        return []
    wholes = [f"{name}.{form}" for name, parts in _PARTS.items() if part in parts]
    return [stream_fields(whole)[0] for whole in wholes if whole != VOCABULARY_STREAM]


def index_settings(address: Address) -> dict[str, Any]:
    copies: dict[str, Any] = (
        {"auto_expand_replicas": "0-1"}
        if address.replicas is None
        else {"number_of_replicas": address.replicas}
    )
    return {"number_of_shards": address.shards, "refresh_interval": "1s", **copies}


def schema_hash() -> str:
    """Differs when an index has to be built anew to be read by this code."""
    described = orjson.dumps([VERSION, mapping()], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(described).hexdigest()[:12]


def upsert_lines(document: IndexDocument) -> bytes:
    return _lines(document.id, document.sequence, _fields(document))


def delete_lines(ident: str, sequence: int) -> bytes:
    """What is left of a deleted document, so that an older write cannot bring it back."""
    return _lines(ident, sequence, {"kind": "tombstone", "id": ident})


def _lines(ident: str, sequence: int, fields: Mapping[str, Any]) -> bytes:
    action = {"index": {"_id": ident, "version": sequence, "version_type": "external_gte"}}
    return orjson.dumps(action) + b"\n" + orjson.dumps(fields) + b"\n"


def _fields(document: IndexDocument) -> dict[str, Any]:
    start, end = document.period or (-UNBOUNDED, UNBOUNDED)
    fields: dict[str, Any] = {
        "kind": "dataset",
        "id": document.id,
        "visibility": document.visibility,
        "newest": number(document.sort, "newest"),
        "popularity": number(document.sort, "popularity"),
        "title_key": title(document.sort),
        "period_start": start,
        "period_end": end,
        "row": b64encode(orjson.dumps(document.row, option=orjson.OPT_NON_STR_KEYS)).decode(),
    }
    for facet, values in facet_values(document).items():
        fields[facet_field(facet)] = values
    held = field_streams(document.text)
    for stream, name in _SENT_STREAMS.items():
        if held[stream]:
            fields[name] = " ".join(held[stream])
    fields[_VOCABULARY_FIELD] = list(joined(held, "fold"))
    return fields


def read_row(stored: str) -> Mapping[str, Any]:
    row: Mapping[str, Any] = orjson.loads(b64decode(stored))
    return row
