"""The search index of scaled mode, on an Elasticsearch cluster."""

from opendata.engines.search.elastic.address import Address, read_address
from opendata.engines.search.elastic.index import ElasticIndex

__all__ = ["Address", "ElasticIndex", "read_address"]
