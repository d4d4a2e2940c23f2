"""CKAN's package dictionary, with the extra keys that its DCAT extension uses."""

import re
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from opendata.base.formats import parts
from opendata.base.formats.reading import Reading, RecordError
from opendata.base.formats.record import Contact, DatasetRecord, LangList, Link, ResourceRecord, Spatial
from opendata.base.kit.strict_json import NotJson, loads

_NAME = re.compile(r"[a-z0-9_-]{2,100}\Z")
#: What the server keeps for itself; it says nothing about the data.
_BOOKKEEPING = frozenset(
    """
    archiver creator_user_id extras groups harvest_object_id harvest_source_id harvest_source_title id isopen
    license_id license_title license_url metadata_created metadata_modified name notes num_resources num_tags
    organization owner_org private qa relationships_as_object relationships_as_subject resources revision_id
    revision_timestamp state tags title tracking_summary type
    """.split()
)
#: Keys of the DCAT extension and of common schemas that have a field of ours.
_READ = frozenset(
    """
    access_rights accrual_periodicity conforms_to contact contact_email contact_name contact_url documentation
    frequency hvd_category issued keywords_translated landing_page language maintainer maintainer_email
    modified notes_translated provenance source tags_translated temporal_end temporal_start title_translated
    url version_notes
    """.split()
)
_OFFICES = (
    ("contact_name", "contact_email"),
    ("maintainer", "maintainer_email"),
    ("author", "author_email"),
)
_ACCESS = {
    "public": "public",
    "restricted": "conditional",
    "conditional": "conditional",
    "non_public": "non_public",
    "non-public": "non_public",
}


def read_package(package: Mapping[str, Any], reading: Reading) -> DatasetRecord:
    """The record of a package as `package_show` gives it. Raises RecordError."""
    if not isinstance(package, Mapping):
        raise RecordError(reading.guid, "$", "not_an_object")
    given = _with_extras(package)
    names = [package.get(key) for key in ("license_id", "license_url", "license_title")]
    license_ = reading.license(*names, path="$.license_id")
    modified = given.get("modified") or package.get("metadata_modified")
    where = _spatial(given, reading)
    return reading.dataset(
        title=_text(given, "title", reading) or package.get("name"),
        description=_text(given, "notes", reading),
        slug=_slug(package),
        keywords=_keywords(given, reading),
        themes=_themes(given, package, reading),
        publisher=_publisher(package, reading),
        contact=_contact(given, reading),
        license=license_,
        access_level=_access_level(given, package, reading),
        frequency=reading.frequency(given.get("frequency") or given.get("accrual_periodicity")),
        issued=reading.date(given.get("issued"), "$.issued", zone=UTC),
        modified=reading.date(modified, "$.modified", zone=UTC),
        temporal=parts.period(reading, given.get("temporal_start"), given.get("temporal_end")),
        spatial=where,
        language=reading.languages(_list(given.get("language"))),
        landing_page=reading.url(given.get("landing_page") or package.get("url"), "$.url"),
        version_note=given.get("version_notes"),
        provenance=given.get("provenance"),
        sources=_list(given.get("source")),
        conforms_to=_list(given.get("conforms_to")),
        hvd_category=_list(given.get("hvd_category")),
        documentation=_documentation(given, reading),
        extras=_extras(given, package, reading, lost=_lost(license_, where)),
        resources=_resources(package, reading),
    )


def _with_extras(package: Mapping[str, Any]) -> dict[str, Any]:
    """Top-level keys over those of `extras`, a list of key and value."""
    extras = {
        entry["key"]: entry.get("value")
        for entry in package.get("extras") or []
        if isinstance(entry, Mapping) and isinstance(entry.get("key"), str)
    }
    return {**extras, **{key: value for key, value in package.items() if value not in (None, "")}}


def _text(given: Mapping[str, Any], name: str, reading: Reading) -> Any:
    """The text by language where the source keeps translations, else the plain one."""
    translated = _json(given.get(f"{name}_translated"))
    if isinstance(translated, Mapping):
        read = reading.html if name == "notes" else None
        labelled = reading.labelled(translated, read)
        if labelled:
            return {**reading.labelled(given.get(name), read), **labelled}
    return given.get(name)


def _slug(package: Mapping[str, Any]) -> str | None:
    name = package.get("name")
    return name if isinstance(name, str) and _NAME.match(name) else None


def _keywords(given: Mapping[str, Any], reading: Reading) -> LangList:
    translated = _json(given.get("tags_translated") or given.get("keywords_translated"))
    if isinstance(translated, Mapping):
        words = reading.words(translated)
        if words:
            return words
    return reading.words([_name_of(tag, "display_name", "name") for tag in _entries(given.get("tags"))])


def _themes(given: Mapping[str, Any], package: Mapping[str, Any], reading: Reading) -> list[str]:
    values = _list(given.get("theme"))
    for group in _entries(package.get("groups")):
        values.extend(_name_of(group, key) for key in ("title", "display_name", "name"))
    return list(dict.fromkeys(code for value in values if (code := reading.theme(value))))


def _publisher(package: Mapping[str, Any], reading: Reading) -> str | None:
    organization = package.get("organization")
    if isinstance(organization, Mapping):
        return reading.text(organization.get("name")) or None
    return None


def _contact(given: Mapping[str, Any], reading: Reading) -> list[Contact | None]:
    structured = _json(given.get("contact"))
    found = [
        parts.contact(reading, name=one.get("name"), email=one.get("email"), url=one.get("url"))
        for one in parts.listed(structured)
        if isinstance(one, Mapping)
    ]
    if any(found):
        return found
    for name, email in (
        ("contact_name", "contact_email"),
        ("maintainer", "maintainer_email"),
        ("author", "author_email"),
    ):
        one = parts.contact(reading, name=given.get(name), email=given.get(email), path=f"$.{email}")
        if one:
            return [one]
    return []


def _access_level(given: Mapping[str, Any], package: Mapping[str, Any], reading: Reading) -> str | None:
    text = reading.text(given.get("access_rights")).rsplit("/", 1)[-1].lower()
    if text and text not in _ACCESS:
        reading.warn("$.access_rights", "unknown_access", text)
    return "non_public" if package.get("private") is True else _ACCESS.get(text)


def _spatial(given: Mapping[str, Any], reading: Reading) -> Spatial | None:
    return parts.spatial(reading, given.get("spatial")) or parts.spatial(reading, given.get("spatial_uri"))


def _documentation(given: Mapping[str, Any], reading: Reading) -> list[Link]:
    pages = _list(given.get("documentation"))
    return [Link(url=url, rel="page") for page in pages if (url := reading.url(page, "$.documentation"))]


def _lost(license_: str | None, where: Spatial | None) -> frozenset[str]:
    """Fields whose value was understood need not be kept a second time."""
    return frozenset(({"license"} if license_ is None else set()) | ({"spatial"} if where is None else set()))


def _extras(
    given: Mapping[str, Any], package: Mapping[str, Any], reading: Reading, *, lost: frozenset[str]
) -> dict[str, Any]:
    """What has no field of ours, under the source's own names; nothing is dropped but bookkeeping."""
    read = _READ if "spatial" in lost else _READ | {"spatial", "spatial_uri"}
    kept = {
        key: _json(value)
        for key, value in given.items()
        if key not in _BOOKKEEPING and key not in read and value not in (None, "", [], {})
    }
    organization = package.get("organization")
    if isinstance(organization, Mapping) and organization.get("title"):
        kept["source_organization"] = reading.text(organization["title"])
    groups = [name for group in _entries(package.get("groups")) if (name := _name_of(group, "title", "name"))]
    if groups:
        kept["source_groups"] = groups
    license_name = reading.text(package.get("license_title") or package.get("license_id"))
    if "license" in lost and license_name:
        kept["source_license"] = license_name
    return kept


def _resources(package: Mapping[str, Any], reading: Reading) -> list[ResourceRecord | None]:
    resources = package.get("resources")
    if resources is not None and not isinstance(resources, list):
        reading.warn("$.resources", "not_a_list")
    return [
        _resource(resource, reading, f"$.resources[{index}]")
        for index, resource in enumerate(_entries(resources))
    ]


def _resource(resource: Any, reading: Reading, path: str) -> ResourceRecord | None:
    if not isinstance(resource, Mapping):
        reading.warn(path, "not_an_object")
        return None
    return reading.link(
        resource.get("download_url") or resource.get("url"),
        resource.get("format"),
        path=f"{path}.url",
        access_url=resource.get("access_url"),
        media_type=resource.get("mimetype"),
        title=_text(resource, "name", reading),
        description=_text(resource, "description", reading),
        id=reading.text(resource.get("id")) or None,
        byte_size=_size(resource.get("size")),
        license=reading.license(resource.get("license"), path=f"{path}.license"),
        issued=reading.date(resource.get("issued") or resource.get("created"), f"{path}.created", zone=UTC),
        modified=reading.date(
            resource.get("modified") or resource.get("last_modified"), f"{path}.last_modified", zone=UTC
        ),
        conforms_to=tuple(reading.text(one) for one in _list(resource.get("conforms_to"))),
    )


def _size(value: Any) -> int | None:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isdecimal() and len(text) <= 15 else None


def _list(value: Any) -> list[Any]:
    """A list that may be one value, or a list written as JSON text."""
    return parts.listed(_json(value))


def _entries(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _name_of(entry: Any, *keys: str) -> Any:
    if isinstance(entry, Mapping):
        return next((entry[key] for key in keys if entry.get(key)), None)
    return entry if isinstance(entry, str) else None


def _json(value: Any) -> Any:
    """Lists and objects stand in extras as JSON text."""
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        try:
            return loads(value, clean=True)
        except NotJson:
            return value
    return value
