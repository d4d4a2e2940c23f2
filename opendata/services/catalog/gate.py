"""The publish gate: what a dataset needs before the public may see it. One function for every door."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from opendata.base.formats.record import Column, DatasetRecord, ResourceRecord
from opendata.base.kit.errors import N_, Invalid
from opendata.base.kit.vocabularies import Vocabularies

MIN_DESCRIPTION = 50
NUMBERS = {"integer", "number"}
BLOCKED_PERSONAL = {"cccd", "cmnd", "mobile", "plate", "card", "person_tax_code"}


class NotPublishable(Invalid):
    code = "not_publishable"
    message = N_("Bộ dữ liệu chưa đủ điều kiện công bố.")


@dataclass(frozen=True, slots=True)
class Finding:
    """One failing rule. `severity` block stops publication, warn does not."""

    code: str
    field: str
    message: str
    severity: Literal["block", "warn"] = "block"


def check(record: DatasetRecord, vocabularies: Vocabularies) -> tuple[Finding, ...]:
    """Every rule the record fails, blocking ones first. Empty means it may be published as it is."""
    return (*_blocking(record, vocabularies), *_warnings(record))


def require(record: DatasetRecord, vocabularies: Vocabularies) -> None:
    """Raises `NotPublishable` naming each blocking field."""
    blocking = [f for f in check(record, vocabularies) if f.severity == "block"]
    if blocking:
        raise NotPublishable(fields={finding.field: finding.message for finding in blocking})


def _blocking(record: DatasetRecord, vocabularies: Vocabularies) -> Iterator[Finding]:
    yield from _description(record)
    yield from _responsibility(record)
    yield from _access(record)
    if not any(is_machine_readable(r, vocabularies) for r in record.resources):
        message = N_("Cần ít nhất một tệp máy đọc được; PDF chỉ là tệp kèm theo.")
        yield Finding("machine_readable_required", "resources", message)
    for index, resource in enumerate(record.resources):
        yield from _dictionary(index, resource)


def _description(record: DatasetRecord) -> Iterator[Finding]:
    if not record.title.get("vi"):
        yield Finding("title_required", "title.vi", N_("Cần có tên tiếng Việt."))
    if len(record.description.get("vi", "")) < MIN_DESCRIPTION:
        yield Finding("description_short", "description.vi", N_("Mô tả tiếng Việt cần ít nhất 50 ký tự."))
    if not record.themes:
        yield Finding("theme_required", "themes", N_("Cần chọn ít nhất một lĩnh vực."))
    if record.pham_vi is None:
        yield Finding("scope_required", "pham_vi", N_("Cần nêu phạm vi địa giới của số liệu."))


def _responsibility(record: DatasetRecord) -> Iterator[Finding]:
    if not record.publisher:
        yield Finding("publisher_required", "publisher", N_("Cần có cơ quan công bố."))
    if not any(
        contact.name and (contact.email or contact.phone or contact.url) for contact in record.contact
    ):
        yield Finding("contact_required", "contact", N_("Cần có đầu mối liên hệ là một đơn vị."))
    if record.license in {None, "notspecified"}:
        yield Finding("licence_required", "license", N_("Cần chọn giấy phép."))
    if record.frequency is None:
        yield Finding("frequency_required", "frequency", N_("Cần chọn tần suất cập nhật."))


def _access(record: DatasetRecord) -> Iterator[Finding]:
    if record.access_level is None:
        yield Finding("access_required", "access_level", N_("Cần chọn mức độ tiếp cận."))
    if record.access_level not in {None, "public"} and not record.access_reason.get("vi"):
        yield Finding("access_reason_required", "access_reason.vi", N_("Cần nêu lý do hạn chế tiếp cận."))
    if not record.legal_basis:
        yield Finding("legal_basis_required", "legal_basis", N_("Cần nêu căn cứ pháp lý."))


def is_machine_readable(resource: ResourceRecord, vocabularies: Vocabularies) -> bool:
    term = vocabularies.terms("formats").get(resource.format or "")
    return resource.kind != "document" and term is not None and bool(term.data.get("machine"))


def _dictionary(index: int, resource: ResourceRecord) -> Iterator[Finding]:
    if resource.kind != "table":
        return
    path = f"resources.{index}.columns"
    if not resource.columns:
        yield Finding("dictionary_required", path, N_("Bảng dữ liệu cần có từ điển cột."))
    for column in resource.columns:
        yield from _column(f"{path}.{column.name}", column)


def _column(path: str, column: Column) -> Iterator[Finding]:
    if not column.label.get("vi"):
        yield Finding("column_label_required", path, N_("Cột cần có nhãn tiếng Việt."))
    if column.type in NUMBERS and not column.unit:
        yield Finding("column_unit_required", path, N_("Cột số cần có đơn vị tính."))
    if column.personal in BLOCKED_PERSONAL:
        yield Finding(
            "personal_data", path, N_("Cột chứa dữ liệu cá nhân; cần bỏ hoặc che trước khi công bố.")
        )


def _warnings(record: DatasetRecord) -> Iterator[Finding]:
    if not (record.title.get("en") and record.description.get("en")):
        yield Finding("english_missing", "title.en", N_("Chưa có bản tiếng Anh."), "warn")
    if not any(record.keywords.values()):
        yield Finding("keywords_missing", "keywords", N_("Chưa có từ khóa."), "warn")
    if record.spatial is None:
        yield Finding("spatial_missing", "spatial", N_("Chưa nêu phạm vi không gian."), "warn")
    if record.temporal is None:
        yield Finding("temporal_missing", "temporal", N_("Chưa nêu khoảng thời gian của dữ liệu."), "warn")
