"""Made-up data is marked wherever it is shown or exported: title, notice, API, file."""

import json
import re
from dataclasses import replace

import pytest

from opendata.base.formats import schemaorg
from opendata.base.models import Dataset
from opendata.base.runtime import SYSTEM
from opendata.services.catalog import datasets
from opendata.testing.records import complete_record
from opendata.testing.web import City

SUFFIX = {"": "(dữ liệu mô phỏng)", "/en": "(simulated data)"}
MADE = complete_record(
    "Độ mặn mô hình",
    synthetic=True,
    provenance={"vi": "Số liệu do máy sinh ra."},
)


def slug_of(city: City, dataset_id: str) -> str:
    slug: str = city.client().get(f"/api/v1/datasets/{dataset_id}").get_json()["slug"]
    return slug


@pytest.fixture
def made_up(city: City) -> str:
    """The slug of a published dataset of made-up data."""
    return slug_of(city, city.add_dataset(MADE))


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_every_list_that_shows_the_title_shows_its_mark(city: City, made_up: str, prefix: str) -> None:
    neighbour = slug_of(city, city.add_dataset(complete_record("Độ mặn đo tại cửa sông")))
    for path in (
        prefix or "/",
        f"{prefix}/datasets?q=độ+mặn+mô+hình",
        f"{prefix}/dataset/{neighbour}",
    ):
        page = city.client().get(path).text
        linked = re.findall(
            rf'class="quiet" href="{prefix}/dataset/{made_up}">.*?</a>(.{{0,80}})', page, re.DOTALL
        )
        assert linked, path
        assert all(SUFFIX[prefix] in after for after in linked), path


def test_the_citation_and_the_description_for_search_engines_carry_the_mark(city: City, made_up: str) -> None:
    page = city.client().get(f"/dataset/{made_up}").text
    citation = re.search(r'id="citation">(.*?)</p>', page)
    assert citation is not None
    assert SUFFIX[""] in citation[1]
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    described = json.loads(found[1])
    assert described["name"].endswith(SUFFIX[""])
    assert described["creditText"] == "Số liệu do máy sinh ra."


def test_the_api_marks_the_dataset_and_its_files(city: City, made_up: str) -> None:
    client = city.client()
    document = client.get(f"/api/v1/datasets/{made_up}")
    assert document.get_json()["synthetic"] is True
    assert document.headers["X-Data-Synthetic"] == "true"
    resource = client.get(f"/api/v1/resources/{document.get_json()['resources'][0]['id']}")
    assert resource.headers["X-Data-Synthetic"] == "true"
    again = client.get(f"/api/v1/datasets/{made_up}", headers={"If-None-Match": document.headers["ETag"]})
    assert (again.status_code, again.headers["X-Data-Synthetic"]) == (304, "true")


def test_made_up_columns_are_marked_as_a_part(city: City) -> None:
    mixed = replace(
        complete_record("Ranh giới phường"), synthetic_columns=("mua",), provenance={"vi": "Vẽ tay."}
    )
    dataset_id, resource_id = city.add_file()
    with city.platform.work(SYSTEM) as work:
        dataset = work.session.get_one(Dataset, dataset_id)
        kept = datasets.record_of(work, dataset).resources
        datasets.edit(work, dataset, replace(mixed, resources=kept))
    client = city.client()
    for address in (
        f"datasets/{dataset_id}",
        f"resources/{resource_id}",
        f"resources/{resource_id}/download",
    ):
        assert client.get(f"/api/v1/{address}").headers["X-Data-Synthetic"] == "partial", address
    described = schemaorg.dataset(
        client.get(f"/api/v1/datasets/{dataset_id}").get_json(), "https://cong.example"
    )
    assert described["creditText"] == "Vẽ tay."
    assert "(dữ liệu mô phỏng)" not in described["name"]


def test_an_extra_field_of_the_same_name_marks_nothing(city: City) -> None:
    plain = city.add_dataset(complete_record("Số liệu thật", extras={"synthetic": True}))
    response = city.client().get(f"/api/v1/datasets/{plain}")
    assert "X-Data-Synthetic" not in response.headers
