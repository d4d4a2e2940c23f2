"""Revisions as the timeline part shows them: who, when, what is different, in words."""

from collections.abc import Iterable, Mapping
from typing import Any

from opendata.base.i18n import pick, translations
from opendata.base.kit.errors import N_
from opendata.base.models import DatasetRevision
from opendata.doors.web.display import language

ACTIONS = {
    "create": N_("Tạo bản nháp"),
    "edit": N_("Sửa mô tả"),
    "harvest": N_("Cập nhật từ nguồn thu thập"),
    "add_file": N_("Thêm tệp"),
    "add_link": N_("Thêm liên kết"),
    "replace_file": N_("Thay tệp"),
    "remove_file": N_("Gỡ tệp"),
    "submit": N_("Gửi duyệt"),
    "return": N_("Trả lại"),
    "publish": N_("Công bố"),
    "withdraw": N_("Rút khỏi công bố"),
}
FIELDS = {
    "title": N_("Tên"),
    "description": N_("Mô tả"),
    "keywords": N_("Từ khóa"),
    "themes": N_("Lĩnh vực"),
    "topics": N_("Chủ đề"),
    "contact": N_("Liên hệ"),
    "license": N_("Giấy phép"),
    "access_level": N_("Mức độ tiếp cận"),
    "legal_basis": N_("Căn cứ pháp lý"),
    "frequency": N_("Tần suất cập nhật"),
    "last_update": N_("Lần cập nhật gần nhất"),
    "data_until": N_("Số liệu đến"),
    "temporal": N_("Khoảng thời gian"),
    "spatial": N_("Phạm vi không gian"),
    "pham_vi": N_("Phạm vi địa giới"),
    "resources": N_("Tệp dữ liệu"),
    "columns": N_("Từ điển cột"),
    "note": N_("Ghi chú"),
}


def timeline(revisions: Iterable[DatasetRevision]) -> list[dict[str, Any]]:
    translate = translations(language()).gettext
    return [
        {
            "at": revision.at,
            "by": revision.by_name,
            "action": translate(ACTIONS.get(revision.action, revision.action)),
            "note": None,
            "changes": changes_view(revision.changes),
        }
        for revision in revisions
    ]


def changes_view(changes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """{path, before, after} as {label, before, after} in words."""
    return [_change(change) for change in changes]


def _change(change: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "label": _label(change["path"]),
        "before": _words(change["before"]),
        "after": _words(change["after"]),
    }


def _label(path: str) -> str:
    """ "resources.0.title.vi" -> "Tệp dữ liệu 1 · Tên (vi)": known names in words, the rest as it is."""
    translate = translations(language()).gettext
    words: list[str] = []
    for part in path.split("."):
        if part.isdigit() and words:
            words[-1] += f" {int(part) + 1}"
        elif part in {"vi", "en"} and words:
            words[-1] += f" ({part})"
        else:
            words.append(translate(FIELDS[part]) if part in FIELDS else part)
    return " · ".join(words)


def _object(value: Mapping[str, Any]) -> str:
    """A text in the language of the page; a thing with a title by that; the rest by what it holds."""
    if set(value) <= {"vi", "en"}:
        return pick(value, language())
    if value.get("title"):
        return ", ".join(filter(None, [_words(value["title"]), value.get("format")]))
    held = ((name, _words(item)) for name, item in value.items())
    return ", ".join(f"{name}: {words}" for name, words in held if words)


def _words(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, list):
        return ", ".join(filter(None, map(_words, value)))
    return str(value)
