"""Every parameter and every field of every operation refuses nonsense and is named in the refusal."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from opendata.doors.api.openapi import operations
from opendata.testing.bodies import right_request
from opendata.testing.web import City, problem_of

SNAPSHOT = orjson.loads(Path(__file__).with_name("openapi.json").read_bytes())
SCHEMAS = SNAPSHOT["components"]["schemas"]
NAMES_WHAT_IS_NEW = ("post", "/api/v1/plans/{plan}/versions")
"""A plan that was none begins with its first version."""


def bad_values(schema: dict[str, Any]) -> Iterator[Any]:
    """Values a schema of a query parameter does not allow, as query values."""
    kind = schema.get("type")
    if kind == "integer":
        yield from (
            "ten",
            "1.5",
            "",
            "1e3",
            "0x10",
            "٣",
            str(schema["minimum"] - 1),
            str(schema["maximum"] + 1),
        )
    elif kind == "boolean":
        yield from ("maybe", "1", "yes", "", "TRUE ")
    elif kind == "array":
        yield [next(bad_values(schema["items"]))]
        yield ["x"] * (schema["maxItems"] + 1)
    elif "enum" in schema:
        yield from ("khac", "", schema["enum"][0].upper() + "x", "\0")
    elif schema.get("format") == "date-time":
        yield from ("hôm qua", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "")
    elif kind == "string":
        yield "x" * (schema["maxLength"] + 1)
        yield "a\0b"


def query_cases() -> Iterator[tuple[str, str, str, Any]]:
    for method, path, operation in operations(SNAPSHOT):
        yield method, path, "khong_co", "1"
        for parameter in operation["parameters"]:
            if parameter["in"] != "query":
                continue
            for value in bad_values(parameter["schema"]):
                yield method, path, parameter["name"], value
            if parameter["schema"].get("type") != "array":
                good = parameter["schema"].get(
                    "enum", [1 if parameter["schema"]["type"] == "integer" else "x"]
                )[0]
                yield method, path, parameter["name"], [good, good]


def real(city: City, path: str) -> str:
    values = city.real() | {"resource_id": city.resources(city.draft)[0]}
    return re.sub(r"{(\w+)}", lambda found: values[found.group(1)], path)


@pytest.fixture(scope="module")
def operator(still_city: City):
    return still_city.client("operator")


def test_every_query_parameter_refuses_nonsense(still_city: City, operator) -> None:
    wrong = []
    cases = list(query_cases())
    for method, path, name, value in cases:
        query = {name: value} if name == "q" or path != "/api/v1/suggest" else {"q": "a", name: value}
        answer = getattr(operator, method)(
            real(still_city, path),
            query_string=query,
            headers={"If-Match": "*"},
            json={} if method != "get" else None,
        )
        named = {e["field"].split(".")[0] for e in answer.get_json(force=True, silent=True).get("errors", [])}
        if answer.status_code not in {400, 422} or name not in named:
            wrong.append(f"{method} {path} {name}={str(value)[:40]!r}: {answer.status_code}, names {named}")
    assert len(cases) > 300
    assert not wrong, "\n".join(wrong)


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    for variant in schema.get("anyOf", ()):
        if variant.get("type") != "null":
            return resolved(variant)
    return SCHEMAS[schema["$ref"].rsplit("/", 1)[-1]] if "$ref" in schema else schema


def wrong_value(schema: dict[str, Any]) -> Any:
    """A value of a type that the schema does not allow."""
    kinds = schema.get("type")
    kinds = {kinds} if isinstance(kinds, str) else set(kinds or ())
    choices = {"integer": "x", "number": "x", "boolean": "x", "string": 5, "array": "x", "object": "x"}
    return next(choices[kind] for kind in choices if kind in kinds)


def body_cases() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for method, path, operation in operations(SNAPSHOT):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            continue
        fields = resolved(content["schema"]).get("properties")
        if fields is None:  # a list
            continue
        yield method, path, "khong_co", {"khong_co": 1}
        for name, schema in fields.items():
            inner = resolved(schema)
            if inner.get("type"):
                yield method, path, name, {name: wrong_value(inner)}
            if "properties" in inner:
                yield method, path, f"{name}.khong_co", {name: {"khong_co": 1}}
            if "enum" in inner:
                yield method, path, name, {name: "khong_co"}


def required(method: str, path: str) -> list[str]:
    body = SNAPSHOT["paths"][path][method].get("requestBody", {"content": {}})
    content = body["content"].get("application/json")
    if content is None:
        return []
    return resolved(content["schema"]).get("required", [])


@pytest.mark.parametrize(("method", "path"), sorted({(m, p) for m, p, _, _ in body_cases()}))
def test_every_field_refuses_nonsense(still_city: City, operator, method: str, path: str) -> None:
    wrong = []
    for of_method, of_path, name, body in body_cases():
        if (of_method, of_path) != (method, path):
            continue
        needed = {"title": {"vi": "Tên"}, "publisher": still_city.own, "name": {"vi": "Tên"}}
        needed = {n: v for n, v in needed.items() if n in required(method, path)}
        answer = getattr(operator, method)(
            real(still_city, path), json=needed | body, headers={"If-Match": "*"}
        )
        problem = problem_of(answer, 422)
        if not any(error["field"].startswith(name) for error in problem["errors"]):
            wrong.append(f"{name} in {body}: {problem['errors']}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("header", ["hôm qua", "v", '"v1', "v1,v2", "1.5", "-1", ""])
def test_if_match_refuses_nonsense(still_city: City, operator, header: str) -> None:
    answer = operator.patch(
        f"/api/v1/datasets/{still_city.draft}",
        json={},
        headers={"If-Match": header.encode().decode("latin-1")},
    )
    assert answer.status_code in {400, 412}


@pytest.mark.parametrize(
    "name",
    ["%00", "%F0%9F%8C%8A", "..%2F..%2Fetc", "a" * 5000, "%25", "-1", "null", "%E2%80%AE", "'", '"', "x;y"],
)
def test_a_name_of_nothing_finds_nothing(still_city: City, operator, name: str) -> None:
    wrong = []
    for method, path, _ in operations(SNAPSHOT):
        if "{" in path and (method, path) != NAMES_WHAT_IS_NEW:
            made = re.sub(r"{\w+}", name, path)
            status = getattr(operator, method)(made, **right_request(still_city, method, path)).status_code
            if status != 404:
                wrong.append(f"{method} {path}: {status}")
    assert not wrong, "\n".join(wrong)
