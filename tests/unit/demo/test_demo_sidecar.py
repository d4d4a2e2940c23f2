"""The sidecar says everything the catalogue needs, in the words of the exchange record."""

from dataclasses import fields
from datetime import date

import pytest
import yaml

from opendata.base.formats.record import Column, DatasetRecord, ResourceRecord
from opendata.base.kit.vocabularies import Vocabularies
from opendata.demo import DEFAULT_AS_OF, datasets
from opendata.demo.catalogue import body
from opendata.demo.writing import calendar, sidecar

NAMES = list(datasets())


@pytest.fixture(scope="session")
def sidecars(city_folder):
    found = {}
    for dataset in datasets().values():
        path = city_folder / body(dataset.body).slug / dataset.slug / "metadata.yaml"
        found[dataset.id] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return found


def names_of(kind):
    return {field.name for field in fields(kind)}


@pytest.mark.parametrize("name", NAMES)
def test_the_keys_are_those_of_the_record(sidecars, name):
    assert set(sidecars[name]) <= names_of(DatasetRecord)
    for resource in sidecars[name]["resources"]:
        assert set(resource) - {"file"} <= names_of(ResourceRecord)
        for column in resource.get("columns", []):
            assert set(column) <= names_of(Column)


@pytest.mark.parametrize("name", NAMES)
def test_every_resource_has_its_file_and_every_file_its_resource(city_folder, sidecars, name):
    dataset = datasets()[name]
    folder = city_folder / body(dataset.body).slug / dataset.slug
    files = [resource["file"] for resource in sidecars[name]["resources"]]
    assert sorted([*files, "metadata.yaml"]) == sorted(path.name for path in folder.iterdir())
    assert {resource["format"] for resource in sidecars[name]["resources"]} == set(dataset.formats)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_the_publish_gate_wants_is_missing(sidecars, name):
    made = sidecars[name]
    assert made["title"]["vi"]
    assert made["title"]["en"]
    assert len(made["description"]["vi"]) >= 50
    assert len(made["description"]["en"]) >= 50
    assert made["themes"]
    assert made["publisher"] == datasets()[name].body
    assert made["contact"][0]["email"].endswith(".example")
    assert Vocabularies().known("licences", made["license"])
    assert Vocabularies().known("frequencies", made["frequency"])
    assert made["access_level"] == "public"
    assert made["legal_basis"][0] == {
        "code": "Luật 20/2023/QH15",
        "article": "Điều 43",
        "title": {"vi": "Luật Giao dịch điện tử", "en": "Law on Electronic Transactions"},
    }
    assert {"mode", "note"} <= set(made["pham_vi"])
    for resource in made["resources"]:
        if resource["format"] not in ("PDF", "GTFS"):
            assert all(column["label"]["vi"] for column in resource["columns"])
            numbers = [c for c in resource["columns"] if c["type"] in ("integer", "number")]
            assert all(column["unit"] for column in numbers)


@pytest.mark.parametrize("name", NAMES)
def test_made_data_is_marked_and_real_lists_name_their_made_parts(sidecars, name):
    made, real = sidecars[name], name in ("D24", "D25")
    assert made["synthetic"] is not real
    assert bool(made.get("synthetic_columns")) is real
    assert made["provenance"] == (sidecar.LISTED if real else sidecar.MADE)
    assert all((".mophong." in resource["file"]) is not real for resource in made["resources"])


@pytest.mark.parametrize("name", NAMES)
def test_the_dictionary_lists_the_columns_of_the_file(city_folder, sidecars, name):
    dataset = datasets()[name]
    folder = city_folder / body(dataset.body).slug / dataset.slug
    for resource in sidecars[name]["resources"]:
        if resource["format"] == "CSV":
            header = (folder / resource["file"]).open(encoding="utf-8").readline().strip().split(",")
            assert [column["name"] for column in resource["columns"]] == header


def test_one_dataset_is_late_one_is_due_soon_and_one_was_corrected(sidecars):
    due = {d.id: calendar.next_due(d, DEFAULT_AS_OF) for d in datasets().values()}
    assert {name for name, day in due.items() if day and day < DEFAULT_AS_OF} == {"D15", "D21"}
    assert any(day and 0 < (day - DEFAULT_AS_OF).days <= 7 for day in due.values())
    assert [name for name in NAMES if sidecars[name]["status"] == "corrected"] == ["D38"]
    assert set(sidecars["D38"]["version_note"]) == {"vi", "en"}


def test_dates_are_in_order(sidecars):
    for name, made in sidecars.items():
        assert date.fromisoformat(made["issued"]) <= date.fromisoformat(made["last_update"][:10]), name
        assert made["temporal"]["start"] <= made["temporal"].get("end", "9"), name
        assert made["last_update"][:10] <= DEFAULT_AS_OF.isoformat(), name


def test_every_licence_is_used_that_a_visitor_should_see(sidecars):
    assert {made["license"] for made in sidecars.values()} == {"cc-by-4.0", "cc0", "odbl", "vn-gov-open"}
