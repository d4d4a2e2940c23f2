"""Fields of answers that are always there, with their descriptions."""

from typing import Any

from marshmallow import fields

from opendata.doors.api.schemas import base

TIME: dict[str, Any] = {"example": "2026-11-30T17:00:00Z"}


def text(description: str, *, nullable: bool = False, most: int = 2000, **metadata: Any) -> base.Text:
    return base.Text(
        required=True, allow_none=nullable, most=most, metadata={"description": description, **metadata}
    )


def count(description: str, *, nullable: bool = False) -> fields.Integer:
    return fields.Integer(required=True, allow_none=nullable, metadata={"description": description})


def one_of(values: tuple[str, ...], description: str) -> fields.String:
    return fields.String(required=True, validate=base.OneOf(values), metadata={"description": description})


def both(description: str) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": description},
    )
