"""Schemas made from the exchange record, so that a field is declared once.

Three forms of each dataclass: what comes in whole (create, replace), what changes a part (patch: nothing
is required, null resets), and what goes out (everything is there, empty values are null).
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from marshmallow import fields as ma

from opendata.base.formats.record import DatasetRecord, LangList, LangText, ResourceRecord
from opendata.doors.api.schemas import base
from opendata.doors.api.schemas.field_notes import NOTES

Mode = Literal["input", "patch", "output"]
SUFFIX: Mapping[Mode, str] = {"input": "Input", "patch": "Patch", "output": ""}

CODES = {
    "license": "licences",
    "access_level": "access",
    "frequency": "frequencies",
    "status": "statuses",
    "themes": "themes",
}
"""Fields whose values are codes of a vocabulary, and are judged as such."""

MEASURED = {
    ResourceRecord: ("sha256", "byte_size", "encoding", "rows", "compress", "file_name"),
    DatasetRecord: ("publisher", "modified"),
}
"""What nobody may claim: measured by us, or decided elsewhere."""

MANY = 5_000
"""Items of any list."""


@cache
def schema_of(record: type, mode: Mode) -> type[base.Schema]:
    """The schema class of an exchange dataclass."""
    left_out = MEASURED.get(record, ()) if mode != "output" else ()
    hints = get_type_hints(record)
    members = {
        item.name: _field(record, item, hints[item.name], mode)
        for item in fields(record)
        if item.name not in left_out
    }
    name = record.__name__.removesuffix("Record") + SUFFIX[mode]
    return type(name, (base.Schema,), {"__doc__": record.__doc__, **members})


def extended(schema: type[base.Schema], title: str, /, **more: Any) -> type[base.Schema]:
    """`schema` with other fields beside its own."""
    return type(title, (schema,), {"__doc__": schema.__doc__, **more})


def _field(record: type, item: Field[Any], hint: Any, mode: Mode) -> ma.Field[Any]:
    optional = NoneType in get_args(hint)
    required = item.default is MISSING and item.default_factory is MISSING
    note = NOTES.get(f"{record.__name__}.{item.name}") or NOTES.get(item.name)
    options: dict[str, Any] = {"metadata": {"description": note} if note else {}}
    if mode == "output":
        options |= {"required": True, "allow_none": optional}
    elif mode == "patch":
        options |= {"allow_none": True}
    else:
        options |= {"required": required, "allow_none": optional}
    return _typed(item.name, _without_none(hint), mode, options)


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in {Union, UnionType}:
        (hint,) = (part for part in get_args(hint) if part is not NoneType)
    return hint


def _typed(  # noqa: PLR0911  # one return for each kind of type
    name: str, hint: Any, mode: Mode, options: dict[str, Any]
) -> ma.Field[Any]:
    if hint == LangText:
        return ma.Nested(base.LangTextPatch if mode == "patch" else base.LangText, **options)
    if hint == LangList:
        return ma.Nested(base.LangListPatch if mode == "patch" else base.LangList, **options)
    if get_origin(hint) is tuple:
        return _list(name, get_args(hint), mode, options)
    if get_origin(hint) is dict:
        return ma.Dict(keys=base.Text(most=200), **options)
    if get_origin(hint) is Literal:
        return ma.String(validate=base.OneOf(get_args(hint)), **options)
    if isinstance(hint, type) and is_dataclass(hint):
        return ma.Nested(schema_of(hint, mode), **options)
    return _scalar(name, hint, mode, options)


def _list(name: str, parts: tuple[Any, ...], mode: Mode, options: dict[str, Any]) -> ma.Field[Any]:
    if len(parts) == 2 and parts[1] is Ellipsis:
        # items of a list are whole even in a patch: a list replaces the former one
        inner = _typed(name, parts[0], "input" if mode == "patch" else mode, {})
        return ma.List(inner, validate=base.Length(most=MANY), **options)
    inner = _typed(name, parts[0], mode, {})
    return ma.List(inner, validate=base.Length(least=len(parts), most=len(parts)), **options)


def _scalar(name: str, hint: Any, mode: Mode, options: dict[str, Any]) -> ma.Field[Any]:
    if hint is bool:
        return base.Flag(**options)
    if hint is int:
        return ma.Integer(strict=True, validate=base.Between(0, 2**53), **options)
    if hint is float:
        return base.Amount(**options)
    if name in CODES and mode != "output":
        return base.Code(CODES[name], **options)
    return base.Text(most=100_000 if mode == "output" else 2000, **options)
