"""What a person looks after about the own account: sessions, the second factor, applications let in."""

from collections.abc import Mapping
from typing import Any

from flask import Response, g

from opendata.base.models import User, UserSession
from opendata.base.runtime import Work
from opendata.doors.api import lists
from opendata.doors.api.keys import EVERYWHERE
from opendata.doors.api.operations import Blueprint
from opendata.doors.api.schemas import access, account, oauth, outputs, queries
from opendata.doors.http import answers, identity
from opendata.doors.http.context import caller, language, platform, reading, writing
from opendata.doors.http.permissions import SIGNED_IN
from opendata.services.access import people, policy, second_factor, sessions
from opendata.services.access.oauth import consents
from opendata.services.access.oauth.consents import Consent
from opendata.services.catalog.documents import stamp

blueprint = Blueprint("my_account", __name__, url_prefix="/me", description="The caller's account.")


# --- sessions --------------------------------------------------------------------------------------


@blueprint.operation(
    "GET", "/sessions", allows=SIGNED_IN, query=queries.Paged, answer=outputs.listing(account.Session)
)
def list_sessions(query: Mapping[str, Any]) -> Response:
    """List the browsers that are signed in to the caller's account, newest first."""
    with reading() as work:
        rows = sessions.listing(work, _me(work), limit=sessions.MOST)
    page, following = lists.window(rows, sessions.name_of, size=query["size"], cursor=query.get("cursor"))
    return lists.answer([_session(row) for row in page], total=len(rows), following=following)


@blueprint.operation("DELETE", "/sessions", allows=SIGNED_IN, answer=account.EndedSessions)
def end_other_sessions() -> Response:
    """End every session but the one this request came with."""
    with writing() as work:
        ended = sessions.keep_only(work, _me(work), _token())
    return answers.json({"ended": ended})


@blueprint.operation(
    "DELETE", "/sessions/<session_id>", allows=SIGNED_IN, answer=account.Session, errors=(404,)
)
def end_session(session_id: str) -> Response:
    """End one session."""
    with writing() as work:
        value = _session(sessions.end_one(work, _me(work), session_id))
    return answers.json(value)


def _session(row: UserSession) -> dict[str, Any]:
    return {
        "id": sessions.name_of(row),
        "created": stamp(row.created),
        "expires": stamp(row.expires),
        "this": sessions.is_this(row, _token()),
    }


def _token() -> str:
    """The cookie of this request's session; "" for a key or token."""
    token: str = g.get("session_token", "")
    return token


# --- second factor ---------------------------------------------------------------------------------


@blueprint.operation("GET", "/second-factor", allows=SIGNED_IN, answer=account.SecondFactor)
def read_second_factor() -> Response:
    """Tell whether the second factor is on."""
    with reading() as work:
        value = _factor(work, _me(work))
    return answers.json(value)


@blueprint.operation(
    "POST", "/second-factor/offer", allows=SIGNED_IN, answer=account.Offer, status=201, errors=(409,)
)
def offer_second_factor() -> Response:
    """Offer a secret for the caller's device."""
    settings = platform().settings
    name = settings.portal_name_en if language() == "en" else settings.portal_name_vi
    with reading() as work:
        user = _me(work)
        secret, sealed = second_factor.offer(work, user)
        value = {
            "secret": secret,
            "address": second_factor.address(user, secret, name),
            "offer": sealed,
        }
    return answers.json_once(value)


@blueprint.operation(
    "PUT",
    "/second-factor",
    allows=SIGNED_IN,
    body=account.AcceptedOffer,
    answer=account.RecoveryCodes,
    errors=(409,),
)
def turn_on_second_factor(body: Mapping[str, Any]) -> Response:
    """Turn the second factor on.

    Takes the first code of the device. Other sessions end; the answer holds codes for a lost device.
    """
    with writing() as work:
        user = _me_in_session(work)
        codes = second_factor.turn_on(work, user, body["offer"], body["code"])
        opened = _went_on(work, user)
    return _in_session(answers.json_once({"recovery_codes": list(codes)}, status=200), opened)


@blueprint.operation(
    "DELETE",
    "/second-factor",
    allows=SIGNED_IN,
    body=account.Code,
    answer=account.SecondFactor,
    errors=(404,),
)
def turn_off_second_factor(body: Mapping[str, Any]) -> Response:
    """Turn the second factor off.

    Takes a code; other sessions end.
    """
    with writing() as work:
        user = _me_in_session(work)
        second_factor.turn_off(work, user, body["code"])
        opened = _went_on(work, user)
        value = _factor(work, user)
    return _in_session(answers.json(value), opened)


def _went_on(work: Work, user: User) -> sessions.OpenSession | None:
    """A change of rights ends every session; the browser that asked gets a new one."""
    if not _token():
        return None
    return sessions.end_others(work, user, hours=platform().settings.session_hours)


def _in_session(response: Response, opened: sessions.OpenSession | None) -> Response:
    if opened is not None:
        identity.remember(response, opened.token, hours=platform().settings.session_hours)
    return response


def _factor(work: Work, user: User) -> dict[str, Any]:
    return {
        "on": user.totp_secret is not None,
        "recovery_codes_left": second_factor.codes_left(work, user),
    }


# --- applications let in ---------------------------------------------------------------------------


@blueprint.operation(
    "GET", "/consents", allows=SIGNED_IN, query=queries.Paged, answer=outputs.listing(oauth.Consent)
)
def list_consents(query: Mapping[str, Any]) -> Response:
    """List the applications that may act for the caller, the newest use first."""
    with reading() as work:
        rows = consents.given(work)
        page, following = lists.window(
            rows, lambda row: row.client.id, size=query["size"], cursor=query.get("cursor")
        )
        data = [_consent(row) for row in page]
    return lists.answer(data, total=len(rows), following=following)


@blueprint.operation(
    "DELETE", "/consents/<client_id>", allows=SIGNED_IN, answer=access.Revoked, errors=(404,)
)
def withdraw_consent(client_id: str) -> Response:
    """Show an application out; every token it has of the caller ends."""
    with writing() as work:
        consents.withdraw(work, client_id)
        now = work.now
    return answers.json({"effective_by": stamp(now + EVERYWHERE)})


def _consent(row: Consent) -> dict[str, Any]:
    return {
        "client_id": row.client.id,
        "name": row.client.name,
        "application": row.application.name,
        "homepage": row.application.homepage,
        "scopes": list(row.scopes),
        "since": stamp(row.since),
        "last_used": stamp(row.last_used),
        "ends": stamp(row.ends),
    }


def _me(work: Work) -> User:
    """Raises `SignInRequired`, `InsufficientScope`, `NotAllowed` for what speaks for an organisation."""
    policy.require_self(caller())
    return people.by_id(work, caller().user_id or "")


def _me_in_session(work: Work) -> User:
    """The same, before the session of this request is exchanged for a new one."""
    user = _me(work)
    return sessions.holder(work, _token()) if _token() else user
