"""Datasets over REST: search, read, history, and what the publish gate says."""

from collections.abc import Mapping
from typing import Any

from flask import Response

from opendata.base.i18n import translations
from opendata.base.kit.vocabularies import Vocabularies
from opendata.doors.api import lists
from opendata.doors.api.operations import Blueprint
from opendata.doors.api.schemas import outputs, queries
from opendata.doors.http import answers, remembered
from opendata.doors.http.context import platform, reading
from opendata.doors.http.permissions import ANYONE
from opendata.services.access import policy
from opendata.services.access.policy import Action
from opendata.services.catalog import datasets, gate, search, workflow
from opendata.services.catalog import reading as documents
from opendata.services.catalog.documents import stamp
from opendata.services.catalog.filters import FILTERS
from opendata.services.catalog.search import DatasetQuery, Page

blueprint = Blueprint(
    "datasets", __name__, url_prefix="/datasets", description="Datasets: search, read, write, publish."
)
FACETS = tuple(declared.name for declared in FILTERS)


@blueprint.operation("GET", "", allows=ANYONE, query=queries.Search, answer=outputs.SearchPage, errors=(503,))
def find(query: Mapping[str, Any]) -> Response:
    """Search datasets.

    Words are found with or without marks. Filters with several values accept any of them; several filters
    must all hold. Facets count what a further value of each filter would give.
    """
    return remembered.answer(lambda: _found(_query(query)), made_from=search.state(platform()))


def _found(query: DatasetQuery) -> Response:
    with reading() as work:
        page = search.find(work, query)
    return lists.answer(page.rows, total=page.total, following=page.next, meta=_meta(page))


def _query(query: Mapping[str, Any]) -> DatasetQuery:
    return DatasetQuery(
        text=query["q"],
        filters={name: tuple(query[name]) for name in FACETS if query.get(name)},
        facets=tuple(query.get("facets", FACETS)),
        sort=query["sort"],
        size=query["size"],
        cursor=query.get("cursor"),
        as_typed=query["as_typed"],
    )


def _meta(page: Page) -> dict[str, Any]:
    facets = {
        name: [{"value": item.value, "label": item.label, "count": item.count} for item in values]
        for name, values in page.facets.items()
    }
    notes = [in_both_languages(message, params) for message, params in page.notes]
    return {"total_exact": page.total_exact, "facets": facets, "notes": notes, "searched": page.searched}


def in_both_languages(message: str, params: Mapping[str, Any] | None = None) -> dict[str, str]:
    """A message id as text in Vietnamese and English."""
    texts = {language: translations(language).gettext(message) for language in ("vi", "en")}
    return {language: text % params if params else text for language, text in texts.items()}


@blueprint.operation("GET", "/<dataset_id>", allows=ANYONE, answer=outputs.Dataset, errors=(301, 404))
def get(dataset_id: str) -> Response:
    """Read one dataset.

    By id or slug; a former slug redirects to the present one. `X-Data-Synthetic` marks made-up data.
    """
    try:
        with reading() as work:
            document = documents.dataset(work, dataset_id)
    except documents.Moved as moved:
        return answers.moved(moved.slug)
    return answers.marked(answers.json_bytes(document.body, etag=document.etag), document.synthetic)


@blueprint.operation(
    "GET",
    "/<dataset_id>/revisions",
    allows=Action.VIEW_HISTORY,
    query=queries.Paged,
    answer=outputs.listing(outputs.Revision),
    errors=(404,),
)
def revisions(dataset_id: str, query: Mapping[str, Any]) -> Response:
    """List the changes of a dataset, newest first.

    For the people of its department.
    """
    with reading() as work:
        dataset = datasets.get(work, dataset_id)
        total = dataset.version
        every = datasets.revisions(work, dataset, limit=1000)
    page, following = lists.window(
        every, lambda item: str(item.version), size=query["size"], cursor=query.get("cursor")
    )
    data = [
        {
            "version": item.version,
            "at": stamp(item.at),
            "by": item.by_name,
            "action": item.action,
            "state": item.state,
            "changes": item.changes,
        }
        for item in page
    ]
    return lists.answer(data, total=total, following=following)


@blueprint.operation(
    "GET",
    "/<dataset_id>/checks",
    allows=Action.VIEW_DRAFT,
    answer=outputs.listing(outputs.Finding, "Checks", outputs.ChecksMeta),
    errors=(404,),
)
def checks(dataset_id: str) -> Response:
    """List what the publish gate finds wanting.

    Findings of severity `block` stop publication, those of severity `warn` do not.
    """
    with reading() as work:
        dataset = datasets.get(work, dataset_id)
        policy.require(work.caller, Action.VIEW_DRAFT, dataset.publisher_id)
        findings = gate.check(datasets.record_of(work, dataset), work.part(Vocabularies))
        steps = workflow.possible(work, dataset)
    data = [
        {
            "code": finding.code,
            "field": finding.field,
            "message": in_both_languages(finding.message),
            "severity": finding.severity,
        }
        for finding in findings
    ]
    publishable = all(finding.severity != "block" for finding in findings)
    return lists.answer(data, total=len(data), meta={"publishable": publishable, "steps": steps})
