"""Keys that are bound to products: which call reads what, and whether one of the products covers it."""

from flask import Request

from opendata.base.runtime import Platform
from opendata.services.access.credentials import Credential
from opendata.services.plans.coverage import Coverage, Named

READING = frozenset({"GET", "HEAD", "OPTIONS"})


def require_covered(found: Credential, asked: Request, parts: Platform) -> None:
    """Raises `ProductNotAllowed`; a key that is bound to none may call what its scopes allow."""
    if found.products:
        parts.part(Coverage).require(found, _named(asked))


def _named(asked: Request) -> Named | None:
    """The one dataset or resource that the call reads: itself, its history, its file."""
    names = asked.view_args or {}
    if asked.method not in READING:
        return None
    if asked.blueprint == "datasets" and (dataset := names.get("dataset_id")):
        return ("dataset", dataset)
    if asked.blueprint == "resources" and (resource := names.get("resource_id")):
        return ("resource", resource)
    return None
