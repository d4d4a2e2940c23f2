"""What the API answers with."""

from functools import cache
from typing import Any

from marshmallow import INCLUDE, fields

from opendata.base.formats.record import DatasetRecord, ResourceRecord
from opendata.doors.api.schemas import base, stated
from opendata.doors.api.schemas.records import extended, schema_of
from opendata.services.catalog.rows import ROW_FIELDS

STATES = ("draft", "submitted", "returned", "published", "withdrawn")


def _lang(description: str = "") -> fields.Field[Any]:
    return fields.Nested(base.LangText, required=True, metadata={"description": description})


def _id() -> fields.Field[Any]:
    return fields.UUID(required=True, metadata={"description": "Identifier; it never changes."})


def _words(description: str = "") -> fields.Field[Any]:
    return fields.List(base.Text(most=2000), required=True, metadata={"description": description})


class FieldError(base.Schema):
    """What is wrong with one field or parameter."""

    field = stated.prose("Path of the field.", example="title.vi")
    detail = stated.prose("What is wrong, in the language of the request.")


class Problem(base.Schema):
    """RFC 9457 problem details; `code` is stable, `title` is for people."""

    type = stated.text("Address of the explanation of this code.", example="/docs/errors#invalid")
    title = stated.prose("What happened, in the language of the request.")
    status = fields.Integer(required=True)
    code = stated.text("Stable name of the kind of error.", example="invalid")
    request_id = stated.text("To tell the portal team.", nullable=True)
    instance = stated.prose("Path of the request.")
    errors = fields.List(fields.Nested(FieldError), metadata={"description": "What is wrong where."})


class Links(base.Schema):
    """Addresses around a list."""

    self = stated.prose("This page.")
    next = stated.prose("The next page; null on the last one.", nullable=True)


class Meta(base.Schema):
    """About a list."""

    total = stated.count("Items of all pages.")


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
    slug = stated.text("Address of the body.")
    name = _lang()
    abbreviation = stated.text(nullable=True)


class TopicReference(base.Schema):
    """A topic as a dataset names it."""

    slug = stated.text()
    title = _lang()


class Origin(base.Schema):
    """Which harvest brought the dataset."""

    source_id = _id()
    source_title = stated.prose()
    source_type = stated.prose()
    guid = stated.prose("Identifier at the source.")
    url = stated.prose(nullable=True)
    first_seen = stated.text(nullable=True)
    last_changed = stated.text(nullable=True)
    run_id = stated.text(nullable=True)
    raw_hash = stated.text(nullable=True)
    mapping_version = fields.Integer(required=True)


Resource = extended(
    schema_of(ResourceRecord, "output"),
    "Resource",
    id=_id(),
    position=stated.count("Place in the dataset, from 0."),
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
                "slug": stated.text(),
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
    slug=stated.text("Address on the site."),
    publisher=fields.Nested(
        Body, required=True, metadata={"description": "The body that answers for the data."}
    ),
    topics=fields.List(
        fields.Nested(TopicReference), required=True, metadata={"description": "Topics it is filed under."}
    ),
    state=_STATE,
    visibility=stated.text("`public`, or the body whose people alone see it."),
    version=stated.count("Raised by every change; what If-Match compares."),
    created=stated.text("When it was entered here.", nullable=True),
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
        "resources": stated.count("Number of resources."),
        "rows": stated.count("Rows of its largest table, if known.", nullable=True),
        "near": base.Flag(required=True, metadata={"description": "Found by a looser reading of the words."}),
        "highlight": fields.Nested(
            Highlight, required=True, allow_none=True, metadata={"description": "Null without words."}
        ),
    },
)


class FacetValue(base.Schema):
    """A value of a filter with the number of datasets that have it."""

    value = stated.prose("What the filter takes.")
    label = _lang("What people read.")
    count = stated.count()


class Note(base.Schema):
    """A sentence about what the search did with the words."""

    vi = stated.prose()
    en = stated.prose()


class SearchMeta(Meta):
    """About a search."""

    total_exact = stated.count("Hits that are not near matches.")
    facets = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.Nested(FacetValue)),
        required=True,
        metadata={"description": "Values by filter, most frequent first."},
    )
    notes = fields.List(fields.Nested(Note), required=True)
    searched = stated.prose("The words that were searched in the end.")


SearchPage = listing(DatasetRow, "DatasetSearch", SearchMeta)


class Change(base.Schema):
    """One difference."""

    path = stated.prose("Path of the field.", example="title.en")
    before = fields.Raw(required=True, allow_none=True)
    after = fields.Raw(required=True, allow_none=True)


class Revision(base.Schema):
    """One change of a dataset: who, when, what."""

    version = stated.count()
    at = stated.text("When, ISO 8601 in UTC.")
    by = stated.text("Who.")
    action = stated.text("create, edit, submit, return, publish, withdraw, harvest…")
    state = stated.text("Place in the workflow after the change.")
    changes = fields.List(fields.Nested(Change), required=True)


class Finding(base.Schema):
    """A rule of the publish gate that the dataset fails."""

    code = stated.text(example="licence_required")
    field = stated.prose(example="license")
    message = _lang()
    severity = fields.String(required=True, validate=base.OneOf(("block", "warn")))


class ChecksMeta(Meta):
    """What follows from the findings."""

    publishable = base.Flag(required=True, metadata={"description": "Nothing blocks publication."})
    steps = _words("Steps of the workflow this caller may take now.")


class OrganizationReference(base.Schema):
    """Another body."""

    slug = stated.text()
    name = _lang()


class OrganizationRow(base.Schema):
    """A body with the number of its datasets that this caller sees."""

    id = _id()
    slug = stated.text()
    name = _lang()
    abbreviation = stated.text(nullable=True)
    description = _lang()
    level = stated.text("city, ward or central.")
    parent = stated.text("Slug of the body above.", nullable=True)
    datasets = stated.count("Datasets this caller sees.")


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
    code=stated.text("Official code of the body.", nullable=True),
    former_names=fields.List(fields.Nested(base.LangText), required=True),
    homepage=stated.prose(nullable=True),
    contact=fields.Nested(ContactPoint, required=True, allow_none=True),
    valid_from=stated.text(nullable=True),
    valid_to=stated.text("When it was dissolved.", nullable=True),
    predecessors=fields.List(fields.Nested(OrganizationReference), required=True),
    successors=fields.List(fields.Nested(OrganizationReference), required=True),
    modified=stated.text(),
)


class Topic(base.Schema):
    """A subject across departments."""

    id = _id()
    slug = stated.text()
    title = _lang()
    description = _lang()
    datasets = stated.count("Datasets this caller sees.")


class Tag(base.Schema):
    """A keyword in use."""

    value = stated.prose("The keyword, as the filter `tag` takes it.")
    datasets = stated.count("Datasets this caller sees.")


class Place(base.Schema):
    """An administrative unit in force that a name may mean."""

    code = stated.text("Code of the unit.", example="10903")
    name = stated.prose()
    kind = stated.text("Phường, Xã or Đặc khu: the same name may be that of a place elsewhere.")
    exact = base.Flag(required=True, metadata={"description": "The marks typed are those of its name."})
    former = stated.prose("The former unit it was found by.", nullable=True)


class PlacesMeta(Meta):
    """How sure the reading is."""

    code = stated.text("Code of the one unit that fits best, null where several do.", nullable=True)
    ranked = base.Flag(required=True, metadata={"description": "The text tells the candidates apart."})


class Term(base.Schema):
    """A code of a vocabulary; further members depend on the vocabulary."""

    class Meta:
        unknown = INCLUDE

    code = stated.text()
    label = _lang()
    uri = stated.prose("The term in its standard.", nullable=True)


class Suggestion(base.Schema):
    """A completion."""

    kind = stated.text("dataset, organization, tag or topic.")
    text = stated.prose()
    slug = stated.text(nullable=True)


class Suggestions(base.Schema):
    """Completions, best first."""

    data = fields.List(fields.Nested(Suggestion), required=True)
