"""Search engines by address."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from opendata.base.kit.errors import N_, Invalid
from opendata.engines.search.embedded import EmbeddedIndex
from opendata.engines.search.fake import MemoryIndex
from opendata.engines.search.protocol import SearchIndex


class UnknownSearchEngine(Invalid):
    code = "unknown_search_engine"
    message = N_("Không có công cụ tìm kiếm cho địa chỉ %(url)s.")


def open_index(url: str) -> SearchIndex:
    """`tantivy:///absolute/folder`, `tantivy://relative/folder`, `memory://` or
    `elasticsearch://host:port,host:port/prefix` (see `elastic.read_address`)."""
    parts = urlsplit(url)
    if parts.scheme == "memory":
        return MemoryIndex()
    if parts.scheme == "tantivy":
        return EmbeddedIndex(Path(unquote(parts.netloc + parts.path)))
    if parts.scheme == "elasticsearch":
        return _open_elastic(url)
    raise UnknownSearchEngine(url=url)


def _open_elastic(url: str) -> SearchIndex:
    from opendata.engines.search.elastic import ElasticIndex, read_address  # 20 MB that few sites need

    return ElasticIndex(read_address(url))
