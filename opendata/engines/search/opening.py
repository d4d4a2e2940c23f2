"""Search engines by address."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from opendata.base.kit.errors import N_, Invalid
from opendata.engines.search.embedded import EmbeddedIndex
from opendata.engines.search.fake import MemoryIndex
from opendata.engines.search.protocol import Expects, SearchIndex, nothing


class UnknownSearchEngine(Invalid):
    code = "unknown_search_engine"
    message = N_("Không có công cụ tìm kiếm cho địa chỉ %(url)s.")


def open_index(url: str, expects: Expects = nothing) -> SearchIndex:
    """`tantivy:///absolute/folder`, `tantivy://relative/folder`, `memory://` or
    `elasticsearch://host:port,host:port/prefix` (see `elastic.read_address`). `expects` tells an index that
    was lost from one that nobody has made yet."""
    parts = urlsplit(url)
    if parts.scheme == "memory":
        return MemoryIndex()
    if parts.scheme == "tantivy":
        return EmbeddedIndex(Path(unquote(parts.netloc + parts.path)), expects=expects)
    if parts.scheme == "elasticsearch":
        return _open_elastic(url, expects)
    raise UnknownSearchEngine(url=url)


def _open_elastic(url: str, expects: Expects) -> SearchIndex:
    from opendata.engines.search.elastic import ElasticIndex, read_address  # 20 MB that few sites need

    return ElasticIndex(read_address(url), expects=expects)
