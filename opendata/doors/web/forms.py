"""Between a form and the exchange record: field names are paths, `contact.0.email`."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from werkzeug.datastructures import MultiDict

from opendata.base.i18n.catalogue import pick
from opendata.base.kit.errors import N_
from opendata.base.kit.vocabularies import Vocabularies

Form = MultiDict[str, str]
Pairs = list[tuple[str, Any]]
T = TypeVar("T")

COLUMN_TYPES = {
    "text": N_("văn bản"),
    "integer": N_("số nguyên"),
    "number": N_("số"),
    "boolean": N_("có/không"),
    "date": N_("ngày"),
    "datetime": N_("thời điểm"),
    "geometry": N_("hình học"),
    "json": "JSON",
}
CHOICES = ("themes", "topics", "hvd_category", "language")
"""Lists of codes, one checkbox each: none ticked means an empty list."""
COMMA_LISTS = ("keywords.vi", "keywords.en", "spatial.places")
LINE_LISTS = ("sources", "conforms_to")
MAX_ITEMS = 500
"""Numbered groups a form may carry."""


# --- choices for the controls ---------------------------------------------------------------------


def term_choices(vocabularies: Vocabularies) -> Callable[[str], Pairs]:
    """A function from the name of a vocabulary to (code, label) of the terms still in use."""

    def pairs(name: str) -> Pairs:
        terms = vocabularies.terms(name).values()
        return [(term.code, term.label) for term in terms if not term.data.get("ended")]

    return pairs


def column_types(translate: Callable[[str], str]) -> Pairs:
    return [(code, translate(word)) for code, word in COLUMN_TYPES.items()]


def replaceable(resources: Iterable[Mapping[str, Any]], language: str) -> Pairs:
    """Stored files an upload may take the place of."""
    return [
        (item["id"], pick(item["title"], language) or item.get("file_name") or item.get("format") or "")
        for item in resources
        if item.get("kind") in {"file", "table", "document"}
    ]


# --- numbers --------------------------------------------------------------------------------------


def whole(text: str, otherwise: T) -> int | T:
    """A whole number as people write it, at most nine digits: more is no number anybody means, and none a
    column takes. Anything else is `otherwise`."""
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else otherwise


# --- reading --------------------------------------------------------------------------------------


def dataset_from_form(form: Form, before: Mapping[str, Any]) -> dict[str, Any]:
    """The description as JSON values of `DatasetRecord`: what the form says, over what it cannot say.

    Empty texts are left out of language maps; a group without any value is left out of its list.
    """
    said = unflatten({name: form.get(name, "") for name in form if name not in CHOICES})
    said |= {name: form.getlist(name) for name in CHOICES}
    for name in COMMA_LISTS:
        _put(said, name, _parts(form.get(name, ""), ","))
    for name in LINE_LISTS:
        _put(said, name, _parts(form.get(name, ""), "\n"))
    said["synthetic"] = "synthetic" in form
    kept = {name: value for name, value in before.items() if name != "resources"}
    return kept | {name: _meaning(name, value, before) for name, value in said.items() if name in FIELDS}


FIELDS = frozenset(
    "title description keywords themes topics publisher contact license access_level access_reason "
    "legal_basis priority_list hvd_category frequency last_update data_until temporal spatial pham_vi "
    "language landing_page version_note status provenance sources synthetic conforms_to".split()
)
"""Top-level fields of the record that the form can change."""


def resource_from_form(form: Form, before: Mapping[str, Any]) -> dict[str, Any]:
    """A resource's description as JSON values: names, notes, terms and the dictionary of its columns."""
    said = unflatten({name: form.get(name, "") for name in form})
    changed = {name: _meaning(name, said.get(name, ""), before) for name in RESOURCE_FIELDS if name in said}
    if "columns" in said:
        changed["columns"] = _columns(said["columns"], before.get("columns") or ())
    return {**before, **changed}


RESOURCE_FIELDS = ("title", "description", "license", "access_level", "format", "access_url")


def unflatten(values: Mapping[str, str]) -> dict[str, Any]:
    """{"contact.0.name.vi": "x"} as {"contact": [{"name": {"vi": "x"}}]}; numbers make lists."""
    tree: dict[str, Any] = {}
    for path, value in values.items():
        _put(tree, path, value)
    return {name: _listed(value) for name, value in tree.items()}


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for part in parents:
        below = tree.setdefault(part, {})
        if not isinstance(below, dict):
            return
        tree = below
    tree[last] = value


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(item) for name, item in value.items()}
    if inner and all(whole(name, None) is not None for name in inner):
        return [inner[name] for name in sorted(inner, key=int)[:MAX_ITEMS]]
    return inner


def _parts(text: str, separator: str) -> list[str]:
    return [part.strip() for part in text.split(separator) if part.strip()]


def _meaning(name: str, value: Any, before: Mapping[str, Any]) -> Any:
    """Empty input means absent; groups keep what the form does not show (a legal text's address)."""
    if name in {"contact", "legal_basis"}:
        return _groups(value, before.get(name) or ())
    if name in {"temporal", "spatial", "pham_vi"}:
        return _optional(name, value, before.get(name) or {})
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if item}
    return value if isinstance(value, bool | list) else value or None


def _groups(value: Any, before: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    groups = []
    for index, group in enumerate(value if isinstance(value, list) else ()):
        said = {key: _meaning(key, item, {}) for key, item in group.items()}
        if any(said.values()):
            groups.append((dict(before[index]) if index < len(before) else {}) | said)
    return groups


def _optional(name: str, value: Any, before: Mapping[str, Any]) -> dict[str, Any] | None:
    """A period, an area or a scope; None when its first question has no answer."""
    said = {key: _meaning(key, item, {}) for key, item in value.items()} if isinstance(value, dict) else {}
    merged = {**before, **said}
    known = merged.get("mode") if name == "pham_vi" else any(merged.values())
    return merged if known else None


def _columns(value: Any, before: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The dictionary in the order it had: the form changes columns, it neither adds nor drops any."""
    said = {group.get("name"): group for group in value if isinstance(group, dict)} if value else {}
    return [
        _column(column, said[column["name"]]) if column["name"] in said else dict(column) for column in before
    ]


def _column(before: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    texts = {
        name: {**(before.get(name) or {}), **{k: v for k, v in (said.get(name) or {}).items() if v}}
        for name in ("label", "note")
    }
    kind = said.get("type") if said.get("type") in COLUMN_TYPES else before.get("type")
    return {**before, **texts, "type": kind, "unit": said.get("unit") or None, "key": "key" in said}
