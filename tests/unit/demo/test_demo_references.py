"""Keys are unique, required cells are filled, codes are listed and references lead somewhere."""

import re

import pytest

from opendata.base.kit.vocabularies import Vocabularies
from opendata.demo import datasets
from opendata.demo.catalogue import shared_codes
from opendata.demo.reading import folder_reader

TABLES = [(d.id, table) for d in datasets().values() for table in (d.tables or (None,))]
REFERENCES = [
    (d.id, table, field)
    for d in datasets().values()
    for table in (d.tables or (None,))
    for field in d.fields(table)
    if field.ref
]


def test_eighteen_references_between_datasets_and_five_in_the_bus_network():
    assert sum(1 for _, table, _ in REFERENCES if table) == 5
    assert sum(1 for _, table, _ in REFERENCES if not table) == 18


@pytest.fixture(scope="module", params=TABLES, ids=lambda one: one[1] or one[0])
def published(request, city_folder):
    """Each table in turn: dataset, name of the table, rows."""
    dataset, table = request.param
    return dataset, table, list(folder_reader(city_folder)(dataset, table))


def test_keys_are_unique_and_required_cells_filled(published):
    dataset, table, rows = published
    fields = [field for field in datasets()[dataset].fields(table) if field.type not in ("point",)]
    keys = [field.name for field in fields if field.key]
    assert len({tuple(row[key] for key in keys) for row in rows}) == len(rows) > 0
    required = [field.name for field in fields if not field.nullable]
    assert all(row[name] is not None for row in rows for name in required)


@pytest.mark.parametrize(("dataset", "table", "field"), REFERENCES)
def test_references_resolve(city_rows, dataset, table, field):
    target, *inner, column = field.ref.split(".")
    known = {row[column] for row in city_rows(target, inner[0] if inner else None)}
    values = {row[field.name] for row in city_rows(dataset, table)} - {None}
    if field.multiple:
        values = {code for value in values for code in value.split(";")}
    assert values <= known
    assert values


def test_coded_cells_stand_in_their_list(published):
    name, table, rows = published
    dataset = datasets()[name]
    for field in dataset.fields(table):
        if field.codes:
            listed = dataset.codes.get(field.name) or shared_codes().get(field.codes)
            allowed = set(listed or Vocabularies().terms(field.codes))
            allowed |= {"TONG"} if (name, field.name) == ("D09", "nganh_vsic") else set()
            assert {row[field.name] for row in rows} - {None} <= allowed, field.name


def test_scope_changes_where_it_says(city_rows):
    for dataset in datasets().values():
        if dataset.mode not in ("switch", "restated"):
            continue
        border = "2025-07" if dataset.mode == "switch" else "2025-01"
        time = next(
            field.name for field in dataset.columns if field.type == "date" or field.name in ("nam", "ky")
        )
        for row in city_rows(dataset.id, None):
            expected = "cu" if str(row[time])[:7] < border[: len(str(row[time])[:7])] else "moi"
            if dataset.id != "D30":
                assert row["pham_vi"] == expected, (dataset.id, row)


def test_rows_of_the_former_city_name_only_wards_that_lie_in_it(city_rows):
    former = {row["ma_moi"] for row in city_rows("D25") if row["tinh_cu"] == "Thành phố Hải Phòng"}
    for name in ("D29", "D30"):
        assert {row["ma_xa"] for row in city_rows(name) if row["pham_vi"] == "cu"} == former


def test_wards_with_one_folded_name_keep_their_own_codes(city_rows):
    names = {row["ma_xa"]: row["ten"] for row in city_rows("D24")}
    assert (names["10888"], names["10903"]) == ("Cẩm Giang", "Cẩm Giàng")


def test_the_plan_lists_this_catalogue(city_rows):
    plan = {row["ma"]: row for row in city_rows("D27")}
    assert {code: row["ten"] for code, row in plan.items()} == {
        d.id: d.title["vi"] for d in datasets().values()
    }
    assert {code: row["co_quan"] for code, row in plan.items()} == {d.id: d.body for d in datasets().values()}


MOBILE = re.compile(r"\A(\+84|0)[35789]\d{8}\Z")
IDENTITY = re.compile(r"\A0\d{2}[0-3]\d{8}\Z")
PLATE = re.compile(r"\A\d{2}[A-Z]\d?-?\d{3}\.?\d{2}\Z")
UNWANTED = ("dien_thoai", "so_dt", "cccd", "cmnd", "ho_ten", "nguoi_dai_dien", "chu_", "bien_so", "email")


def test_no_column_looks_like_personal_data(published):
    dataset, table, rows = published
    for field in datasets()[dataset].fields(table):
        assert not any(word in field.name for word in UNWANTED), field.name
        if field.type != "text":
            continue
        values = {row[field.name] for row in rows} - {None}
        for shape in (MOBILE, IDENTITY, PLATE):
            share = sum(bool(shape.match(value)) for value in values) / max(1, len(values))
            assert share < 0.2, (field.name, shape.pattern)
