"""Which language a request is answered in: the path, then a cookie, then Accept-Language for the API."""

from flask import g, request

LANGUAGES = ("vi", "en")


def choose() -> None:
    """Pages: /en/… is English, everything else Vietnamese. API: `lang`, then Accept-Language."""
    path = request.path
    if path == "/en" or path.startswith("/en/"):
        g.language = "en"
    elif path.startswith("/api/"):
        asked = request.args.get("lang")
        best = asked if asked in LANGUAGES else request.accept_languages.best_match(LANGUAGES)
        g.language = best or "vi"
    else:
        g.language = "vi"
