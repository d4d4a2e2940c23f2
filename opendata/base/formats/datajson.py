"""data.json: the Project Open Data schema 1.1 and DCAT-US 3 in its JSON form."""

from collections.abc import Mapping
from typing import Any

from opendata.base.formats import parts
from opendata.base.formats.reading import Reading, RecordError
from opendata.base.formats.record import Contact, DatasetRecord, Link, ResourceRecord

_ACCESS = {
    "public": "public",
    "restricted public": "conditional",
    "restricted": "conditional",
    "non-public": "non_public",
    "non_public": "non_public",
}
_READ = frozenset(
    "@type @id accessLevel accessRights accrualPeriodicity conformsTo contactPoint description distribution "
    "identifier issued keyword landingPage language license modified publisher references rights temporal "
    "title".split()
)


def identifier_of(item: Any) -> str | None:
    """The record's stable id: text, an object's `@id`, else schemaAgency|notation, else notation."""
    found = item.get("identifier") if isinstance(item, Mapping) else None
    if isinstance(found, Mapping):
        agency, notation = _plain(found.get("schemaAgency")), _plain(found.get("notation"))
        joined = f"{agency}|{notation}" if agency and notation else notation
        return _plain(found.get("@id")) or joined
    return _plain(found)


def read_dataset(item: Any, reading: Reading) -> DatasetRecord:
    """The record of one entry of `dataset`. Raises RecordError."""
    if not isinstance(item, Mapping):
        raise RecordError(reading.guid, "$", "not_an_object")
    licences = [item.get("license"), *(one.get("license") for one in _objects(item.get("distribution")))]
    license_ = reading.license(*(_address(value) for value in licences))
    return reading.dataset(
        title=item.get("title"),
        description=item.get("description"),
        keywords=item.get("keyword"),
        themes=_themes(item, reading),
        publisher=_publisher(item, reading),
        contact=_contacts(item, reading),
        license=license_,
        access_level=_access_level(item, reading),
        access_reason=_address(item.get("rights")),
        frequency=reading.frequency(_interval(item), "$.accrualPeriodicity"),
        issued=reading.date(item.get("issued"), "$.issued"),
        modified=reading.date(item.get("modified"), "$.modified"),
        temporal=_temporal(item, reading),
        spatial=parts.spatial(reading, item.get("spatial")),
        language=reading.languages(_address(one) for one in parts.listed(item.get("language"))),
        landing_page=reading.url(_address(item.get("landingPage")), "$.landingPage"),
        conforms_to=[reading.text(_address(one)) for one in parts.listed(item.get("conformsTo"))],
        documentation=_documentation(item, reading),
        extras=_extras(item, license_, licences),
        resources=_resources(item, reading),
    )


def _interval(item: Mapping[str, Any]) -> Any:
    """The frequency; publishers also write it where the date of change belongs."""
    modified = item.get("modified")
    written_as_date = modified if _is_interval(modified) else None
    return _address(item.get("accrualPeriodicity")) or written_as_date


def _themes(item: Mapping[str, Any], reading: Reading) -> list[str]:
    values = [_address(one) for one in parts.listed(item.get("theme"))]
    return list(dict.fromkeys(code for value in values if (code := reading.theme(value))))


def _publisher(item: Mapping[str, Any], reading: Reading) -> str | None:
    publisher = item.get("publisher")
    return reading.text(publisher.get("name") if isinstance(publisher, Mapping) else publisher) or None


def _contacts(item: Mapping[str, Any], reading: Reading) -> list[Contact | None]:
    return [
        parts.contact(
            reading,
            name=one.get("fn"),
            email=_address(one.get("hasEmail")),
            phone=_address(one.get("hasTelephone") or one.get("tel")),
            url=_address(one.get("hasURL")),
            path="$.contactPoint.hasEmail",
        )
        for one in _objects(item.get("contactPoint"))
    ]


def _access_level(item: Mapping[str, Any], reading: Reading) -> str | None:
    text = reading.text(item.get("accessLevel") or _address(item.get("accessRights"))).lower()
    code = _ACCESS.get(text.rsplit("/", 1)[-1])
    if text and code is None:
        reading.warn("$.accessLevel", "unknown_access", text)
    return code


def _temporal(item: Mapping[str, Any], reading: Reading) -> Any:
    values = parts.listed(item.get("temporal"))
    if values and _is_interval(values[0]):
        return None
    return parts.interval(reading, values[0], "$.temporal") if values else None


def _documentation(item: Mapping[str, Any], reading: Reading) -> list[Link]:
    pages = [_address(one) for one in parts.listed(item.get("references"))]
    return [Link(url=url, rel="page") for page in pages if (url := reading.url(page, "$.references"))]


def _extras(item: Mapping[str, Any], license_: str | None, licences: list[Any]) -> dict[str, Any]:
    """What has no field of ours, under the source's own names."""
    kept = {key: value for key, value in item.items() if key not in _READ and value not in (None, "", [], {})}
    if license_ is None and any(licences):
        kept["source_license"] = next(value for value in licences if value)
    publisher = item.get("publisher")
    if isinstance(publisher, Mapping) and publisher.get("subOrganizationOf"):
        kept["source_publisher_tree"] = publisher
    if _is_interval(item.get("modified")):
        kept["modified"] = item["modified"]
    return kept


def _resources(item: Mapping[str, Any], reading: Reading) -> list[ResourceRecord | None]:
    found = item.get("distribution")
    if found is not None and not isinstance(found, list | Mapping):
        reading.warn("$.distribution", "not_a_list")
    entries = found if isinstance(found, list) else parts.listed(found)
    return [_resource(one, reading, f"$.distribution[{index}]") for index, one in enumerate(entries)]


def _resource(one: Any, reading: Reading, path: str) -> ResourceRecord | None:
    if not isinstance(one, Mapping):
        reading.warn(path, "not_an_object")
        return None
    download = _address(one.get("downloadURL"))
    return reading.link(
        download or _address(one.get("accessURL")),
        _address(one.get("format")),
        path=f"{path}.downloadURL" if download else f"{path}.accessURL",
        access_url=_address(one.get("accessURL")) if download else None,
        media_type=_address(one.get("mediaType")),
        title=one.get("title"),
        description=one.get("description"),
        byte_size=_size(one.get("byteSize")),
        license=reading.license(_address(one.get("license")), path=f"{path}.license"),
        issued=reading.date(one.get("issued"), f"{path}.issued"),
        modified=reading.date(one.get("modified"), f"{path}.modified"),
        conforms_to=tuple(reading.text(_address(value)) for value in parts.listed(one.get("conformsTo"))),
    )


def _size(value: Any) -> int | None:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isdecimal() and len(text) <= 15 else None


def _address(value: Any) -> Any:
    """DCAT-US 3 writes an object where 1.1 writes text: its address, else its label."""
    if isinstance(value, Mapping):
        keys = ("@id", "identifier", "notation", "prefLabel", "title", "label", "value")
        return next((_address(value[key]) for key in keys if value.get(key)), None)
    if isinstance(value, list):
        return next((_address(one) for one in value if one), None)
    return value


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in parts.listed(value) if isinstance(one, Mapping)]


def _plain(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() or None if isinstance(value, str) else None


def _is_interval(value: Any) -> bool:
    return isinstance(value, str) and value.upper().startswith("R/")
