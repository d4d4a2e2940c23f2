"""Fields of answers that are always there, with their descriptions."""

from typing import Any

from marshmallow import fields

from opendata.doors.api.schemas import base

TIME: dict[str, Any] = {"example": "2027-01-31T00:00:00Z"}
LONG = 100_000
_MOST = 2**53  # what every program reads exactly


def text(description: str = "", *, nullable: bool = False, most: int = 2000, **metadata: Any) -> base.Text:
    return base.Text(
        required=True, allow_none=nullable, most=most, metadata={"description": description, **metadata}
    )


def prose(description: str = "", *, nullable: bool = False, **metadata: Any) -> base.Text:
    """A text that people or sources elsewhere wrote, of any length that is kept."""
    return text(description, nullable=nullable, most=LONG, **metadata)


def time(description: str, *, nullable: bool = False) -> base.Text:
    return text(description, nullable=nullable, **TIME)


def count(description: str = "", *, nullable: bool = False) -> fields.Integer:
    return fields.Integer(
        required=True,
        allow_none=nullable,
        validate=base.Between(0, _MOST),
        metadata={"description": description},
    )


def amount(description: str, *, nullable: bool = False) -> fields.Float:
    return fields.Float(required=True, allow_none=nullable, metadata={"description": description})


def one_of(values: tuple[str, ...], description: str) -> fields.String:
    return fields.String(required=True, validate=base.OneOf(values), metadata={"description": description})


def both(description: str) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": description},
    )
