import pytest

from opendata.engines.search.fake import MemoryIndex
from opendata.testing.search_contract import SearchContract


class TestMemoryIndex(SearchContract):
    @pytest.fixture
    def index(self) -> MemoryIndex:
        return MemoryIndex()
