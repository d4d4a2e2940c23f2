"""From the first call to a key of one's own: getting started, signing up."""

from flask import Blueprint, Response, request

from opendata.base.kit.errors import Invalid
from opendata.base.models import ApiKey, Application, User
from opendata.doors.http import answers, identity
from opendata.doors.http.context import language, platform
from opendata.doors.http.permissions import ANYONE, permission
from opendata.doors.http.problems import field_sentences
from opendata.doors.web.rendering import form_page, page
from opendata.services.access import keys, sessions, signup

blueprint = Blueprint("developers", __name__)
PLACE_OF_A_KEY = "hpd_live_…"
ANSWER = '{"data": [{"slug": "…", "title": {"vi": "…", "en": "…"}, …}], "meta": {…}, "links": {…}}'


def call(key: str = "") -> str:
    """A curl line that runs as it stands."""
    address = platform().settings.base_url.rstrip("/")
    header = f" \\\n  -H 'X-Api-Key: {key}'" if key else ""
    return f"curl '{address}/api/v1/datasets?q=cang+bien&size=1'{header}"


@blueprint.get("/developers")
@permission(ANYONE)
def start() -> Response:
    """Getting started."""
    return page("developers/start.html", open_call=call(), keyed_call=call(PLACE_OF_A_KEY), answer=ANSWER)


@blueprint.get("/sign-up")
@permission(ANYONE)
def sign_up() -> Response:
    return form_page("developers/sign_up.html")


@blueprint.post("/sign-up")
@permission(ANYONE)
def sign_up_submit() -> Response:
    """An account, an application and a key. The answer says nothing about the address."""
    email, name = request.form.get("email", ""), request.form.get("name", "")
    settings = platform().settings
    try:
        with platform().work() as work:
            account = signup.sign_up(work, email, name, request.form.get("password", ""), locale=language())
            session = sessions.start(work, account.user, hours=settings.session_hours)
    except Invalid as error:
        return form_page(
            "developers/sign_up.html",
            status=error.status,
            values={"email": email[:320], "name": name[:200]},
            errors=field_sentences(error),
        )
    identity.become(session)
    response = shown_once(
        account.application, account.first_key.key, account.first_key.secret, account.user, fresh=True
    )
    identity.remember(response, session.token, hours=settings.session_hours)
    return response


def shown_once(
    application: Application,
    key: ApiKey,
    secret: str,
    owner: User | None,
    *,
    fresh: bool = False,
    old: ApiKey | None = None,
) -> Response:
    """The page with a new key on it; nothing keeps it."""
    days = platform().settings.unconfirmed_days
    waiting = owner is not None and owner.confirmed_at is None
    shown = form_page(
        "developers/new_key.html",
        status=201,
        secret=secret,
        call=call(secret),
        answer=ANSWER,
        application={"id": application.id, "name": application.name},
        key={"name": key.name, "expires_at": keys.end_of(key, owner, days)},
        fresh=fresh,
        unconfirmed={"email": owner.email, "days": days} if waiting and owner else None,
        old={"name": old.name, "expires_at": old.expires_at} if old else None,
    )
    return answers.once(shown)
