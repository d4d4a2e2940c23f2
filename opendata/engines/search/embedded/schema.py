"""The fields of the embedded index, and documents written into them."""

import hashlib
import json
from functools import cache

import orjson
import tantivy

from opendata.engines.search.analysis import STREAMS, streams
from opendata.engines.search.facets import facet_values
from opendata.engines.search.ordering import number, title
from opendata.engines.search.protocol import FACETS, IndexDocument

VERSION = 1
"""Raise it when the meaning of a field or the analysis changes."""

LARGEST = 2**40 - 1
UNBOUNDED = 2**40
ORDERS = ("newest", "title", "popularity")
_ID_ALPHABET = "-0123456789_abcdefghijklmnopqrstuvwxyz"
_ID_SIGNS = 11
_AFTER_TITLE = "\x01"


def stream_field(stream: str) -> str:
    return stream.replace(".", "_")


def facet_field(facet: str) -> str:
    return f"facet_{facet}"


def order_field(sort: str) -> str:
    return f"order_{sort}"


def build() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("kind", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("visibility", fast=True, tokenizer_name="raw", index_option="basic")
    for stream in STREAMS:
        builder.add_text_field(stream_field(stream), tokenizer_name="whitespace", index_option="basic")
    for facet in FACETS:
        builder.add_text_field(facet_field(facet), fast=True, tokenizer_name="raw", index_option="basic")
    for sort in ORDERS:
        builder.add_text_field(order_field(sort), fast=True, tokenizer_name="raw", index_option="basic")
    for name in ("sequence", "newest", "id_rank", "period_start", "period_end"):
        builder.add_integer_field(name, fast=True)
    builder.add_bytes_field("row", stored=True)
    return builder.build()


@cache
def schema_hash() -> str:
    """Differs when an index has to be built anew to be read by this code."""
    described = json.dumps([VERSION, STREAMS, FACETS, ORDERS])
    return hashlib.sha256(described.encode()).hexdigest()[:16]


def document(source: IndexDocument, known: frozenset[str]) -> tantivy.Document:
    """What an index with the `known` fields holds of a dataset."""
    newest = number(source.sort, "newest")
    by_newest = f"{LARGEST - newest:013d}{source.id}"
    start, end = source.period or (-UNBOUNDED, UNBOUNDED)
    fields: dict[str, object] = {
        "id": source.id,
        "kind": "dataset",
        "visibility": source.visibility,
        "sequence": source.sequence,
        "newest": newest,
        "id_rank": id_rank(source.id),
        "period_start": start,
        "period_end": end,
        "order_newest": by_newest,
        "order_title": title(source.sort) + _AFTER_TITLE + by_newest,
        "order_popularity": f"{LARGEST - number(source.sort, 'popularity'):013d}{by_newest}",
        "row": orjson.dumps(source.row, option=orjson.OPT_NON_STR_KEYS),
    }
    for stream, found in streams(source.text).items():
        if found:
            fields[stream_field(stream)] = " ".join(found)
    for facet, values in facet_values(source).items():
        fields[facet_field(facet)] = values
    return tantivy.Document(**{name: value for name, value in fields.items() if name in known})


def tombstone(ident: str, sequence: int) -> tantivy.Document:
    """What is left of a deleted document, so that an older write cannot bring it back."""
    return tantivy.Document(
        id=ident,
        kind="tombstone",
        sequence=sequence,
        newest=0,
        id_rank=id_rank(ident),
        order_newest=f"{LARGEST:013d}{ident}",
    )


def read_order(sort: str, value: str) -> tuple[dict[str, int | str], str]:
    """(sort values, id) from the text of an order field."""
    sorts: dict[str, int | str] = {}
    if sort == "title":
        sorts["title"], _, value = value.rpartition(_AFTER_TITLE)
    elif sort == "popularity":
        sorts["popularity"] = LARGEST - int(value[:13])
        value = value[13:]
    sorts["newest"] = LARGEST - int(value[:13])
    return sorts, value[13:]


def id_rank(ident: str) -> int:
    """A number that orders ids by their first signs. Never against the order of the ids, but equal
    for some that differ."""
    rank = 0
    for place in range(_ID_SIGNS):
        rank *= len(_ID_ALPHABET) + 1
        if place < len(ident):
            rank += _sign_rank(ident[place])
    return rank


def _sign_rank(sign: str) -> int:
    found = _ID_ALPHABET.find(sign)
    if found >= 0:
        return found + 1
    return sum(known <= sign for known in _ID_ALPHABET)
