"""Our description of the forty datasets is complete and agrees with the shared one."""

import re

import pytest

from opendata.base.kit.vocabularies import Vocabularies
from opendata.demo import anchors, bodies, datasets, predecessors, topics
from opendata.demo.catalogue import shared_codes
from opendata.demo.making.makers import MAKERS

SLUG = re.compile(r"\A[a-z0-9-]{2,100}\Z")
VOCABULARY_LISTS = {"vsic", "countries", "hs_chapters"}


def all_columns():
    return [
        (dataset, field)
        for dataset in datasets().values()
        for fields in (dataset.columns, *dataset.tables.values())
        for field in fields
    ]


def test_forty_datasets_with_a_maker_each():
    assert list(datasets()) == [f"D{number:02d}" for number in range(1, 41)] == list(MAKERS)


def test_104_anchors_with_their_own_names():
    names = [anchor.id for anchor in anchors()]
    assert len(names) == len(set(names)) == 104


def test_every_column_is_labelled_in_two_languages_and_numbers_have_units():
    for dataset, field in all_columns():
        assert field.label["vi"], (dataset.id, field.name)
        assert field.label["en"], (dataset.id, field.name)
        if field.type in ("integer", "number"):
            assert field.unit, (dataset.id, field.name)


def test_every_code_list_is_there():
    for dataset, field in all_columns():
        if field.codes:
            own = dataset.codes.get(field.name) if field.codes == f"{dataset.id}.{field.name}" else None
            assert own or field.codes in shared_codes() or field.codes in VOCABULARY_LISTS, field


def test_words_of_vocabularies_are_known():
    known = Vocabularies()
    for dataset in datasets().values():
        assert known.known("themes", dataset.theme)
        assert known.known("frequencies", dataset.frequency)
        assert known.known("licences", dataset.license)
        assert known.known("scopes", dataset.mode)
        assert all(known.known("formats", form) for form in dataset.formats)


@pytest.mark.parametrize(("name", "count"), [("countries", 249), ("hs_chapters", 97), ("vsic", 109)])
def test_code_lists_are_complete_in_two_languages(name, count):
    terms = Vocabularies().terms(name)
    assert len(terms) == count
    assert all(term.label["vi"] and term.label["en"] for term in terms.values())


def test_topics_are_ten_and_all_in_use():
    used = {slug for dataset in datasets().values() for slug in dataset.topics}
    assert used == {topic.slug for topic in topics()}
    assert len(used) == 10


def test_seventeen_bodies_with_slugs_and_a_parent_before_its_part():
    codes = [body.code for body in bodies()]
    assert len(codes) == 17
    assert all(SLUG.match(one.slug) for one in (*bodies(), *predecessors()))
    assert all(codes.index(body.parent) < codes.index(body.code) for body in bodies() if body.parent)
    assert {dataset.body for dataset in datasets().values()} <= set(codes)


def test_predecessors_end_and_lead_to_bodies_of_today():
    codes = {body.code for body in bodies()}
    for old in predecessors():
        assert old.valid_from < old.valid_to
        assert old.into
        assert {*old.into, *old.alias_of} <= codes


def test_bodies_agree_with_the_shared_description(described):
    ours = [
        (
            b.code,
            b.name["vi"],
            b.name["en"],
            b.abbreviation,
            b.level,
            list(b.former_names),
            b.parent,
            b.status,
        )
        for b in bodies()
    ]
    theirs = [
        (
            b["code"],
            b["name_vi"],
            b["name_en"],
            b["abbr"],
            b["level"],
            b["former_names"],
            b["parent"],
            b["status"],
        )
        for b in described["bodies"]
    ]
    assert ours == theirs


def test_datasets_agree_with_the_shared_description(described):
    for theirs in described["datasets"]:
        ours = datasets()[theirs["id"]]
        assert ours.slug == theirs["slug"]
        assert ours.title == {"vi": theirs["title_vi"], "en": theirs["title_en"]}
        assert list(ours.keywords["vi"]) == theirs["tags"]
        assert (ours.body, ours.theme, ours.frequency) == (
            theirs["body"],
            theirs["theme"],
            theirs["frequency"],
        )
        assert (list(ours.formats), ours.api, ours.synthetic) == (
            theirs["formats"],
            theirs["api"],
            theirs["synthetic"],
        )
        assert ours.mode == theirs["pham_vi"]["mode"]
        assert ours.period == (theirs["period"]["from"], theirs["period"]["to"])
        assert list(ours.synthetic_columns) == theirs.get("synthetic_columns", [])


def test_columns_agree_with_the_shared_description(described):
    for theirs in described["datasets"]:
        ours = datasets()[theirs["id"]]
        assert_same_columns(ours.columns, theirs["columns"])
        tables = theirs.get("tables", [])
        assert list(ours.tables) == [table["name"] for table in tables]
        for table in tables:
            assert_same_columns(ours.tables[table["name"]], table["columns"])


def assert_same_columns(ours, theirs):
    assert [field.name for field in ours] == [column["name"] for column in theirs]
    for field, column in zip(ours, theirs, strict=True):
        assert (field.type, field.key, field.ref) == (column["type"], column["key"], column["ref"]), column
        assert field.unit == column["unit"] or column["unit"] is None, column
        assert (field.grain, field.length) == (column.get("grain"), column.get("length")), column


def test_code_lists_agree_with_the_shared_description(described):
    for name, codes in described["codes"].items():
        dataset, column = name.split(".")
        assert list(datasets()[dataset].codes[column]) == codes


def test_anchors_agree_with_the_shared_description(described):
    theirs = {one["id"]: one for dataset in described["datasets"] for one in dataset["anchors"]}
    assert {anchor.id for anchor in anchors()} == set(theirs)
    for anchor in anchors():
        expected = dict(theirs[anchor.id])
        expected.pop("text")
        own = {
            name: getattr(anchor, name)
            for name in (
                "id",
                "check",
                "source",
                "column",
                "table",
                "where",
                "op",
                "value",
                "unit",
                "decimals",
            )
            if getattr(anchor, name) not in (None, {})
        }
        assert {**own, **anchor.rest} == expected
