"""What the API takes in: one schema a route, and nothing a route does not name."""

from marshmallow import fields

from opendata.base.formats.record import DatasetRecord
from opendata.doors.api.schemas import base, outputs
from opendata.doors.api.schemas.records import extended, schema_of
from opendata.services.catalog.organizations import LEVELS

DatasetInput = schema_of(DatasetRecord, "input")
DatasetPatch = schema_of(DatasetRecord, "patch")
NewDataset = extended(
    DatasetInput,
    "NewDataset",
    publisher=base.Text(
        required=True,
        most=200,
        metadata={
            "description": "Id or slug of the body that answers for the data.",
            "example": "so-xay-dung",
        },
    ),
)


class Step(base.Schema):
    """A step of the workflow."""

    note = base.Text(
        allow_none=True,
        metadata={"description": "Said to the department; required to return and to withdraw."},
    )


class OwnBody(base.Schema):
    """What a department may change of itself."""

    slug = base.Text(most=100, metadata={"description": "Address of the body; former ones keep working."})
    name = fields.Nested(base.LangText, metadata={"description": "Name; Vietnamese is required."})
    description = fields.Nested(base.LangText)
    abbreviation = base.Text(most=64, allow_none=True)
    homepage = base.Text(allow_none=True, metadata={"description": "Web address."})
    contact = fields.Nested(outputs.ContactPoint, allow_none=True)
    second_approval = base.Flag(metadata={"description": "Somebody other than the sender has to publish."})


class AnyBody(OwnBody):
    """What operators may change of any body besides."""

    code = base.Text(most=64, allow_none=True, metadata={"description": "Official code of the body."})
    former_names = fields.List(fields.Nested(base.LangText), validate=base.Length(most=50))
    level = fields.String(validate=base.OneOf(LEVELS))
    parent = base.Text(most=200, allow_none=True, metadata={"description": "Id or slug of the body above."})
    valid_from = base.Text(most=10, allow_none=True)
    valid_to = base.Text(most=10, allow_none=True)


NewBody = extended(
    AnyBody,
    "NewBody",
    name=fields.Nested(
        base.LangText, required=True, metadata={"description": "Name; Vietnamese is required."}
    ),
)
