"""Sends stored files: conditional requests, ranges, types and names. The only sender of the product."""

import secrets
from collections.abc import Iterable, Iterator, Sequence

from flask import Response, request

from opendata.base.kit.errors import N_, OpenDataError, PreconditionFailed
from opendata.base.kit.vocabularies import Vocabularies
from opendata.doors.http import answers, ranges
from opendata.doors.http.context import platform
from opendata.doors.http.dispositions import content_disposition
from opendata.doors.http.problems import problem
from opendata.doors.http.ranges import Part
from opendata.engines.files import FileStore
from opendata.services.catalog.reading import Download

CONTENT_SECURITY_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
"""A file runs nothing and frames nothing, whatever its bytes turn out to be."""

OPAQUE = "application/octet-stream"
_SIGNATURES = {"PNG": b"\x89PNG\r\n\x1a\n", "JPEG": b"\xff\xd8\xff", "TXT": b""}


class SentByProxy(Response):
    """Without a body of ours, so there is nothing to keep; `bytes_by_proxy` are what the caller gets, for the
    meter."""

    bytes_by_proxy = 0


class RangeNotSatisfiable(OpenDataError):
    code = "range_not_satisfiable"
    status = 416
    message = N_("Tệp không có phần được yêu cầu.")


def send(download: Download) -> Response:
    """The answer to GET or HEAD of a stored file. Raises `NotFound`, `PreconditionFailed`."""
    etag = download.sha256
    if request.if_match and not request.if_match.contains(etag):
        raise PreconditionFailed
    if request.if_none_match.contains_weak(etag):
        return _dressed(Response(status=304), download)
    if (url := _direct_url(download)) is not None:
        return _elsewhere(url)
    by_proxy = _proxy_may_send(download)
    size = download.size if by_proxy else platform().part(FileStore).size(etag)
    try:
        parts = _wanted(etag, size)
    except ranges.Unsatisfiable:
        return _unsatisfiable(size)
    if by_proxy and (parts is None or len(parts) == 1):  # no store puts several into one answer
        return _by_proxy(download, parts)
    return _dressed(_through_us(download, parts, size), download)


def _through_us(download: Download, parts: Sequence[Part] | None, size: int) -> Response:
    if parts is None:
        return _whole(download, size)
    if len(parts) == 1:
        return _single(download, parts[0], size)
    return _several(download, parts, size)


def _direct_url(download: Download) -> str | None:
    if request.method != "GET":
        return None
    return (
        platform()
        .part(FileStore)
        .direct_url(
            download.sha256,
            content_type=_type(download),
            disposition=content_disposition("attachment", download.name),
        )
    )


def _proxy_may_send(download: Download) -> bool:
    """It sees to ranges; conditions that name our ETag stay with us, who know it."""
    place, condition = platform().settings.files_accel, request.headers.get("If-Range")
    if not place or request.method != "GET" or not download.size or "If-Match" in request.headers:
        return False
    return condition is None or _names(condition, download.sha256)


def _by_proxy(download: Download, parts: Sequence[Part] | None) -> Response:
    """Tells the proxy in front where the bytes are; it takes our headers and sends the range by itself."""
    place = (
        platform()
        .part(FileStore)
        .proxy_path(
            download.sha256,
            content_type=_type(download),
            disposition=content_disposition("attachment", download.name),
        )
    )
    response = SentByProxy(status=200, content_type=_type(download), direct_passthrough=True)
    response.headers["X-Accel-Redirect"] = f"{platform().settings.files_accel}/{place}"
    response.bytes_by_proxy = parts[0].length if parts else download.size
    _dressed(response, download)
    del response.headers["Accept-Ranges"]  # the proxy says so itself
    return response


def _elsewhere(url: str) -> Response:
    """The store sends the file itself; the address is good for some minutes and for this caller."""
    response = Response(status=302, headers={"Location": url, "Cache-Control": "no-store"})
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _wanted(etag: str, size: int) -> tuple[Part, ...] | None:
    """Ranges count for GET alone, and with `If-Range` only while the file is the very same."""
    if request.method != "GET":
        return None
    condition = request.headers.get("If-Range")
    if condition is not None and not _names(condition, etag):
        return None
    return ranges.parse(request.headers.get("Range"), size)


def _names(condition: str, etag: str) -> bool:
    return condition.strip() == f'"{etag}"'


def _unsatisfiable(size: int) -> Response:
    response = problem(RangeNotSatisfiable())
    response.headers["Content-Range"] = f"bytes */{size}"
    response.headers["Accept-Ranges"] = "bytes"
    return response


def _whole(download: Download, size: int) -> Response:
    return _bytes(200, _read(download.sha256, Part(0, size)), size, _type(download))


def _single(download: Download, part: Part, size: int) -> Response:
    response = _bytes(206, _read(download.sha256, part), part.length, _type(download))
    response.headers["Content-Range"] = part.content_range(size)
    return response


def _several(download: Download, parts: Sequence[Part], size: int) -> Response:
    """multipart/byteranges (RFC 9110 §14.6) with its length known beforehand."""
    boundary = secrets.token_hex(16)
    heads = [
        f"\r\n--{boundary}\r\nContent-Type: {_type(download)}\r\n"
        f"Content-Range: {part.content_range(size)}\r\n\r\n".encode()
        for part in parts
    ]
    end = f"\r\n--{boundary}--\r\n".encode()
    store = platform().part(FileStore)  # the request is over when the body is sent

    def body() -> Iterator[bytes]:
        for head, part in zip(heads, parts, strict=True):
            yield head
            yield from store.open(download.sha256, part.start, part.length)
        yield end

    length = sum(map(len, heads)) + sum(part.length for part in parts) + len(end)
    return _bytes(206, body(), length, f"multipart/byteranges; boundary={boundary}")


def _read(sha256: str, part: Part) -> Iterable[bytes]:
    if request.method == "HEAD":
        return ()
    return platform().part(FileStore).open(sha256, part.start, part.length)


def _bytes(status: int, body: Iterable[bytes], length: int, content_type: str) -> Response:
    response = Response(body, status=status, content_type=content_type, direct_passthrough=True)
    response.headers["Content-Length"] = str(length)
    return response


def _dressed(response: Response, download: Download) -> Response:
    headers = response.headers
    answers.allow_caching(response, etag=download.sha256, public=download.public)
    headers["Accept-Ranges"] = "bytes"
    headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    inert = response.status_code != 304 and _is_inert(download)
    headers["Content-Disposition"] = content_disposition("inline" if inert else "attachment", download.name)
    if download.synthetic:
        headers["X-Data-Synthetic"] = download.synthetic
    return response


def _type(download: Download) -> str:
    """The media type of the format; a charset only where it was measured."""
    term = platform().part(Vocabularies).terms("formats").get(download.format or "")
    media_type = str(term.data.get("media_type") or OPAQUE) if term else OPAQUE
    if media_type.startswith("text/") and download.encoding:
        return f"{media_type}; charset={download.encoding}"
    return media_type


def _is_inert(download: Download) -> bool:
    """Formats the vocabulary calls inert, and only where the bytes begin as the format does."""
    term = platform().part(Vocabularies).terms("formats").get(download.format or "")
    signature = _SIGNATURES.get(download.format or "")
    if term is None or not term.data.get("inline") or signature is None:
        return False
    head = b"".join(platform().part(FileStore).open(download.sha256, 0, len(signature)))
    return head.startswith(signature)
