"""Which language a request is answered in: the path, then a cookie, then Accept-Language for the API."""

from typing import Any

from flask import Request

LANGUAGES = ("vi", "en")


def choose(asked: Request, here: dict[str, Any]) -> None:
    """Pages: /en/… is English, everything else Vietnamese. API: `lang`, then Accept-Language."""
    path = asked.path
    if path == "/en" or path.startswith("/en/"):
        here["language"] = "en"
    elif path.startswith("/api/"):
        wish = asked.args.get("lang")
        best = wish if wish in LANGUAGES else asked.accept_languages.best_match(LANGUAGES)
        here["language"] = best or "vi"
    else:
        here["language"] = "vi"
