"""The difference of two descriptions, field by field."""

import pytest

from opendata.services.catalog.changes import difference

FILE = {"title": {"vi": "bai.csv"}, "columns": [{"name": "ma", "unit": None}]}
NAMED = {"title": {"vi": "bai.csv"}, "columns": [{"name": "ma", "unit": "mã"}]}


@pytest.mark.parametrize("kind", [list, tuple])
def test_files_are_compared_item_by_item(kind):
    changed = difference({"resources": kind([FILE])}, {"resources": kind([NAMED])})
    assert changed == [{"path": "resources.0.columns.0.unit", "before": None, "after": "mã"}]


def test_a_first_file_is_one_change():
    changed = difference({"resources": []}, {"resources": [FILE]})
    assert changed == [{"path": "resources.0", "before": None, "after": FILE}]


def test_lists_of_words_are_compared_as_a_whole():
    changed = difference({"themes": ["ECON"]}, {"themes": ["ECON", "TRAN"]})
    assert changed == [{"path": "themes", "before": ["ECON"], "after": ["ECON", "TRAN"]}]
