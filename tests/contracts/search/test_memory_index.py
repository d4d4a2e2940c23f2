import pytest

from opendata.engines.search.fake import MemoryIndex
from opendata.testing.search_contract import SearchContract
from opendata.testing.search_paging_contract import SearchPagingContract
from opendata.testing.search_writing_contract import SearchWritingContract


class TestMemoryIndex(SearchContract, SearchWritingContract, SearchPagingContract):
    @pytest.fixture
    def index(self) -> MemoryIndex:
        return MemoryIndex()
