"""Errors as RFC 9457 problem details. HTML pages render the same errors in their own way."""

from typing import Any

import orjson
import structlog
from flask import Response, g, request
from werkzeug.exceptions import HTTPException, TooManyRequests
from werkzeug.exceptions import MethodNotAllowed as WerkzeugMethodNotAllowed

from opendata.base.i18n import translations
from opendata.base.kit.errors import N_, Invalid, NotFound, OpenDataError, RateLimited
from opendata.base.kit.secrets import redact
from opendata.doors.http.context import language

log = structlog.get_logger(__name__)


class BadRequest(Invalid):
    code = "bad_request"
    status = 400
    message = N_("Yêu cầu chưa đúng.")


class MethodNotAllowed(OpenDataError):
    code = "method_not_allowed"
    status = 405
    message = N_("Địa chỉ này không nhận phương thức được dùng.")


class UnsupportedMediaType(OpenDataError):
    code = "unsupported"
    status = 415
    message = N_("Kiểu nội dung không được hỗ trợ.")


class RequestTooLarge(OpenDataError):
    code = "too_large"
    status = 413
    message = N_("Nội dung gửi lên quá lớn.")


class NotAcceptable(OpenDataError):
    code = "not_acceptable"
    status = 406
    message = N_("Không có dạng trả lời theo yêu cầu.")


_BY_STATUS: dict[int, type[OpenDataError]] = {
    404: NotFound,
    405: MethodNotAllowed,
    406: NotAcceptable,
    413: RequestTooLarge,
    415: UnsupportedMediaType,
}


def as_open_data_error(error: Exception) -> OpenDataError:
    """Any exception as one of ours; what we did not foresee becomes a plain 500 and is logged."""
    if isinstance(error, OpenDataError):
        return error
    if isinstance(error, WerkzeugMethodNotAllowed):
        return MethodNotAllowed(allow=", ".join(sorted(error.valid_methods or ())))
    if isinstance(error, TooManyRequests):
        return RateLimited(retry_after=g.get("retry_after", 5))
    if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
        return _BY_STATUS.get(error.code, BadRequest)()
    log.exception("request.failed", path=request.path, request_id=g.get("request_id"), exc_info=error)
    return OpenDataError()


def sentence(error: OpenDataError) -> str:
    """The message in the language of the request."""
    text = translations(language()).gettext(error.message)
    return text % error.params if error.params and "%(" in text else text


def field_sentences(error: OpenDataError) -> dict[str, str]:
    translate = translations(language()).gettext
    return {field: translate(message) for field, message in error.fields.items()}


def problem(error: OpenDataError) -> Response:
    """application/problem+json with `code`, `request_id` and, for bad input, `errors` by field."""
    body: dict[str, Any] = {
        "type": error.params.get("type", f"/docs/errors#{error.code}"),
        "title": sentence(error),
        "status": error.status,
        "code": error.code,
        "request_id": g.get("request_id"),
        "instance": redact(request.path),
    }
    if error.fields:
        body["errors"] = [{"field": field, "detail": text} for field, text in field_sentences(error).items()]
    body |= error.params.get("members", {})
    response = Response(orjson.dumps(body), status=error.status, content_type="application/problem+json")
    response.headers["Cache-Control"] = "no-store"
    if allowed := error.params.get("allow"):
        response.headers["Allow"] = allowed
    if error.status in {429, 503}:
        response.headers["Retry-After"] = str(error.params.get("retry_after", 5))
    return response
