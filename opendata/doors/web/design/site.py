"""A site of sample pages, without a database."""

from pathlib import Path

from flask import Flask, Response, abort
from jinja2 import Environment, FileSystemLoader, select_autoescape

from opendata.base.kit.vocabularies import Vocabularies
from opendata.base.runtime.caller import ANONYMOUS, Caller
from opendata.doors.web import display
from opendata.doors.web.design.desk_samples import OFFICER
from opendata.doors.web.design.pages import PAGES, common, template_of
from opendata.doors.web.static_files import STATIC, StaticFiles

TEMPLATES = Path(__file__).parent.parent / "templates"
SIGNED_IN = ("account", "department/", "operator/")


def sample_environment(static: StaticFiles | None = None) -> Environment:
    """Templates alone, without an application."""
    env = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape())
    display.install(env, vocabularies=Vocabularies(), static=static or StaticFiles())
    env.globals["csrf_token"] = lambda: "sample"
    return env


def render_sample(env: Environment, page: str, language: str, caller: Caller = ANONYMOUS) -> str:
    """One page with made-up content."""
    with display.speaking(language):
        context = {**common(f"/{page}"), "caller": caller, **PAGES[page]()}
        return env.get_template(template_of(page)).render(context)


def sample_site() -> Flask:
    """Every page at /<template name>, in English below /en."""
    app = Flask(__name__, static_folder=str(STATIC), static_url_path="/static")
    env = sample_environment()

    def page(name: str = "home", language: str = "vi") -> Response:
        if name not in PAGES:
            abort(404)
        answer = Response(
            render_sample(env, name, language, OFFICER if name.startswith(SIGNED_IN) else ANONYMOUS),
            mimetype="text/html",
        )
        answer.headers["Content-Security-Policy"] = (
            "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; font-src 'self'"
        )
        return answer

    app.add_url_rule("/", "home", page)
    app.add_url_rule("/<path:name>", "page", page)
    app.add_url_rule("/en/", "home-en", lambda: page(language="en"))
    app.add_url_rule("/en/<path:name>", "page-en", lambda name: page(name, "en"))
    return app
