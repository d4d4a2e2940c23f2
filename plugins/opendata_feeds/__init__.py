"""Atom feeds of new and changed datasets, so that a reader is told of updates without an account.

`/feeds/dataset.atom` for all, `/feeds/organization/<slug>.atom` and `/feeds/topic/<slug>.atom` for a part.
RFC 4287.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree

from opendata.plugin import Answer, DatasetQuery, Route, Visit, find, hookimpl, pick

ATOM = "http://www.w3.org/2005/Atom"
ENTRIES = 50
TITLES = {"vi": "Bộ dữ liệu mới cập nhật", "en": "Newly updated datasets"}
ElementTree.register_namespace("", ATOM)


class Feeds:
    @hookimpl
    def opendata_routes(self) -> Iterable[Route]:
        yield Route("/feeds/dataset.atom", lambda visit: feed(visit, {}))
        yield Route("/feeds/organization/<slug>.atom", lambda visit: part(visit, "organization"))
        yield Route("/feeds/topic/<slug>.atom", lambda visit: part(visit, "topic"))


def part(visit: Visit, name: str) -> Answer:
    return feed(visit, {name: (visit.parts["slug"],)})


def feed(visit: Visit, filters: Mapping[str, tuple[str, ...]]) -> Answer:
    """The 50 datasets whose data is newest, in the language of the reader."""
    page = find(visit.work, DatasetQuery(filters=filters, sort="newest", size=ENTRIES))
    root = ElementTree.Element(f"{{{ATOM}}}feed")
    address = f"{visit.base_url}/feeds/" + "/".join(
        ["dataset", *(v for values in filters.values() for v in values)]
    )
    _text(root, "id", address)
    _text(root, "title", pick(TITLES, visit.language))
    _text(root, "updated", max((row["modified"] for row in page.rows), default="1970-01-01T00:00:00Z"))
    _link(root, visit.base_url + "/datasets?sort=newest", "alternate")
    for row in page.rows:
        root.append(_entry(row, visit))
    return Answer(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True), "application/atom+xml")


def _entry(row: Mapping[str, Any], visit: Visit) -> ElementTree.Element:
    entry = ElementTree.Element(f"{{{ATOM}}}entry")
    _text(entry, "id", f"urn:uuid:{row['id']}")
    _text(entry, "title", _title(row, visit.language))
    _text(entry, "updated", row["modified"])
    _text(entry, "summary", pick(row["description"], visit.language))
    _link(entry, f"{visit.base_url}/dataset/{row['slug']}", "alternate")
    author = ElementTree.SubElement(entry, f"{{{ATOM}}}author")
    _text(author, "name", pick(row["publisher"]["name"], visit.language))
    for code in row["themes"]:
        ElementTree.SubElement(entry, f"{{{ATOM}}}category", term=code)
    return entry


def _title(row: Mapping[str, Any], language: str) -> str:
    """Made-up data says so in every title that leaves the portal."""
    mark = {"vi": " (dữ liệu mô phỏng)", "en": " (simulated data)"}
    return pick(row["title"], language) + (pick(mark, language) if row["synthetic"] else "")


def _text(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, f"{{{ATOM}}}{name}").text = text


def _link(parent: ElementTree.Element, address: str, relation: str) -> None:
    ElementTree.SubElement(parent, f"{{{ATOM}}}link", href=address, rel=relation)


plugin = Feeds()
