"""Made-up Vietnamese datasets as CKAN packages, and the same as the portal's own JSON; queries for them."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from bench.search_engine import PLACES, SCOPES, SUBJECTS, TEXT, query_log
from opendata.base.kit.vietnamese import slugify

BODIES = tuple(
    f"Sở {name}" for name in "Tài chính|Công Thương|Xây dựng|Nội vụ|Y tế|Tư pháp|Du lịch|Ngoại vụ".split("|")
)
WORDS = sorted({word.strip(";") for word in TEXT if len(word) > 2})
THEMES = ("ECON", "TRAN", "ENVI", "HEAL", "EDUC", "GOVE", "REGI")
FORMATS = ("CSV", "XLSX", "JSON", "GEOJSON", "XML")
LICENCES = {"cc-by": "cc-by-4.0", "cc-zero": "cc0-1.0"}
FACETS = {
    "organization": "organization",
    "tags": "tag",
    "res_format": "format",
    "license_id": "license",
    "groups": "topic",
}
"""Five facets, by CKAN's name and by the portal's."""


def packages(count: int, seed: int = 5) -> Iterator[dict[str, Any]]:
    """The first k of n are those of any larger n."""
    chance = random.Random(seed)
    for number in range(count):
        yield _package(number, random.Random(chance.getrandbits(64)))


def _package(number: int, chance: random.Random) -> dict[str, Any]:
    subject, scope, place = (chance.choice(words) for words in (SUBJECTS, SCOPES, PLACES))
    title = f"{subject} {scope} {place} {number % 997}"
    year = chance.randrange(2015, 2026)
    formats = chance.sample(FORMATS[:3], 1) + chance.sample(FORMATS[3:], 1)
    tags = list(dict.fromkeys([subject.lower(), place, *chance.sample(WORDS, 2)]))
    extras = {
        "contact_name": f"Văn phòng {BODIES[number % len(BODIES)]}",
        "contact_email": "vanphong@haiphong.example",
        "frequency": "MONTHLY",
        "theme": json.dumps([chance.choice(THEMES)]),
        "issued": f"{year}-01-15",
        "temporal_start": f"{year}",
        "temporal_end": f"{year}",
    }
    return {
        "id": str(UUID(int=chance.getrandbits(128), version=4)),
        "name": f"{slugify(title)[:80]}-{number}",
        "title": title,
        "notes": f"{title}. " + " ".join(chance.choices(TEXT, k=60)) + ".",
        "owner_org": slugify(BODIES[number % len(BODIES)]),
        "license_id": chance.choice(list(LICENCES)),
        "tags": [{"name": tag} for tag in tags],
        "extras": [{"key": key, "value": value} for key, value in extras.items()],
        "resources": [
            {
                "name": f"{title} ({form})",
                "format": form,
                "url": f"https://du-lieu.example/{number}.{form.lower()}",
                "description": f"Tệp {form}",
            }
            for form in formats
        ],
    }


def as_harvested(package: Mapping[str, Any]) -> dict[str, Any]:
    """The package as `package_search` of a CKAN gives it."""
    name = package["owner_org"]
    body = {
        "id": _organization_id(name),
        "name": name,
        "title": name,
        "state": "active",
        "type": "organization",
    }
    stamp = "2026-01-01T00:00:00"
    return {
        **package,
        "organization": body,
        "owner_org": body["id"],
        "type": "dataset",
        "state": "active",
        "private": False,
        "metadata_created": stamp,
        "metadata_modified": stamp,
        "groups": [],
    }


def _organization_id(name: str) -> str:
    return str(UUID(int=random.Random(name).getrandbits(128), version=4))


def as_dataset(package: Mapping[str, Any]) -> dict[str, Any]:
    """The same as the body of `POST /api/v1/datasets`."""
    extras = {extra["key"]: extra["value"] for extra in package["extras"]}
    return {
        "publisher": package["owner_org"],
        "slug": package["name"],
        "title": {"vi": package["title"]},
        "description": {"vi": package["notes"]},
        "keywords": {"vi": [tag["name"] for tag in package["tags"]]},
        "themes": json.loads(extras["theme"]),
        "license": LICENCES[package["license_id"]],
        "frequency": extras["frequency"],
        "access_level": "public",
        "legal_basis": [{"code": "Luật 20/2023/QH15"}],
        "pham_vi": {"mode": "none"},
        "contact": [{"name": {"vi": extras["contact_name"]}, "email": extras["contact_email"]}],
        "issued": extras["issued"],
        "temporal": {"start": extras["temporal_start"], "end": extras["temporal_end"]},
        "resources": [
            {
                "title": {"vi": resource["name"]},
                "kind": "link",
                "format": resource["format"],
                "access_url": resource["url"],
                "download_url": resource["url"],
            }
            for resource in package["resources"]
        ],
    }


DEFAULTS = {
    "defaults": {
        "legal_basis": [{"code": "Luật 20/2023/QH15"}],
        "pham_vi": {"mode": "none"},
        "access_level": "public",
    }
}
"""What a source fills in for records that lack it."""


def searches(length: int, seed: int = 3) -> Sequence[tuple[str, str]]:
    """(CKAN's address, the portal's) of the searches of a Zipf query log."""
    return [_addresses(*query) for query in query_log(random.Random(seed), length)]


def _addresses(text: str, formats: tuple[str, ...]) -> tuple[str, str]:
    theirs: dict[str, Any] = {"q": text, "rows": 20, "facet.field": json.dumps(list(FACETS))}
    ours: dict[str, Any] = {"q": text, "size": 20, "facets": list(FACETS.values())}
    if formats:
        theirs["fq"] = " ".join(f"res_format:{form}" for form in formats)
        ours["format"] = list(formats)
    return (
        f"/api/3/action/package_search?{urlencode(theirs)}",
        f"/api/v1/datasets?{urlencode(ours, doseq=True)}",
    )
