"""What can go wrong when reading an address, each with a stable code."""

from typing import ClassVar

from opendata.base.kit.errors import N_, OpenDataError


class FetchError(OpenDataError):
    """`where` is the address without credentials, `hint` a short technical remark for the source's people.

    `again` says whether trying once more can help; `answer` is the HTTP status if there was one;
    `wait` is what Retry-After asked for, in seconds.
    """

    code = "source_error"
    status = 502
    message = N_("Nguồn dữ liệu trả lời lỗi.")
    again: ClassVar[bool] = False

    def __init__(
        self, where: str, hint: str = "", *, answer: int | None = None, wait: float | None = None
    ) -> None:
        self.where = where
        self.hint = hint
        self.answer = answer
        self.wait = wait
        super().__init__()


class SourceFailed(FetchError):
    """The server answered, but not with what was asked for."""


class SourceBusy(FetchError):
    """408, 429 or a 5xx that may pass."""

    again = True


class BodyCut(FetchError):
    """The body ended before its declared or encoded end."""

    message = N_("Nội dung từ nguồn dữ liệu bị cắt giữa chừng.")
    again = True


class Unreachable(FetchError):
    code = "unreachable"
    message = N_("Không kết nối được tới nguồn dữ liệu.")
    again = True


class NameUnknown(Unreachable):
    message = N_("Không tìm thấy tên miền của nguồn dữ liệu.")


class TooSlow(FetchError):
    code = "timeout"
    status = 504
    message = N_("Nguồn dữ liệu trả lời quá chậm.")
    again = True


class TlsFailed(FetchError):
    code = "tls"
    message = N_("Chứng chỉ của nguồn dữ liệu không hợp lệ.")


class AuthRefused(FetchError):
    code = "auth"
    message = N_("Nguồn dữ liệu yêu cầu thông tin đăng nhập đúng.")


class SourceForbids(FetchError):
    code = "forbidden"
    message = N_("Nguồn dữ liệu từ chối truy cập.")


class BlockedAddress(FetchError):
    """The address is not one the product may connect to."""

    code = "blocked_address"
    status = 422
    message = N_("Địa chỉ này không được phép kết nối.")


class SchemeNotAllowed(FetchError):
    """Not http(s), a port outside the list, or no URL at all."""

    code = "scheme_not_allowed"
    status = 422
    message = N_("Chỉ nhận địa chỉ http hoặc https với cổng được phép.")


class BodyTooLarge(FetchError):
    code = "too_large"
    status = 413
    message = N_("Nội dung từ nguồn dữ liệu vượt quá kích thước cho phép.")


class NotExpectedType(FetchError):
    code = "not_expected_type"
    message = N_("Nguồn dữ liệu trả lời bằng một loại nội dung khác.")
