"""File stores by address."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from opendata.engines.files.local import LocalFiles
from opendata.engines.files.protocol import FileStore


def open_files(url: str) -> FileStore:
    """The store for `file:///folder` or `s3://…` (see `s3_address`). Raises ValueError for others."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return _open_s3(url)
    if parts.scheme != "file" or not parts.path:
        raise ValueError(f"no file store for {url!r}")
    return LocalFiles(Path(unquote(parts.path)))


def _open_s3(url: str) -> FileStore:
    from opendata.engines.files.s3 import S3Files  # a client that few sites need
    from opendata.engines.files.s3_address import read_address

    return S3Files(read_address(url))
