"""The list of datasets, one dataset, one file."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, redirect, request
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from opendata.base.formats import schemaorg
from opendata.base.i18n import pick, translations
from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.runtime import Work
from opendata.doors.http import remembered
from opendata.doors.http.context import caller, language, platform, reading
from opendata.doors.http.permissions import ANYONE, permission
from opendata.doors.web import display
from opendata.doors.web.rendering import form_page, html, markdown, page
from opendata.doors.web.timeline import timeline
from opendata.doors.web.view import freshness_of, linked, shown_row
from opendata.services.access import policy
from opendata.services.access.policy import Action
from opendata.services.catalog import datasets
from opendata.services.catalog import preview as previews
from opendata.services.catalog import reading as documents
from opendata.services.catalog.filters import BY_NAME, FILTERS
from opendata.services.catalog.search import SORTS, DatasetQuery, FacetValue, Page, find, related, state

blueprint = Blueprint("datasets", __name__)
SIDEBAR = tuple(declared.name for declared in FILTERS)


@blueprint.get("/datasets")
@permission(ANYONE)
def listing() -> Response:
    """Search results. With `HX-Request` only the part that changes."""
    if "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers:
        response = Response(html("_results.html", _results()), content_type="text/html; charset=utf-8")
        response.headers["Vary"] = "Cookie, HX-Request"
        response.headers["Cache-Control"] = "private, no-store"
        return response
    return remembered.answer(
        lambda: page("search.html", vary="HX-Request", nav="datasets", **_results()),
        made_from=state(platform()),
        vary="HX-Request",
    )


def _results() -> dict[str, Any]:
    query = _query(request.args)
    with reading() as work:
        return _search_values(work, query, find(work, query), request.args)


def _query(arguments: MultiDict[str, str]) -> DatasetQuery:
    sort = arguments.get("sort", "")
    text = arguments.get("q", "").strip()
    return DatasetQuery(
        text=text[:1000],
        filters={name: tuple(arguments.getlist(name)) for name in BY_NAME if arguments.getlist(name)},
        facets=SIDEBAR,
        sort=sort if sort in SORTS else "relevance" if text else "newest",
        cursor=arguments.get("cursor"),
        as_typed="as_typed" in arguments,
    )


def _search_values(
    work: Work, query: DatasetQuery, found: Page, arguments: MultiDict[str, str]
) -> dict[str, Any]:
    rows = [shown_row(work, row) for row in found.rows]
    search = {
        "q": query.text,
        "total": found.total,
        "items": [row for row in rows if not row["near"]],
        "near": [row for row in rows if row["near"]],
        "facets": [_facet(name, values, query, arguments) for name, values in found.facets.items() if values],
        "chips": _chips(query, found, arguments),
        "clear": _address(MultiDict([("q", query.text)] if query.text else [])),
        "sorts": _sorts(query, arguments),
        "notices": _notices(query, found, arguments),
        "tried": _tried(query, found),
        "request_href": _request_href(query) if query.text else "",
        "first": _address(_without(arguments, "cursor")) if query.cursor else "",
        "next": _address(_with(arguments, "cursor", found.next)) if found.next else "",
    }
    hidden = [
        (name, value) for name, value in arguments.items(multi=True) if name in BY_NAME or name == "sort"
    ]
    return {"search": search, "hidden": hidden}


def _facet(
    name: str, values: Sequence[FacetValue], query: DatasetQuery, arguments: MultiDict[str, str]
) -> dict[str, Any]:
    chosen = query.filters.get(name, ())
    options = [
        {
            "value": item.value,
            "label": item.label,
            "count": item.count,
            "selected": item.chosen,
            "href": _address(_toggled(arguments, name, item.value)),
        }
        for item in values
    ]
    label = translations(language()).gettext(BY_NAME[name].label)
    return {"name": name, "label": label, "open": bool(chosen) or name in SIDEBAR[:2], "options": options}


def _chips(query: DatasetQuery, found: Page, arguments: MultiDict[str, str]) -> list[dict[str, Any]]:
    labels = {(name, item.value): item.label for name, values in found.facets.items() for item in values}
    translate = translations(language()).gettext
    return [
        {
            "facet": translate(BY_NAME[name].label),
            "label": labels.get((name, value), {"vi": value}),
            "href": _address(_toggled(arguments, name, value)),
        }
        for name, values in query.filters.items()
        for value in values
    ]


def _sorts(query: DatasetQuery, arguments: MultiDict[str, str]) -> list[dict[str, Any]]:
    _ = translations(language()).gettext
    labels = {
        "relevance": _("Phù hợp"),
        "newest": _("Mới nhất"),
        "title": _("Tên A–Z"),
        "popularity": _("Xem nhiều"),
    }
    kept = _without(arguments, "cursor")
    return [
        {"label": label, "href": _address(_with(kept, "sort", sort)), "current": query.sort == sort}
        for sort, label in labels.items()
        if sort != "relevance" or query.text
    ]


def _notices(query: DatasetQuery, found: Page, arguments: MultiDict[str, str]) -> list[dict[str, Any]]:
    _ = translations(language()).gettext
    notices: list[dict[str, Any]] = [
        {"text": _(message) % params if params else _(message)} for message, params in found.notes
    ]
    if notices and not query.as_typed:
        notices[-1] |= {
            "href": _address(_with(_without(arguments, "cursor"), "as_typed", "1")),
            "link": _("Tìm đúng như đã gõ"),
        }
    if found.reduced:
        notices.append({"text": _("Chức năng tìm kiếm đang chạy ở chế độ rút gọn.")})
    return notices


def _tried(query: DatasetQuery, found: Page) -> list[str]:
    """The readings of a text that were searched before nothing was found."""
    if found.total or query.as_typed or not query.text:
        return []
    _ = translations(language()).gettext
    return [
        _("đủ các từ đã gõ"),
        _("gõ kiểu Telex hoặc VNI"),
        _("tách các từ viết liền"),
        _("đổi âm đầu dễ lẫn"),
        _("phần lớn các từ"),
    ]


def _request_href(query: DatasetQuery) -> str:
    """A letter to the portal that asks for what was not found."""
    _ = translations(language()).gettext
    subject = _("Đề nghị công bố dữ liệu: %(q)s") % {"q": query.text[:200]}
    address = platform().settings.contact_email
    return f"mailto:{address}?subject={quote(subject)}" if address else ""


def _toggled(arguments: MultiDict[str, str], name: str, value: str) -> MultiDict[str, str]:
    kept = MultiDict(
        item for item in _without(arguments, "cursor").items(multi=True) if item != (name, value)
    )
    if value not in arguments.getlist(name):
        kept.add(name, value)
    return kept


def _with(arguments: MultiDict[str, str], name: str, value: str) -> MultiDict[str, str]:
    changed = arguments.copy()
    changed[name] = value
    return changed


def _without(arguments: MultiDict[str, str], name: str) -> MultiDict[str, str]:
    return MultiDict(item for item in arguments.items(multi=True) if item[0] != name)


def _address(arguments: MultiDict[str, str]) -> str:
    return display.with_query(display.to("datasets"), arguments.items(multi=True))


@blueprint.get("/dataset/<slug>")
@permission(ANYONE)
def dataset(slug: str) -> BaseResponse:
    """One dataset; a former or foreign spelling of its address redirects."""
    with reading() as work:
        try:
            document = documents.dataset(work, slug)
        except documents.Moved as moved:
            return redirect(display.to("dataset", moved.slug), 301)
        if document.slug != slug:
            return redirect(display.to("dataset", document.slug), 301)
        return remembered.answer(
            lambda: _dataset_page(work, document), made_from=(document.etag, state(platform()))
        )


def _dataset_page(work: Work, document: documents.Document) -> Response:
    value = document.value
    preview = previews.of_dataset(work, value)
    neighbours = [shown_row(work, row) for row in related(work, value)]
    values = _dataset_values(value, preview, neighbours)
    return page("dataset.html", **values, revisions=_newest_changes(work, value))


def _newest_changes(work: Work, value: dict[str, Any]) -> list[dict[str, Any]]:
    """For the department's own people, who alone may read the history."""
    if not policy.allows(work.caller, Action.VIEW_HISTORY, value["publisher"]["id"]):
        return []
    return timeline(datasets.revisions(work, datasets.get(work, value["id"]), limit=3))


def _dataset_values(
    value: dict[str, Any], preview: previews.Preview | None, neighbours: list[dict[str, Any]]
) -> dict[str, Any]:
    resources = [linked(resource) for resource in value["resources"]]
    view = value | {
        "resources": resources,
        "freshness": freshness_of(value),
        "first_published": value["issued"],
    }
    base = platform().settings.base_url.rstrip("/")
    api = f"{base}/api/v1/datasets/{value['slug']}"
    description = pick(value["description"], language())
    return {
        "nav": "datasets",
        "dataset": view,
        "summary": {key: _first_sentence(text) for key, text in value["description"].items()},
        "about": [{"lang": _language_of(value["description"]), "html": markdown(description)}]
        if description
        else [],
        "preview": preview,
        "take": next((item for item in resources if item["href"]), None),
        "calls": [("curl", f"curl {api}"), ("Python", _python(api)), ("JavaScript", _javascript(api))],
        "answer": "",
        "related": neighbours,
        "citation": _citation(value, base),
        "alternates": [("application/json", "JSON", f"/api/v1/datasets/{value['slug']}")],
        "json_ld": Markup(schemaorg.script(value, base, _license_address(value))),  # noqa: S704  # escaped for a script element there
        "can_edit": policy.allows(caller(), Action.EDIT, value["publisher"]["id"]),
    }


def _license_address(value: Mapping[str, Any]) -> str | None:
    term = platform().part(Vocabularies).terms("licences").get(value.get("license") or "")
    return term.data.get("url") if term else None


def _language_of(text: Mapping[str, str]) -> str:
    return language() if language() in text else "vi"


def _first_sentence(text: str) -> str:
    line = text.strip().split("\n", 1)[0]
    end = line.find(". ")
    return line if end < 0 else line[: end + 1]


def _python(address: str) -> str:
    lines = ["import json, urllib.request", "", f'with urllib.request.urlopen("{address}") as answer:']
    return "\n".join([*lines, "    dataset = json.load(answer)"])


def _javascript(address: str) -> str:
    return f'const answer = await fetch("{address}");\nconst dataset = await answer.json();'


def _citation(value: Mapping[str, Any], base: str) -> str:
    publisher = pick(value["publisher"]["name"], language())
    year = str(value.get("issued") or value["created"])[:4]
    version = translations(language()).gettext("Phiên bản %(n)s") % {"n": value["version"]}
    return (
        f"{publisher} ({year}). {schemaorg.shown_title(value, language())}. {version}. "
        f"{base}/dataset/{value['slug']}"
    )


@blueprint.get("/dataset/<slug>/resource/<resource_id>")
@permission(ANYONE)
def resource(slug: str, resource_id: str) -> BaseResponse:
    with reading() as work:
        document, found = documents.resource(work, resource_id)
        if document.slug != slug:
            return redirect(display.to("resource", document.slug, resource_id), 301)
        preview = previews.of_resource(work, found)
    value = document.value
    api = f"{platform().settings.base_url.rstrip('/')}/api/v1/resources/{resource_id}"
    return page(
        "resource.html",
        nav="datasets",
        dataset=value | {"freshness": freshness_of(value)},
        resource=linked(found),
        preview=preview,
        calls=[("curl", f"curl {api}")],
        answer="",
        others=[linked(item) for item in value["resources"] if item["id"] != resource_id],
    )


@blueprint.get("/dataset/<slug>/history")
@permission(Action.VIEW_HISTORY)
def history(slug: str) -> BaseResponse:
    """Every change of the description, for the department's own people."""
    with reading() as work:
        document = documents.dataset(work, slug)
        events = timeline(datasets.revisions(work, datasets.get(work, slug)))
    return form_page("history.html", nav="datasets", dataset=document.value, events=events, next="")
