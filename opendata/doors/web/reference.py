"""The OpenAPI document as the reference page shows it: groups of operations with flat lists of fields."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Json = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
DEPTH = 3
"""Levels of nested objects that are listed; deeper ones are named by their type alone."""
MANY_OPERATIONS = 5
MANY = 60
"""Fields listed of one object."""


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter or a property. `path` names nested ones: `meta.facets`, `data[].title`."""

    path: str
    type: str
    required: bool = False
    note: str = ""
    values: tuple[str, ...] = ()
    default: str | None = None
    example: str = ""
    place: str = ""
    """Of a parameter: path, query or header."""
    many: bool = False
    object: str = ""
    """Name of the described object it holds; its fields stand there, not here."""


@dataclass(frozen=True, slots=True)
class Object:
    """A named schema of the document."""

    name: str
    note: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    note: str
    media_type: str = ""
    fields: tuple[Field, ...] = ()
    example: str = ""
    object: str = ""
    """Name of the described object that comes or goes; then `fields` is empty."""


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    note: str
    open: bool
    """Whether it answers callers without an account."""
    parameters: tuple[Field, ...] = ()
    body: Answer | None = None
    answers: tuple[Answer, ...] = ()

    @property
    def answer(self) -> Answer | None:
        """What comes back when all is well."""
        return next((answer for answer in self.answers if answer.status.startswith("2")), None)


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    note: str
    operations: list[Operation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outline:
    title: str
    version: str
    note: str
    server: str
    groups: tuple[Group, ...]
    objects: tuple[Object, ...] = ()
    common: tuple[Field, ...] = ()
    """Optional parameters that most operations take, told once."""


def outline(document: Json) -> Outline:
    """Everything the page shows of an OpenAPI 3.1 document, its references resolved."""
    reader = _Reader(document)
    groups = {tag["name"]: Group(tag["name"], tag.get("description", "")) for tag in document.get("tags", ())}
    operations = list(reader.operations())
    common = _common([operation for operation, _ in operations])
    told = {parameter.path for parameter in common}
    for operation, tag in operations:
        own = tuple(item for item in operation.parameters if item.path not in told)
        groups.setdefault(tag, Group(tag, "")).operations.append(replace(operation, parameters=own))
    servers = document.get("servers") or [{"url": ""}]
    info = document["info"]
    return Outline(
        title=info["title"],
        version=info["version"],
        note=info.get("description", ""),
        server=servers[0]["url"].rstrip("/"),
        groups=tuple(group for group in groups.values() if group.operations),
        objects=tuple(reader.objects()),
        common=common,
    )


def _common(operations: Sequence[Operation]) -> tuple[Field, ...]:
    counts = Counter(
        item.path for operation in operations for item in operation.parameters if not item.required
    )
    known = {item.path: item for operation in operations for item in operation.parameters}
    return tuple(
        known[path] for path, count in counts.items() if MANY_OPERATIONS < len(operations) < 2 * count
    )


class _Reader:
    """Reads one document; references lead only into it."""

    def __init__(self, document: Json) -> None:
        self.document = document

    def resolve(self, value: Json) -> Json:
        for _ in range(20):
            reference = value.get("$ref")
            if not reference:
                return value
            target: Any = self.document
            for part in reference.removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            value = target
        return {}

    def objects(self) -> Iterator[Object]:
        """Named schemas with fields, by name."""
        named: Json = self.document.get("components", {}).get("schemas", {})
        for name in sorted(named):
            if fields := tuple(self.fields(named[name])):
                yield Object(name, named[name].get("description", ""), fields)

    def operations(self) -> Iterator[tuple[Operation, str]]:
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if raw := item.get(method):
                    tags = raw.get("tags") or ["API"]
                    yield self.operation(method, path, raw, item.get("parameters", ())), tags[0]

    def operation(self, method: str, path: str, raw: Json, shared: Sequence[Json]) -> Operation:
        security = raw.get("security", self.document.get("security", [{}]))
        return Operation(
            id=raw.get("operationId", f"{method}-{path}").replace("/", "-"),
            method=method.upper(),
            path=path,
            summary=raw.get("summary", "").rstrip("."),
            note=raw.get("description", ""),
            open=not security or {} in security,
            parameters=tuple(self.parameter(item) for item in (*shared, *raw.get("parameters", ()))),
            body=self.content("", self.resolve(raw.get("requestBody", {}))) if "requestBody" in raw else None,
            answers=tuple(
                self.content(str(status), self.resolve(answer)) for status, answer in raw["responses"].items()
            ),
        )

    def parameter(self, raw: Json) -> Field:
        parameter = self.resolve(raw)
        schema = self.resolve(parameter.get("schema", {}))
        one = self.resolve(schema.get("items", {})) if schema.get("type") == "array" else schema
        default = schema.get("default")
        return Field(
            path=parameter["name"],
            type=self.type_name(schema),
            required=bool(parameter.get("required")),
            note=parameter.get("description", ""),
            values=tuple(str(value) for value in one.get("enum", ()) if value is not None),
            default=None if default in (None, "", []) else _plain(default),
            example=_plain(parameter.get("example", schema.get("example", ""))),
            place=parameter["in"],
            many=schema.get("type") == "array",
        )

    def content(self, status: str, raw: Json) -> Answer:
        media = raw.get("content") or {}
        media_type = next(iter(media), "")
        schema = media.get(media_type, {}).get("schema", {})
        held = self.name_of(schema)
        example = media.get(media_type, {}).get("example", self.example(schema) if schema else None)
        return Answer(
            status=status,
            note=raw.get("description", ""),
            media_type=media_type,
            fields=tuple(self.fields(schema)) if status[:1] in {"", "2"} and not held else (),
            object=held,
            example=json.dumps(example, ensure_ascii=False, indent=2) if "json" in media_type else "",
        )

    def fields(self, raw: Json, prefix: str = "", depth: int = 0) -> Iterator[Field]:
        """The properties of an object, those of nested objects after their parent."""
        schema = self.whole(raw)
        if schema.get("type") == "array":
            yield from self.fields(schema.get("items", {}), f"{prefix}[]", depth)
            return
        required = set(schema.get("required", ()))
        for name, value in list(schema.get("properties", {}).items())[:MANY]:
            path = f"{prefix}.{name}" if prefix else name
            known = self.whole(value)
            held = self.name_of(value)
            yield Field(
                path=path,
                type=self.type_name(known),
                object=held,
                required=name in required,
                note=value.get("description", known.get("description", "")),
                values=tuple(str(item) for item in known.get("enum", ()) if item is not None)[:30],
            )
            if depth + 1 < DEPTH and not held:
                yield from self.fields(known, path, depth + 1)

    def name_of(self, raw: Json) -> str:
        """The name of the object with fields that a value or each item of a list is, or ""."""
        one = raw.get("items", raw) if raw.get("type") == "array" else raw
        variants = [part for key in ("allOf", "anyOf", "oneOf") for part in one.get(key, ())]
        for part in (one, *variants):
            reference = part.get("$ref", "")
            if reference.startswith("#/components/schemas/") and self.whole(part).get("properties"):
                return str(reference.rsplit("/", 1)[1])
        return ""

    def whole(self, raw: Json) -> Json:
        """A schema with its reference resolved and the parts of `allOf` put together."""
        schema = self.resolve(raw)
        parts = [self.whole(part) for part in schema.get("allOf", ())]
        variants = [self.whole(part) for part in (*schema.get("anyOf", ()), *schema.get("oneOf", ()))]
        parts += [part for part in variants if part.get("type") != "null"][:1]
        if not parts:
            return schema
        merged: dict[str, Any] = {}
        for part in (*parts, schema):
            properties = {**merged.get("properties", {}), **part.get("properties", {})}
            merged = {**merged, **part} | ({"properties": properties} if properties else {})
        return merged

    def type_name(self, raw: Json) -> str:
        schema = self.whole(raw)
        kind = schema.get("type", "object" if "properties" in schema else "any")
        kinds = [item for item in kind if item != "null"] if isinstance(kind, list) else [kind]
        name = " | ".join(kinds) or "null"
        if name == "array":
            return f"{self.type_name(schema.get('items', {}))}[]"
        return f"{name} ({schema['format']})" if "format" in schema else name

    def example(self, raw: Json, depth: int = 0) -> Any:
        """A value that looks like the schema: given examples first, then defaults, then by type."""
        schema = self.whole(raw)
        for given in ("example", "default", "const"):
            if schema.get(given) is not None:
                return schema[given]
        if schema.get("examples"):
            return schema["examples"][0]
        if values := [value for value in schema.get("enum", ()) if value is not None]:
            return values[0]
        if schema.get("properties") and depth < DEPTH:
            shown = list(schema["properties"].items())[:MANY]
            return {name: self.example(value, depth + 1) for name, value in shown}
        if self.type_name(schema).endswith("[]"):
            return [self.example(schema.get("items", {}), depth + 1)] if depth < DEPTH else []
        return _sample(self.type_name(schema))


def _sample(type_name: str) -> Any:
    samples = {
        "string": "…",
        "string (date)": "2026-06-30",
        "string (date-time)": "2026-06-30T09:00:00+07:00",
        "string (uuid)": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        "string (uri)": "https://example.vn/",
        "integer": 1,
        "number": 1.5,
        "boolean": True,
    }
    return samples.get(type_name, {} if type_name in {"object", "any"} else None)


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    return ",".join(str(item) for item in value) if isinstance(value, list) else json.dumps(value)
