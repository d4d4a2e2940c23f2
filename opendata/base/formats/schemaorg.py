"""schema.org JSON-LD of a dataset document, as search engines read it."""

from collections.abc import Mapping
from typing import Any

import orjson

MAX_DESCRIPTION = 5000


def dataset(document: Mapping[str, Any], base_url: str, license_uri: str | None = None) -> dict[str, Any]:
    """https://schema.org/Dataset. `document` is the prebuilt JSON document, `license_uri` the address of its
    licence."""
    address = f"{base_url}/dataset/{document['slug']}"
    temporal = document.get("temporal") or {}
    value = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": f"{base_url}/dataset/{document['id']}",
        "identifier": document["id"],
        "url": address,
        "name": shown_title(document, "vi"),
        "description": document["description"].get("vi", "")[:MAX_DESCRIPTION],
        "inLanguage": "vi",
        "keywords": [word for words in document["keywords"].values() for word in words],
        "license": license_uri or document.get("license"),
        "isAccessibleForFree": document.get("access_level") == "public",
        "datePublished": document.get("issued"),
        "dateModified": document.get("modified"),
        "version": document["version"],
        "temporalCoverage": f"{temporal.get('start') or '..'}/{temporal.get('end') or '..'}"
        if temporal
        else None,
        "publisher": {"@type": "GovernmentOrganization", "name": document["publisher"]["name"].get("vi")},
        "creditText": document["provenance"].get("vi") if _is_made_up(document) else None,
        "isBasedOn": list(document.get("sources") or ()) or None,
        "contactPoint": [_contact(contact) for contact in document.get("contact") or ()] or None,
        "includedInDataCatalog": {"@type": "DataCatalog", "url": f"{base_url}/"},
        "distribution": [_distribution(resource, base_url) for resource in document["resources"]],
    }
    return {key: item for key, item in value.items() if item is not None}


def _is_made_up(document: Mapping[str, Any]) -> bool:
    return bool(document["synthetic"] or document.get("synthetic_columns"))


def _contact(contact: Mapping[str, Any]) -> dict[str, Any]:
    value = {
        "@type": "ContactPoint",
        "name": contact["name"].get("vi"),
        "email": contact.get("email"),
        "telephone": contact.get("phone"),
        "url": contact.get("url"),
    }
    return {key: item for key, item in value.items() if item is not None}


def shown_title(document: Mapping[str, Any], language: str) -> str:
    """The title with the mark of synthetic data."""
    title: str = document["title"].get(language) or document["title"].get("vi", "")
    if not document["synthetic"]:
        return title
    return f"{title} (dữ liệu mô phỏng)" if language == "vi" else f"{title} (simulated data)"


def _distribution(resource: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    stored = f"{base_url}/api/v1/resources/{resource['id']}/download" if resource.get("sha256") else None
    value = {
        "@type": "DataDownload",
        "contentUrl": stored or resource.get("download_url") or resource.get("access_url"),
        "encodingFormat": resource.get("media_type") or resource.get("format"),
        "contentSize": str(resource["byte_size"]) if resource.get("byte_size") else None,
        "sha256": resource.get("sha256"),
        "name": resource["title"].get("vi"),
    }
    return {key: item for key, item in value.items() if item is not None}


def script(document: Mapping[str, Any], base_url: str, license_uri: str | None = None) -> str:
    """The JSON text, safe inside a script element."""
    text = orjson.dumps(dataset(document, base_url, license_uri)).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
