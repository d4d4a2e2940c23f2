"""Reads a multipart body as it arrives: the fields, then one file as a stream that is never spooled."""

import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, cast

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from opendata.base.kit.errors import N_
from opendata.doors.http.problems import BadRequest, RequestTooLarge, UnsupportedMediaType

CHUNK = 1 << 16
MAX_FIELD = 1 << 16
MAX_PARTS = 32


@dataclass(frozen=True, slots=True)
class Upload:
    """`fields` are those that came before the file; `stream` is to be read once."""

    name: str
    fields: dict[str, str]
    stream: BinaryIO


def read(*, field: str = "file") -> Upload:
    """The file in part `field` of this request; it has to be the last part.

    Raises `UnsupportedMediaType`, `RequestTooLarge`, or `BadRequest` naming the part that is wrong.
    """
    events = _events()
    fields: dict[str, str] = {}
    for event in events:
        if isinstance(event, File):
            if event.name != field or not event.filename:
                raise BadRequest(fields={event.name or field: N_("Không có trường này.")})
            return Upload(event.filename, fields, cast("BinaryIO", _FileStream(events, field)))
        if isinstance(event, Field):
            if event.name in fields or len(fields) >= MAX_PARTS:
                raise BadRequest(fields={event.name: N_("Trường được gửi nhiều lần.")})
            fields[event.name] = _text(event.name, events)
    raise BadRequest(fields={field: N_("Thiếu trường bắt buộc.")})


def _events() -> Iterator[Event]:
    boundary = request.mimetype_params.get("boundary", "")
    if request.mimetype != "multipart/form-data" or not boundary:
        raise UnsupportedMediaType
    decoder = MultipartDecoder(boundary.encode("latin-1", "replace"), max_form_memory_size=4 * CHUNK)
    try:
        yield from _decoded(decoder)
    except RequestEntityTooLarge as error:
        raise RequestTooLarge from error
    except ValueError as error:
        raise BadRequest(fields={"body": N_("Nội dung nhiều phần không đọc được.")}) from error


def _decoded(decoder: MultipartDecoder) -> Iterator[Event]:
    while True:
        event = decoder.next_event()
        if isinstance(event, NeedData):
            chunk = request.stream.read(CHUNK)
            decoder.receive_data(chunk or None)
            continue
        yield event
        if isinstance(event, Epilogue):
            return


def _text(name: str, events: Iterator[Event]) -> str:
    raw = b""
    for event in events:
        if not isinstance(event, Data):
            break
        raw += event.data
        if len(raw) > MAX_FIELD:
            raise BadRequest(fields={name: N_("Nội dung quá dài.")})
        if not event.more_data:
            break
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise BadRequest(fields={name: N_("Văn bản phải ở mã UTF-8.")}) from error


class _FileStream(io.RawIOBase):
    """The bytes of the file part; after its end nothing but the closing boundary may follow."""

    def __init__(self, events: Iterator[Event], field: str) -> None:
        self._events = events
        self._field = field
        self._left = b""
        self._more = True

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        pieces = [self._left]
        held = len(self._left)
        while self._more and (size < 0 or held < size):
            piece = self._next()
            pieces.append(piece)
            held += len(piece)
        data = b"".join(pieces)
        taken = data if size < 0 else data[:size]
        self._left = data[len(taken) :]
        return taken

    def _next(self) -> bytes:
        event = next(self._events, None)
        if not isinstance(event, Data):
            raise BadRequest(fields={self._field: N_("Tệp chưa được gửi hết.")})
        if not event.more_data:
            self._more = False
            self._require_end()
        return event.data

    def _require_end(self) -> None:
        following = next(self._events, None)
        if not isinstance(following, Epilogue):
            name = getattr(following, "name", None) or "body"
            raise BadRequest(fields={name: N_("Tệp phải là phần cuối cùng.")})


def require_known(fields: Mapping[str, str], known: Collection[str]) -> None:
    """Raises `BadRequest` naming the fields that are not among `known`."""
    if unknown := sorted(set(fields) - set(known)):
        raise BadRequest(fields={name: N_("Không có trường này.") for name in unknown})
