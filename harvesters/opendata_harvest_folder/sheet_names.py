"""What the fields of a description are called in a sheet that people fill in."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from opendata.plugin import Ctx

_SPACES = re.compile(r"\s+")
_LISTS = {
    "themes",
    "topics",
    "creator",
    "language",
    "sources",
    "conforms_to",
    "hvd_category",
    "spatial.places",
}
_TRUE = {"có", "co", "yes", "true", "1", "x"}
_NAMES = {
    "title.vi": ("tên", "tên bộ dữ liệu", "tiêu đề"),
    "title.en": ("tên tiếng anh", "tiêu đề tiếng anh"),
    "description.vi": ("mô tả",),
    "description.en": ("mô tả tiếng anh",),
    "keywords.vi": ("từ khóa", "từ khoá"),
    "keywords.en": ("từ khóa tiếng anh", "từ khoá tiếng anh"),
    "slug": ("địa chỉ", "đường dẫn"),
    "themes": ("lĩnh vực",),
    "topics": ("chủ đề",),
    "publisher": ("cơ quan công bố", "cơ quan", "mã cơ quan"),
    "contact.name.vi": ("đầu mối liên hệ", "đơn vị liên hệ", "liên hệ"),
    "contact.email": ("thư điện tử", "email", "e-mail"),
    "contact.phone": ("điện thoại", "số điện thoại"),
    "contact.url": ("trang liên hệ",),
    "license": ("giấy phép",),
    "access_level": ("mức độ tiếp cận", "mức tiếp cận"),
    "access_reason.vi": ("lý do hạn chế", "lý do hạn chế tiếp cận"),
    "legal_basis.code": ("căn cứ pháp lý", "văn bản"),
    "legal_basis.article": ("điều khoản", "điều"),
    "frequency": ("tần suất", "tần suất cập nhật"),
    "last_update": ("cập nhật lần cuối", "ngày cập nhật"),
    "issued": ("ngày công bố", "ngày ban hành"),
    "data_until": ("số liệu đến", "dữ liệu đến"),
    "temporal.start": ("từ ngày", "từ kỳ"),
    "temporal.end": ("đến ngày", "đến kỳ"),
    "spatial.places": ("mã địa bàn", "địa bàn"),
    "pham_vi.mode": ("phạm vi", "phạm vi địa giới"),
    "pham_vi.note.vi": ("ghi chú phạm vi",),
    "language": ("ngôn ngữ",),
    "landing_page": ("trang giới thiệu",),
    "provenance.vi": ("nguồn gốc",),
    "synthetic": ("dữ liệu mô phỏng", "mô phỏng"),
}
_BY_NAME = {name: path for path, names in _NAMES.items() for name in names}
_SCOPES = {
    "chuyển tiếp": "switch",
    "tính lại": "restated",
    "chỉ thành phố mới": "moi_only",
    "chỉ thành phố cũ": "cu_only",
    "nối cũ và mới": "bridge",
    "không gắn địa giới": "none",
}


def sheet_fields(rows: Iterable[Sequence[str]], ctx: Ctx) -> dict[str, Any]:
    """The fields of a record from rows of (name, value). A name may also be a path such as `title.en`."""
    found: dict[str, Any] = {}
    for number, (name, value) in enumerate(rows):
        path = _BY_NAME.get(_key(name), name.strip())
        if _key(path) in {"trường", "field"}:
            continue
        if _put(found, path.split("."), _value(path, value)):
            continue
        ctx.warn(f"$.rows[{number}]", "unknown_field", name)
    for name in ("contact", "legal_basis"):
        if name in found:
            found[name] = [found[name]]
    return found


def _value(path: str, value: str) -> Any:
    if path.startswith("keywords.") or path in _LISTS:
        return [part.strip() for part in re.split(r"[;,]", value) if part.strip()]
    if path == "synthetic":
        return _key(value) in _TRUE
    if path == "pham_vi.mode":
        return _SCOPES.get(_key(value), value)
    return value


def _put(found: dict[str, Any], path: Sequence[str], value: Any) -> bool:
    """False where the path leads through a value that holds nothing."""
    *outer, last = path
    at = found
    for part in outer:
        inner = at.setdefault(part, {})
        if not isinstance(inner, dict):
            return False
        at = inner
    at[last] = value
    return True


def _key(text: str) -> str:
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip(" :*").casefold()
