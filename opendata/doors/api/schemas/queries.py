"""Query parameters."""

from typing import Any

from marshmallow import fields

from opendata.base.i18n import pick
from opendata.doors.api.schemas import base
from opendata.services.catalog.filters import FILTERS, Filter
from opendata.services.catalog.search import MAX_SIZE, MAX_TEXT, SORTS

MANY_VALUES = 50


class Language(base.Schema):
    """What every route takes."""

    lang = fields.String(
        validate=base.OneOf(("vi", "en")),
        metadata={"description": "Language of messages; else Accept-Language decides, else Vietnamese."},
    )


class Paged(Language):
    """A page of a list."""

    size = base.Number(
        load_default=20,
        validate=base.Between(1, MAX_SIZE),
        metadata={"description": "Items on a page."},
    )
    cursor = base.Text(
        most=8000, metadata={"description": "Where the page begins: the cursor in `links.next`."}
    )


def _parameter(declared: Filter) -> fields.List[Any]:
    form = base.Form(declared.pattern) if declared.pattern else None
    return fields.List(
        base.Text(most=200, validate=form),
        validate=base.Length(most=MANY_VALUES),
        metadata={"description": f"{pick(declared.help, 'en')} Repeat it to accept any of several values."},
    )


class _Search(Paged):
    """Search of datasets. Several filters must all hold; several values of one filter are alternatives."""

    q = base.Text(
        load_default="",
        most=MAX_TEXT,
        metadata={
            "description": "Words, with or without marks; quotes hold a phrase.",
            "example": "cảng biển",
        },
    )
    sort = fields.String(
        load_default="relevance", validate=base.OneOf(SORTS), metadata={"description": "Order of the list."}
    )
    facets = fields.List(
        fields.String(validate=base.OneOf([declared.name for declared in FILTERS])),
        validate=base.Length(most=len(FILTERS)),
        metadata={"description": "Filters to count values of; all of them unless said. Repeat for several."},
    )
    as_typed = base.Switch(
        load_default=False, metadata={"description": "Search the words as they stand, rewriting nothing."}
    )


Search = type(
    "Search", (_Search,), {"__doc__": _Search.__doc__, **{item.name: _parameter(item) for item in FILTERS}}
)


class Suggest(Language):
    """Completions while typing."""

    q = base.Text(
        required=True, most=200, metadata={"description": "What has been typed so far.", "example": "cang"}
    )
    size = base.Number(
        load_default=8, validate=base.Between(1, 20), metadata={"description": "Number of suggestions."}
    )


class Place(Language):
    """A name of a place."""

    q = base.Text(
        required=True,
        most=200,
        metadata={
            "description": "A name, with or without marks; a kind before it (phường, xã, quận…) narrows it.",
            "example": "cẩm giàng",
        },
    )


class Words(Paged):
    """Tags in use."""

    q = base.Text(load_default="", most=200, metadata={"description": "Only tags with words that begin so."})
