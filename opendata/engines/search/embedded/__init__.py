"""The embedded search engine on tantivy."""

from opendata.engines.search.embedded.index import EmbeddedIndex

__all__ = ["EmbeddedIndex"]
