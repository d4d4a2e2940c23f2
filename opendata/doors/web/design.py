"""The living page of the visual system, and every page with made-up content.

`/docs/design` shows each part of the interface in the language and theme of the visitor. The same
samples draw whole pages without a database, for looking at them while they are being drawn:

    python -m opendata.doors.web.design [port]
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort
from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup

from opendata.base.i18n.catalogue import translations
from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.runtime.caller import ANONYMOUS, Caller
from opendata.doors.web import design_samples as samples
from opendata.doors.web import display
from opendata.doors.web.static_files import STATIC, StaticFiles

TEMPLATES = Path(__file__).parent / "templates"


def design_context() -> dict[str, Any]:
    """What design.html takes: one sample of each part."""
    return {
        **_common("/docs/design"),
        "rows": samples.LIST_ROWS,
        "figures": samples.FIGURES[:3],
        "columns": samples.COLUMNS,
        "table_rows": samples.ROWS,
        "facets": _facets(),
        "events": samples.EVENTS,
        "calls": samples.CALLS,
        "answer": samples.ANSWER,
        "dataset": samples.DATASET,
        "resource": samples.RESOURCES[0],
    }


def _common(path: str) -> dict[str, Any]:
    return {
        "path": path,
        "portal": samples.PORTAL,
        "caller": ANONYMOUS,
        "request_id": "01JZ5Q8W3K",
        "csrf_token": lambda: "sample",
    }


def _facets() -> list[dict[str, Any]]:
    two = samples.two
    organizations = [(o["slug"], o["name"], o["count"]) for o in samples.ORGANIZATIONS]
    themes = [(theme["code"], theme["label"], theme["count"]) for theme in samples.THEMES]
    formats = [(code, two(code, code), count) for code, count in (("CSV", 3), ("XLSX", 1), ("API", 2))]
    words = translations(display.language()).gettext
    return [
        samples.facet("organization", words("Cơ quan công bố"), organizations, chosen="cang-vu-hang-hai"),
        samples.facet("theme", words("Lĩnh vực"), themes),
        samples.facet("format", words("Định dạng"), formats),
    ]


def _home() -> dict[str, Any]:
    return {
        "totals": {"datasets": 40, "organizations": 17},
        "examples": [("cang bien", {}), ("dân số phường xã", {}), ("giá đất 2025", {})],
        "figures": samples.FIGURES,
        "themes": samples.THEMES,
        "organizations": samples.ORGANIZATIONS,
        "newest": samples.LIST_ROWS,
        "call": samples.CALL,
        "answer": samples.ANSWER,
    }


def _search(q: str = "cang bien", *, found: bool = True) -> dict[str, Any]:
    marked = {
        **samples.LIST_ROWS[0],
        "marked": {
            "title": Markup("Sản lượng hàng hóa thông qua <mark>cảng biển</mark>"),
            "description": None,
        },
    }
    sorts = [("relevance", "Liên quan"), ("newest", "Mới nhất"), ("title", "Tên")]
    words = translations(display.language()).gettext
    search = {
        "q": q,
        "total": 4 if found else 0,
        "items": [marked, *samples.LIST_ROWS[1:3]] if found else [],
        "near": samples.LIST_ROWS[3:] if found else [],
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
        "related": samples.LIST_ROWS[1:3],
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


PAGES: Mapping[str, Callable[[], dict[str, Any]]] = {
    "home": _home,
    "search": _search,
    "dataset": _dataset,
    "resource": _resource,
}
"""Template names (without .html) to the content they are shown with."""


def sample_environment(static: StaticFiles | None = None) -> Environment:
    """Templates alone, without an application."""
    env = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape())
    display.install(env, vocabularies=Vocabularies(), static=static or StaticFiles())
    env.globals["csrf_token"] = lambda: "sample"
    return env


def render_sample(env: Environment, page: str, language: str, caller: Caller = ANONYMOUS) -> str:
    """One page with made-up content."""
    with display.speaking(language):
        context = {**_common(f"/{page}"), "caller": caller, **PAGES[page]()}
        return env.get_template(f"{page}.html").render(context)


def sample_site() -> Flask:
    """Every page at /<template name>, in English below /en."""
    app = Flask(__name__, static_folder=str(STATIC), static_url_path="/static")
    env = sample_environment()

    def page(name: str = "home", language: str = "vi") -> Response:
        if name not in PAGES:
            abort(404)
        answer = Response(render_sample(env, name, language), mimetype="text/html")
        answer.headers["Content-Security-Policy"] = (
            "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; font-src 'self'"
        )
        return answer

    app.add_url_rule("/", "home", page)
    app.add_url_rule("/<path:name>", "page", page)
    app.add_url_rule("/en/", "home-en", lambda: page(language="en"))
    app.add_url_rule("/en/<path:name>", "page-en", lambda name: page(name, "en"))
    return app


if __name__ == "__main__":
    sample_site().run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 8099)
