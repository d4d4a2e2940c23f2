"""Errors that cross floors. Each door renders them in its own form."""

from collections.abc import Mapping
from typing import Any, ClassVar


def N_(message: str) -> str:  # noqa: N802  # the name gettext tools look for
    """Mark a Vietnamese sentence for translation without translating it here."""
    return message


class OpenDataError(Exception):
    """A refusal or fault with a stable code.

    `code` never changes once published; `status` is the HTTP status a door may use; `message` is the
    Vietnamese sentence (a message id, with named places filled from `params`); `fields` names what is
    wrong where, as {"path.to.field": "Vietnamese sentence"}; `detail` is safe to show to anyone.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    message: ClassVar[str] = N_("Hệ thống gặp lỗi. Vui lòng thử lại sau.")

    def __init__(self, *, fields: Mapping[str, str] | None = None, **params: Any) -> None:
        self.params = params
        self.fields = dict(fields or {})
        super().__init__(self.message % params if params else self.message)


def known() -> list[type[OpenDataError]]:
    """Every kind of error that declares a code of its own, by code; those of modules that are loaded."""
    found: dict[str, type[OpenDataError]] = {}
    waiting: list[type[OpenDataError]] = [OpenDataError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if "code" in vars(kind):
            found.setdefault(kind.code, kind)
    return [found[code] for code in sorted(found)]


class NotFound(OpenDataError):
    code = "not_found"
    status = 404
    message = N_("Không tìm thấy nội dung được yêu cầu.")


class Gone(OpenDataError):
    code = "gone"
    status = 410
    message = N_("Nội dung này đã được gỡ bỏ.")


class NotAllowed(OpenDataError):
    code = "not_allowed"
    status = 403
    message = N_("Tài khoản không có quyền thực hiện thao tác này.")


class SignInRequired(OpenDataError):
    code = "sign_in_required"
    status = 401
    message = N_("Vui lòng đăng nhập để tiếp tục.")


class Invalid(OpenDataError):
    """Input that cannot be accepted; `fields` says where and why."""

    code = "invalid"
    status = 422
    message = N_("Dữ liệu gửi lên chưa hợp lệ.")


class Conflict(OpenDataError):
    code = "conflict"
    status = 409
    message = N_("Nội dung đã bị thay đổi hoặc bị trùng.")


class PreconditionRequired(OpenDataError):
    code = "precondition_required"
    status = 428
    message = N_("Thiếu tiêu đề If-Match của phiên bản đang sửa.")


class PreconditionFailed(OpenDataError):
    code = "precondition_failed"
    status = 412
    message = N_("Nội dung đã được người khác cập nhật. Vui lòng tải lại trước khi sửa.")


class TooLarge(OpenDataError):
    code = "too_large"
    status = 413
    message = N_("Nội dung vượt quá kích thước cho phép.")


class RateLimited(OpenDataError):
    code = "rate_limited"
    status = 429
    message = N_("Quá nhiều yêu cầu. Vui lòng thử lại sau.")


class Unavailable(OpenDataError):
    code = "temporarily_unavailable"
    status = 503
    message = N_("Dịch vụ tạm thời gián đoạn. Vui lòng thử lại sau.")


class StorageFull(OpenDataError):
    code = "storage_full"
    status = 507
    message = N_("Hết dung lượng lưu trữ.")
