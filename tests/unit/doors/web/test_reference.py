"""The reference page says what the OpenAPI document says."""

from opendata.doors.web.design.openapi_sample import OPENAPI
from opendata.doors.web.reference import outline


def test_operations_stand_in_their_groups_with_resolved_fields() -> None:
    shown = outline(OPENAPI)
    search, change = shown.groups[0].operations
    assert (search.method, search.path, search.open) == ("GET", "/api/v1/datasets", True)
    assert not change.open
    assert [field.path for field in search.parameters] == ["q", "sort"]
    assert search.parameters[1].values == ("relevance", "newest", "title")
    assert search.answer is not None
    assert (search.answer.object, search.answer.fields) == ("Page", ())
    page, text = shown.objects
    assert [field.path for field in page.fields] == [
        "data",
        "data[].slug",
        "data[].title",
        "meta",
        "meta.total",
    ]
    assert page.fields[2].object == text.name == "Text"
    assert '"total": 3' in search.answer.example


def test_a_schema_that_holds_itself_ends() -> None:
    node = {"type": "object", "properties": {"child": {"$ref": "#/components/schemas/Node"}}}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}
    document = {
        "info": {"title": "x", "version": "1"},
        "paths": {"/x": {"get": {"responses": {"200": {"description": "", "content": content}}}}},
        "components": {"schemas": {"Node": node}},
    }
    (node,) = outline(document).objects
    assert [(field.path, field.object) for field in node.fields] == [("child", "Node")]


def test_nullable_and_combined_types_are_named_by_what_they_hold() -> None:
    parts = {"allOf": [{"type": "object", "properties": {"a": {"type": ["string", "null"]}}}]}
    one_of = {"anyOf": [{"type": "null"}, {"type": "integer"}]}
    schema = {"type": "object", "properties": {"whole": parts, "maybe": one_of}}
    content = {"application/json": {"schema": schema}}
    document = {
        "info": {"title": "x", "version": "1"},
        "paths": {"/x": {"get": {"responses": {"200": {"description": "", "content": content}}}}},
    }
    answer = outline(document).groups[0].operations[0].answer
    assert answer is not None
    assert [(field.path, field.type) for field in answer.fields] == [
        ("whole", "object"),
        ("whole.a", "string"),
        ("maybe", "integer"),
    ]
