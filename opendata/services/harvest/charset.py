"""JSON in another encoding than UTF-8: against the standard, but met in the field."""

import codecs
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from typing import IO, BinaryIO, cast

from opendata.services.harvest.listing import ListingLog

_PIECE = 1 << 18
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@contextmanager
def to_utf8(source: bytes | IO[bytes], content_type: str, log: ListingLog) -> Iterator[BinaryIO]:
    """The text as UTF-8, from its start.

    UTF-8 is believed first, whatever the header says; where it does not hold, the byte order mark or the
    declared charset is, with a remark. What neither explains is handed on as it is, for the parser to refuse.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else cast("BinaryIO", source)
    encoding = _other_encoding(file, content_type)
    file.seek(0)
    if encoding is None:
        yield file
        return
    log.remark("charset", encoding)
    with tempfile.SpooledTemporaryFile(max_size=1 << 20) as text:
        reader = codecs.getreader(encoding)(file)
        while piece := reader.read(_PIECE):
            text.write(piece.encode())
        text.seek(0)
        yield cast("BinaryIO", text)


def _other_encoding(file: BinaryIO, content_type: str) -> str | None:
    if _holds(file, "utf-8"):
        return None
    file.seek(0)
    candidates = ["utf-16"] if file.read(2) in _UTF16 else [_declared(content_type)]
    return next((name for name in candidates if name and _holds(file, name)), None)


def _declared(content_type: str) -> str | None:
    message = Message()
    message["content-type"] = content_type
    name = message.get_content_charset()
    try:
        found = codecs.lookup(name) if name else None
    except LookupError:
        return None
    return found.name if found and getattr(found, "_is_text_encoding", False) else None


def _holds(file: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        while piece := file.read(_PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True
