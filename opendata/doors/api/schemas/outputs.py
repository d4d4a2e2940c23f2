"""What the API answers with."""

from functools import cache
from typing import Any

from marshmallow import INCLUDE, fields

from opendata.base.formats.record import DatasetRecord, ResourceRecord
from opendata.doors.api.schemas import base
from opendata.doors.api.schemas.records import extended, schema_of
from opendata.services.catalog.rows import ROW_FIELDS

STATES = ("draft", "submitted", "returned", "published", "withdrawn")


def _text(description: str = "", *, nullable: bool = False, **metadata: Any) -> fields.Field[Any]:
    return base.Text(
        most=100_000, required=True, allow_none=nullable, metadata={"description": description, **metadata}
    )


def _lang(description: str = "") -> fields.Field[Any]:
    return fields.Nested(base.LangText, required=True, metadata={"description": description})


def _count(description: str = "", *, nullable: bool = False) -> fields.Field[Any]:
    return fields.Integer(
        required=True,
        allow_none=nullable,
        validate=base.Between(0, 2**53),
        metadata={"description": description},
    )


def _id() -> fields.Field[Any]:
    return fields.UUID(required=True, metadata={"description": "Identifier; it never changes."})


def _words(description: str = "") -> fields.Field[Any]:
    return fields.List(base.Text(most=2000), required=True, metadata={"description": description})


class FieldError(base.Schema):
    """What is wrong with one field or parameter."""

    field = _text("Path of the field.", example="title.vi")
    detail = _text("What is wrong, in the language of the request.")


class Problem(base.Schema):
    """RFC 9457 problem details; `code` is stable, `title` is for people."""

    type = _text("Address of the explanation of this code.", example="/docs/errors#invalid")
    title = _text("What happened, in the language of the request.")
    status = fields.Integer(required=True)
    code = _text("Stable name of the kind of error.", example="invalid")
    request_id = _text("To tell the portal team.", nullable=True)
    instance = _text("Path of the request.")
    errors = fields.List(fields.Nested(FieldError), metadata={"description": "What is wrong where."})


class Links(base.Schema):
    """Addresses around a list."""

    self = _text("This page.")
    next = _text("The next page; null on the last one.", nullable=True)


class Meta(base.Schema):
    """About a list."""

    total = _count("Items of all pages.")


@cache
def listing(item: type[base.Schema], name: str = "", meta: type[base.Schema] = Meta) -> type[base.Schema]:
    """The common form of a list of `item`."""
    return type(
        name or f"{item.__name__}List",
        (base.Schema,),
        {
            "__doc__": f"A page of {item.__name__} objects.",
            "data": fields.List(fields.Nested(item), required=True),
            "meta": fields.Nested(meta, required=True),
            "links": fields.Nested(Links, required=True),
        },
    )


class Body(base.Schema):
    """The publishing body as a dataset names it."""

    id = _id()
    slug = _text("Address of the body.")
    name = _lang()
    abbreviation = _text(nullable=True)


class TopicReference(base.Schema):
    """A topic as a dataset names it."""

    slug = _text()
    title = _lang()


class Origin(base.Schema):
    """Which harvest brought the dataset."""

    source_id = _id()
    source_title = _text()
    source_type = _text()
    guid = _text("Identifier at the source.")
    url = _text(nullable=True)
    first_seen = _text(nullable=True)
    last_changed = _text(nullable=True)
    run_id = _text(nullable=True)
    raw_hash = _text(nullable=True)
    mapping_version = fields.Integer(required=True)


Resource = extended(
    schema_of(ResourceRecord, "output"),
    "Resource",
    id=_id(),
    position=_count("Place in the dataset, from 0."),
)

ResourceInDataset = extended(
    Resource,
    "ResourceWithDataset",
    dataset=fields.Nested(
        type(
            "DatasetReference",
            (base.Schema,),
            {
                "__doc__": "The dataset a resource belongs to.",
                "id": _id(),
                "slug": _text(),
                "title": _lang(),
            },
        ),
        required=True,
    ),
)

_STATE = fields.String(
    required=True, validate=base.OneOf(STATES), metadata={"description": "Place in the workflow."}
)

Dataset = extended(
    schema_of(DatasetRecord, "output"),
    "Dataset",
    id=_id(),
    slug=_text("Address on the site."),
    publisher=fields.Nested(
        Body, required=True, metadata={"description": "The body that answers for the data."}
    ),
    topics=fields.List(
        fields.Nested(TopicReference), required=True, metadata={"description": "Topics it is filed under."}
    ),
    state=_STATE,
    visibility=_text("`public`, or the body whose people alone see it."),
    version=_count("Raised by every change; what If-Match compares."),
    created=_text("When it was entered here.", nullable=True),
    harvest=fields.Nested(
        Origin,
        required=True,
        allow_none=True,
        metadata={"description": "Which harvest brought it; null for datasets entered by people."},
    ),
    resources=fields.List(
        fields.Nested(Resource),
        required=True,
        metadata={"description": "Files, links, tables, APIs and documents."},
    ),
)

_OWN = Dataset._declared_fields  # noqa: SLF001  # the class-level table of marshmallow schemas


class Highlight(base.Schema):
    """Texts of a row as safe HTML, the words of the query in `<mark>`."""

    title = _lang("The title.")
    description = _lang("The part of the description with most of the words.")


DatasetRow = type(
    "DatasetRow",
    (base.Schema,),
    {
        "__doc__": "What a list shows of a dataset.",
        **{name: _OWN[name] for name in ROW_FIELDS},
        "description": _lang("The beginning of the description."),
        "formats": _words("Formats of its resources."),
        "resources": _count("Number of resources."),
        "rows": _count("Rows of its largest table, if known.", nullable=True),
        "near": base.Flag(required=True, metadata={"description": "Found by a looser reading of the words."}),
        "highlight": fields.Nested(
            Highlight, required=True, allow_none=True, metadata={"description": "Null without words."}
        ),
    },
)


class FacetValue(base.Schema):
    """A value of a filter with the number of datasets that have it."""

    value = _text("What the filter takes.")
    label = _lang("What people read.")
    count = _count()


class Note(base.Schema):
    """A sentence about what the search did with the words."""

    vi = _text()
    en = _text()


class SearchMeta(Meta):
    """About a search."""

    total_exact = _count("Hits that are not near matches.")
    facets = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.Nested(FacetValue)),
        required=True,
        metadata={"description": "Values by filter, most frequent first."},
    )
    notes = fields.List(fields.Nested(Note), required=True)
    searched = _text("The words that were searched in the end.")


SearchPage = listing(DatasetRow, "DatasetSearch", SearchMeta)


class Change(base.Schema):
    """One difference."""

    path = _text("Path of the field.", example="title.en")
    before = fields.Raw(required=True, allow_none=True)
    after = fields.Raw(required=True, allow_none=True)


class Revision(base.Schema):
    """One change of a dataset: who, when, what."""

    version = _count()
    at = _text("When, ISO 8601 in UTC.")
    by = _text("Who.")
    action = _text("create, edit, submit, return, publish, withdraw, harvest…")
    state = _text("Place in the workflow after the change.")
    changes = fields.List(fields.Nested(Change), required=True)


class Finding(base.Schema):
    """A rule of the publish gate that the dataset fails."""

    code = _text(example="licence_required")
    field = _text(example="license")
    message = _lang()
    severity = fields.String(required=True, validate=base.OneOf(("block", "warn")))


class ChecksMeta(Meta):
    """What follows from the findings."""

    publishable = base.Flag(required=True, metadata={"description": "Nothing blocks publication."})
    steps = _words("Steps of the workflow this caller may take now.")


class OrganizationReference(base.Schema):
    """Another body."""

    slug = _text()
    name = _lang()


class OrganizationRow(base.Schema):
    """A body with the number of its datasets that this caller sees."""

    id = _id()
    slug = _text()
    name = _lang()
    abbreviation = _text(nullable=True)
    description = _lang()
    level = _text("city, ward or central.")
    parent = _text("Slug of the body above.", nullable=True)
    datasets = _count("Datasets this caller sees.")


class ContactPoint(base.Schema):
    """An office to ask."""

    name = fields.Nested(base.LangText)
    email = base.Text(most=320, allow_none=True)
    phone = base.Text(most=100, allow_none=True)
    url = base.Text(most=2000, allow_none=True)
    role = base.Text(most=200, allow_none=True)


Organization = extended(
    OrganizationRow,
    "Organization",
    code=_text("Official code of the body.", nullable=True),
    former_names=fields.List(fields.Nested(base.LangText), required=True),
    homepage=_text(nullable=True),
    contact=fields.Nested(ContactPoint, required=True, allow_none=True),
    valid_from=_text(nullable=True),
    valid_to=_text("When it was dissolved.", nullable=True),
    predecessors=fields.List(fields.Nested(OrganizationReference), required=True),
    successors=fields.List(fields.Nested(OrganizationReference), required=True),
    modified=_text(),
)


class Topic(base.Schema):
    """A subject across departments."""

    id = _id()
    slug = _text()
    title = _lang()
    description = _lang()
    datasets = _count("Datasets this caller sees.")


class Tag(base.Schema):
    """A keyword in use."""

    value = _text("The keyword, as the filter `tag` takes it.")
    datasets = _count("Datasets this caller sees.")


class Place(base.Schema):
    """An administrative unit in force that a name may mean."""

    code = _text("Code of the unit.", example="10903")
    name = _text()
    kind = _text("Phường, Xã or Đặc khu: the same name may be that of a place elsewhere.")
    exact = base.Flag(required=True, metadata={"description": "The marks typed are those of its name."})
    former = _text("The former unit it was found by.", nullable=True)


class PlacesMeta(Meta):
    """How sure the reading is."""

    code = _text("Code of the one unit that fits best, null where several do.", nullable=True)
    ranked = base.Flag(required=True, metadata={"description": "The text tells the candidates apart."})


class Term(base.Schema):
    """A code of a vocabulary; further members depend on the vocabulary."""

    class Meta:
        unknown = INCLUDE

    code = _text()
    label = _lang()
    uri = _text("The term in its standard.", nullable=True)


class Suggestion(base.Schema):
    """A completion."""

    kind = _text("dataset, organization, tag or topic.")
    text = _text()
    slug = _text(nullable=True)


class Suggestions(base.Schema):
    """Completions, best first."""

    data = fields.List(fields.Nested(Suggestion), required=True)
