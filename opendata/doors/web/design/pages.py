"""Every page with made-up content, as template names and what they take."""

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from opendata.base.i18n.catalogue import translations
from opendata.base.kit.errors import (
    Gone,
    Invalid,
    NotAllowed,
    NotFound,
    OpenDataError,
    RateLimited,
    Unavailable,
)
from opendata.base.runtime.caller import ANONYMOUS
from opendata.doors.web import display
from opendata.doors.web.design import access_samples, desk_samples, developer_samples, list_samples, samples
from opendata.doors.web.design.openapi_sample import OPENAPI
from opendata.doors.web.reference import outline


def design_context() -> dict[str, Any]:
    """What design.html takes: one sample of each part."""
    return {
        "rows": list_samples.LIST_ROWS,
        "figures": list_samples.FIGURES[:3],
        "columns": samples.COLUMNS,
        "table_rows": samples.ROWS,
        "facets": _facets(),
        "events": samples.EVENTS,
        "calls": samples.CALLS,
        "answer": samples.ANSWER,
        "dataset": samples.DATASET,
        "resource": samples.RESOURCES[0],
    }


def common(path: str) -> dict[str, Any]:
    return {
        "path": path,
        "portal": samples.PORTAL,
        "caller": ANONYMOUS,
        "request_id": "01JZ5Q8W3K",
        "csrf_token": lambda: "sample",
        "unread_notices": lambda: 3,
    }


def _facets() -> list[dict[str, Any]]:
    two = samples.two
    organizations = [(o["slug"], o["name"], o["count"]) for o in list_samples.ORGANIZATIONS]
    themes = [(theme["code"], theme["label"], theme["count"]) for theme in list_samples.THEMES]
    formats = [(code, two(code, code), count) for code, count in (("CSV", 3), ("XLSX", 1), ("API", 2))]
    words = translations(display.language()).gettext
    return [
        list_samples.facet(
            "organization", words("Cơ quan công bố"), organizations, chosen="cang-vu-hang-hai"
        ),
        list_samples.facet("theme", words("Lĩnh vực"), themes),
        list_samples.facet("format", words("Định dạng"), formats),
    ]


def _home() -> dict[str, Any]:
    return {
        "totals": {"datasets": 40, "organizations": 17},
        "examples": [("cang bien", {}), ("dân số phường xã", {}), ("giá đất 2025", {})],
        "figures": list_samples.FIGURES,
        "themes": list_samples.THEMES,
        "organizations": list_samples.ORGANIZATIONS,
        "newest": list_samples.LIST_ROWS,
        "call": samples.CALL,
        "answer": samples.ANSWER,
    }


def _search(q: str = "cang bien", *, found: bool = True) -> dict[str, Any]:
    marked = {
        **list_samples.LIST_ROWS[0],
        "marked": {
            "title": Markup("Sản lượng hàng hóa thông qua <mark>cảng biển</mark>"),
            "description": None,
        },
    }
    sorts = [("relevance", "Phù hợp"), ("newest", "Mới nhất"), ("title", "Tên")]
    words = translations(display.language()).gettext
    search = {
        "q": q,
        "total": 4 if found else 0,
        "items": [marked, *list_samples.LIST_ROWS[1:3]] if found else [],
        "near": list_samples.LIST_ROWS[3:] if found else [],
        "facets": _facets() if found else [],
        "chips": [{"facet": words("Cơ quan công bố"), "label": samples.CVHH["name"], "href": "?"}],
        "clear": "?",
        "sorts": [
            {"label": words(label), "href": f"?sort={key}", "current": key == "relevance"}
            for key, label in sorts
        ],
        "notices": [],
        "first": "",
        "next": "?after=x" if found else "",
        "tried": [] if found else ["cảng biển", "cảng biên"],
    }
    return {"search": search, "hidden": []}


def _preview() -> dict[str, Any]:
    return {
        "columns": samples.COLUMNS,
        "rows": samples.ROWS,
        "total": 21840,
        "resource": samples.RESOURCES[0],
    }


def _dataset() -> dict[str, Any]:
    language = display.language()
    return {
        "dataset": samples.DATASET,
        "summary": samples.SUMMARY,
        "about": [{"lang": language, "html": Markup(samples.ABOUT_HTML[language])}],  # noqa: S704  # our own
        "preview": _preview(),
        "take": samples.RESOURCES[0],
        "calls": samples.CALLS,
        "answer": samples.ANSWER,
        "revisions": samples.EVENTS,
        "related": list_samples.LIST_ROWS[1:3],
        "citation": "Cảng vụ Hàng hải Hải Phòng (2026). Sản lượng hàng hóa thông qua cảng biển [bộ dữ liệu].",
    }


def _resource() -> dict[str, Any]:
    return {
        "dataset": samples.DATASET,
        "resource": samples.RESOURCES[0],
        "preview": _preview(),
        "calls": samples.CALLS,
        "answer": samples.ANSWER,
        "others": samples.RESOURCES[1:],
    }


def _reference() -> dict[str, Any]:
    return {
        "outline": outline(OPENAPI),
        "note_html": OPENAPI["info"]["description"],
        "first_call": samples.CALL,
        "first_answer": samples.ANSWER,
    }


def _error(status: int) -> Callable[[], dict[str, Any]]:
    kinds: tuple[type[OpenDataError], ...] = (
        NotAllowed, NotFound, Gone, Invalid, RateLimited, OpenDataError, Unavailable,
    )  # fmt: skip
    kind = next(kind for kind in kinds if kind.status == status)

    def context() -> dict[str, Any]:
        error = kind()
        sentence = translations(display.language()).gettext(kind.message)
        return {"status": status, "error": error, "message": sentence}

    return context


def _list_of_one(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "rows": list_samples.LIST_ROWS, "total": 12}


PAGES: Mapping[str, Callable[[], dict[str, Any]]] = {
    "home": _home,
    "search": _search,
    "search-empty": lambda: _search("cang xyz", found=False),
    "dataset": _dataset,
    "resource": _resource,
    "history": lambda: {"dataset": samples.DATASET, "events": samples.EVENTS, "next": "?after=x"},
    "organizations": lambda: {"organizations": list_samples.ORGANIZATIONS},
    "organization": lambda: _list_of_one({"organization": list_samples.ORGANIZATIONS[3]}),
    "topics": lambda: {"topics": list_samples.TOPICS},
    "topic": lambda: _list_of_one({"topic": list_samples.TOPICS[0]}),
    "about": lambda: {"licences": list_samples.LICENCES},
    "api": _reference,
    "design": design_context,
    "sign_in": lambda: {"next": "/desk", "email": "can.bo@example.vn", "error": ""},
    "account": lambda: {"memberships": desk_samples.MEMBERSHIPS, "can_change_password": True},
    **{f"errors/{status}": _error(status) for status in (403, 404, 410, 422, 429, 500, 503)},
    **desk_samples.PAGES,
    **developer_samples.PAGES,
    **access_samples.PAGES,
}
"""Page names to the content they are shown with; the template is `template_of` the name."""

TEMPLATES = {
    **access_samples.TEMPLATES,
    "search-empty": "search.html",
    "operator/source_new_4": "operator/source_new.html",
    "security-on": "security.html",
    "developers/client-new": "developers/client.html",
}


def template_of(page: str) -> str:
    if page.startswith("errors/"):
        return "errors/error.html"
    return TEMPLATES.get(page, f"{page}.html")
