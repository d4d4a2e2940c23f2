"""From the first call to a key of one's own: getting started, signing up."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from opendata.base.kit.errors import Invalid, OpenDataError
from opendata.base.models import ApiKey, Application, Product, User
from opendata.base.runtime import Work
from opendata.doors.http import answers, identity
from opendata.doors.http.application import may_be_framed
from opendata.doors.http.context import language, platform, reading
from opendata.doors.http.permissions import ANYONE, permission
from opendata.doors.web import offers, steps
from opendata.doors.web.rendering import form_page, page
from opendata.services.access import keys, sessions, signup
from opendata.services.plans import products, showing, subscriptions

blueprint = Blueprint("developers", __name__)
PLACE_OF_A_KEY = "hpd_live_…"
Asked = Mapping[str, Any]
"""{title, state} of a product that was asked for."""
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
    """With `product` the product is asked for at once."""
    return _sign_up()


def _sign_up(error: OpenDataError | None = None, values: Mapping[str, str] | None = None) -> Response:
    with reading() as work:
        wanted = _wanted(work)
        product = offers.described(*showing.shown(work, [wanted])) if wanted else None
    return form_page("developers/sign_up.html", product=product, values=values, **steps.told(error))


def _wanted(work: Work) -> Product | None:
    name = request.values.get("product", "")
    return products.get(work, name) if name else None


@blueprint.post("/sign-up")
@permission(ANYONE)
def sign_up_submit() -> Response:
    """An account, an application and a key. The answer says nothing about the address."""
    email, name = request.form.get("email", ""), request.form.get("name", "")
    settings = platform().settings
    try:
        with platform().work() as work:
            account = signup.sign_up(work, email, name, request.form.get("password", ""), locale=language())
            asked = _ask_for(work, account.application)
            session = sessions.start(work, account.user, hours=settings.session_hours)
    except Invalid as error:
        return _sign_up(error, {"email": email[:320], "name": name[:200]})
    identity.become(session)
    response = shown_once(
        account.application, account.first_key.key, account.first_key.secret, account.user, asked=asked
    )
    identity.remember(response, session.token, hours=settings.session_hours)
    return response


def _ask_for(work: Work, application: Application) -> Asked | None:
    """The product the form names. Raises `Invalid` where its terms were not accepted."""
    wanted = _wanted(work)
    if wanted is None:
        return None
    accepted = wanted.terms_revision if request.form.get("terms") else None
    try:
        made = subscriptions.subscribe(work, application, wanted, terms=accepted)
    except subscriptions.TermsNotAccepted as error:
        raise Invalid(fields={"terms": error.message}) from error
    return {"title": wanted.title, "state": made.state}


@blueprint.get("/embed/signup")
@permission(ANYONE)
def embedded_sign_up() -> Response:
    """For pages of other sites, which show it in a frame: what is offered, and a way to the form. The form
    itself, with its password, stands on the portal alone."""
    with reading() as work:
        wanted = _wanted(work)
        found = showing.shown(work, [wanted])[0] if wanted else None
    product = offers.described(found) if found else None
    plan = offers.limits(found.version) if found and found.version else None
    answer = page("developers/embedded_sign_up.html", product=product, plan=plan)
    answer.headers["Content-Security-Policy"] = may_be_framed()
    return answer


def shown_once(
    application: Application,
    key: ApiKey,
    secret: str,
    owner: User | None,
    *,
    asked: Asked | None = None,
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
        asked=asked,
        unconfirmed={"email": owner.email, "days": days} if waiting and owner else None,
        old={"name": old.name, "expires_at": old.expires_at} if old else None,
    )
    return answers.once(shown)
