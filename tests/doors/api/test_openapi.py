"""The OpenAPI document: valid, complete, and changed only on purpose."""

import os
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from opendata.doors.api.openapi import operations
from opendata.services.catalog.filters import FILTERS
from opendata.testing.web import City

SNAPSHOT = Path(__file__).with_name("openapi.json")


@pytest.fixture(scope="module")
def document(still_city: City) -> dict[str, Any]:
    return still_city.client().get("/api/v1/openapi.json").get_json()


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_a_change_of_the_api_is_seen(document: dict[str, Any]) -> None:
    """`OPENDATA_UPDATE_SNAPSHOTS=1 pytest tests/doors/api/test_openapi.py` writes the file anew."""
    shown = document | {"info": document["info"] | {"version": "snapshot"}}
    if os.environ.get("OPENDATA_UPDATE_SNAPSHOTS") == "1":
        SNAPSHOT.write_bytes(orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    assert orjson.loads(SNAPSHOT.read_bytes()) == shown


def test_every_route_is_documented(still_city: City, document: dict[str, Any]) -> None:
    routes = {
        (method.lower(), rule.rule.replace("<", "{").replace(">", "}"))
        for rule in still_city.app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and rule.endpoint != "openapi"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == {(method, path) for path, item in document["paths"].items() for method in item}


def test_every_operation_explains_itself(document: dict[str, Any]) -> None:
    names = []
    for method, path, operation in operations(document):
        where = f"{method} {path}"
        names.append(operation["operationId"])
        assert operation["summary"].endswith("."), where
        assert all(parameter.get("description") for parameter in operation["parameters"]), where
        assert {"400", "429", "default"} <= set(operation["responses"]), where
        if method == "get":
            assert "304" in operation["responses"], where
        else:
            assert {"401", "403"} <= set(operation["responses"]), where
        if "{" in path:
            assert "404" in operation["responses"], where
    assert len(names) == len(set(names))


def test_every_filter_is_a_parameter(document: dict[str, Any]) -> None:
    parameters = {item["name"]: item for item in document["paths"]["/api/v1/datasets"]["get"]["parameters"]}
    for declared in FILTERS:
        assert parameters[declared.name]["description"].startswith(declared.help["en"])


def test_codes_are_listed(document: dict[str, Any]) -> None:
    fields = document["components"]["schemas"]["DatasetInput"]["properties"]
    assert "cc-by-4.0" in fields["license"]["enum"]
    assert "MONTHLY" in fields["frequency"]["enum"]
    assert "ENVI" in fields["themes"]["items"]["enum"]


def test_fields_have_descriptions(document: dict[str, Any]) -> None:
    for name in ("NewDataset", "Dataset", "ResourceInput"):
        schema = document["components"]["schemas"][name]
        silent = [field for field, value in schema["properties"].items() if not value.get("description")]
        assert not silent, (name, silent)
        assert schema["additionalProperties"] is False


def answer_schema(document: dict[str, Any], path: str) -> Draft202012Validator:
    content = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    return Draft202012Validator({**content["schema"], "components": document["components"]})


@pytest.mark.parametrize(
    ("path", "made"),
    [
        ("/api/v1/datasets", "/api/v1/datasets?sort=newest&size=100"),
        ("/api/v1/datasets/{dataset_id}", "/api/v1/datasets/chat-luong-nuoc-bien"),
        ("/api/v1/datasets/{dataset_id}/revisions", "/api/v1/datasets/chat-luong-nuoc-bien/revisions"),
        ("/api/v1/datasets/{dataset_id}/checks", "/api/v1/datasets/chat-luong-nuoc-bien/checks"),
        ("/api/v1/organizations", "/api/v1/organizations"),
        ("/api/v1/organizations/{organization_id}", "/api/v1/organizations/so-xay-dung"),
        ("/api/v1/topics", "/api/v1/topics"),
        ("/api/v1/topics/{topic_id}", "/api/v1/topics/bien-dao"),
        ("/api/v1/tags", "/api/v1/tags"),
        ("/api/v1/suggest", "/api/v1/suggest?q=chat"),
        ("/api/v1/licences", "/api/v1/licences"),
        ("/api/v1/formats", "/api/v1/formats"),
        ("/api/v1/harvest/sources", "/api/v1/harvest/sources"),
    ],
)
def test_answers_keep_to_the_document(
    still_city: City, document: dict[str, Any], path: str, made: str
) -> None:
    answer = still_city.client("operator").get(made)
    assert answer.status_code == 200
    problems = [error.message for error in answer_schema(document, path).iter_errors(answer.get_json())]
    assert not problems
