"""The ground of all schemas: Vietnamese messages, strict types, vocabulary codes, texts in two languages."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema as MarshmallowSchema
from marshmallow import ValidationError, fields, validate

from opendata.base.kit.errors import N_

MESSAGES: Mapping[str, str] = {
    "required": N_("Thiếu trường bắt buộc."),
    "null": N_("Trường này không được để null."),
    "validator_failed": N_("Giá trị chưa hợp lệ."),
    "type": N_("Kiểu dữ liệu không đúng."),
    "too_large": N_("Số quá lớn."),
    "special": N_("Cần một số hữu hạn."),
}
_INVALID: Mapping[type[fields.Field[Any]], str] = {
    fields.String: N_("Cần một chuỗi ký tự."),
    fields.Number: N_("Cần một số."),
    fields.Boolean: N_("Cần true hoặc false."),
    fields.List: N_("Cần một danh sách."),
    fields.Dict: N_("Cần một đối tượng JSON."),
}


class Schema(MarshmallowSchema):
    """Unknown fields are refused; messages are ours."""

    error_messages = {  # noqa: RUF012  # as marshmallow declares it
        "unknown": N_("Không có trường này."),
        "type": N_("Cần một đối tượng JSON."),
    }

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:  # noqa: ARG002
        say_in_vietnamese(field_obj)


def say_in_vietnamese(field: fields.Field[Any]) -> None:
    field.error_messages.update(MESSAGES)
    for kind, message in _INVALID.items():
        if isinstance(field, kind):
            field.error_messages["invalid"] = message
    if isinstance(field, fields.List):
        say_in_vietnamese(field.inner)
    if isinstance(field, fields.Dict):
        for part in (field.key_field, field.value_field):
            if part is not None:
                say_in_vietnamese(part)


class Text(fields.String):
    """A string of bounded length."""

    def __init__(self, *, most: int = 2000, **kwargs: Any) -> None:
        kwargs["validate"] = [*_listed(kwargs.get("validate")), Length(most=most)]
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is not None and "\0" in text:  # no store keeps it
            raise self.make_error("invalid")
        return text


class Code(fields.String):
    """A code of a vocabulary; the document lists the codes, the service judges the value."""

    def __init__(self, vocabulary: str, **kwargs: Any) -> None:
        self.vocabulary = vocabulary
        super().__init__(**kwargs)


class Flag(fields.Boolean):
    """JSON true or false and nothing that looks like them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:  # noqa: ARG002
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Switch(fields.Boolean):
    """true or false in a query string."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(truthy={"true"}, falsy={"false"}, **kwargs)


class Number(fields.Integer):
    """A whole number in a query string: digits and nothing around them."""

    def _validated(self, value: Any) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,9}", value):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class Amount(fields.Float):
    """A JSON number; numbers in quotes are text."""

    def _validated(self, value: Any) -> Any:
        if not isinstance(value, int | float):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class Length(validate.Length):
    """At most `most` characters or items, at least `least`."""

    def __init__(self, *, most: int, least: int | None = None) -> None:
        super().__init__(min=least, max=most, error=N_("Độ dài không nằm trong giới hạn cho phép."))


class Between(validate.Range):
    def __init__(self, least: int, most: int) -> None:
        super().__init__(min=least, max=most, error=N_("Số không nằm trong giới hạn cho phép."))


class Form(validate.Regexp):
    """A text that as a whole has the form of `pattern`."""

    def __init__(self, pattern: str) -> None:
        super().__init__(rf"^(?:{pattern})$", error=N_("Giá trị không có dạng cho phép."))

    def __call__(self, value: Any) -> Any:
        if str(value).endswith("\n"):  # where `$` holds in Python and in no schema
            raise ValidationError(self._format_error(value))
        return super().__call__(value)


class OneOf(validate.OneOf):
    def __init__(self, choices: Any) -> None:
        super().__init__(choices, error=N_("Giá trị không có trong danh sách cho phép."))


def _listed(validators: Any) -> list[Any]:
    if validators is None:
        return []
    return list(validators) if isinstance(validators, list | tuple) else [validators]


class LangText(Schema):
    """A text in Vietnamese, in English, or in both."""

    vi = Text(most=100_000, metadata={"description": "Vietnamese text.", "example": "Lượng mưa theo trạm"})
    en = Text(most=100_000, metadata={"description": "English text.", "example": "Rainfall by station"})


class LangTextPatch(Schema):
    """Languages to change; null removes one."""

    vi = Text(most=100_000, allow_none=True)
    en = Text(most=100_000, allow_none=True)


class LangList(Schema):
    """Words by language."""

    vi = fields.List(Text(most=200), validate=Length(most=500))
    en = fields.List(Text(most=200), validate=Length(most=500))


class LangListPatch(Schema):
    """Words by language; a list replaces the former one, null removes it."""

    vi = fields.List(Text(most=200), validate=Length(most=500), allow_none=True)
    en = fields.List(Text(most=200), validate=Length(most=500), allow_none=True)
