"""Generated requests against every operation: no fault of ours, and every answer as the document says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode, checks

from opendata.doors.api.openapi import operations
from opendata.testing.web import City, build_city, close_city

EXAMPLES = 25
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def fuzzed(engines: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("fuzz")
    city = build_city(folder)
    _, city.file = city.add_file()
    yield city
    close_city(city, folder)


@pytest.fixture(scope="module")
def api(fuzzed: City) -> Any:
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", fuzzed.app)


@pytest.fixture(scope="module")
def signed_in(fuzzed: City) -> dict[str, Any]:
    """An operator's session, which every operation lets in."""
    client = fuzzed.client("operator")
    cookie = client.get_cookie("opendata_session")
    assert cookie
    return {"headers": {"X-CSRF-Token": client.token}, "cookies": {"opendata_session": cookie.value}}


SNAPSHOT = orjson.loads(Path(__file__).with_name("openapi.json").read_bytes())
OPERATIONS = [(method.upper(), path) for method, path, _ in operations(SNAPSHOT)]


def on_real_objects(case: Any, city: City) -> None:
    """Half of the requests go to things that exist; a random name finds nothing but 404."""
    if isinstance(case.body, dict) and isinstance(case.body.get("publisher"), str):
        case.body["publisher"] = city.own
    if not case.path_parameters or crc32(repr((case.body, case.query)).encode()) % 2:
        return
    real = city.real()
    for name in case.path_parameters:
        case.path_parameters[name] = real[name]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_keeps_to_the_document(
    fuzzed: City, api: Any, signed_in: dict[str, Any], method: str, path: str, mode: GenerationMode
) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=api[path][method].as_strategy(generation_mode=mode))
    def answers_well(case: Any) -> None:
        on_real_objects(case, fuzzed)
        if method in {"PATCH", "PUT"}:
            case.headers = {**(case.headers or {}), "If-Match": "*"}
        answer = case.call(**signed_in)
        case.validate_response(answer, checks=CHECKS)
        if answer.status_code >= 400:
            body = answer.json()
            assert body["code"]
            assert body["status"] == answer.status_code

    answers_well()
