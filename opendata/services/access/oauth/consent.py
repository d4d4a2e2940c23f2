"""What a person is asked at the authorization endpoint, and what follows from the answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from authlib.oauth2.rfc6749.grants import BaseGrant

from opendata.base.runtime import Work
from opendata.services.access import policy
from opendata.services.access.oauth import addresses
from opendata.services.access.oauth.clients import Client
from opendata.services.access.oauth.messages import Answer, Person, Request
from opendata.services.access.oauth.server import Server

_PLAIN = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")
"""What RFC 6749 lets stand in the description of an error; Authlib fails on anything else."""
_ECHOED = ("client_id", "redirect_uri", "response_type", "scope", "code_challenge_method")
_LONGEST_STATE = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that may be granted: who asks for what, and where the answer goes."""

    client: Client
    scopes: Sequence[str]
    redirect_uri: str
    grant: BaseGrant
    server: Server


def consider(work: Work, request: Request) -> Asked | Answer:
    """What to ask the person, or the refusal: sent back to the client once its address is known to be its
    own, else shown here (status 400, no location)."""
    server = Server(work)
    try:
        _require_plain(request)
        grant = server.get_consent_grant(request)
        _require_target(grant, request)
    except OAuth2Error as error:
        return server.handle_error_response(request, error)  # type: ignore[no-any-return]
    return Asked(request.client, request.scope.split(), grant.redirect_uri, grant, server)


def decide(work: Work, request: Request, *, approved: bool) -> Answer:
    """Back to the client with a code, or with `access_denied`. Everything is looked at anew."""
    policy.require_self(work.caller)
    asked = consider(work, request)
    if isinstance(asked, Answer):
        return asked
    owner = Person(work.caller.user_id or "") if approved else None
    answer: Answer = asked.server.create_authorization_response(
        request=request, grant_user=owner, grant=asked.grant
    )
    return answer


def _require_plain(request: Request) -> None:
    data = request.payload.data
    if any(not _PLAIN.fullmatch(data.get(name, "")) for name in _ECHOED):
        raise InvalidRequestError("A parameter holds characters that do not belong there.")
    if len(data.get("state", "")) > _LONGEST_STATE:
        raise InvalidRequestError("The state is too long.")


def _require_target(grant: BaseGrant, request: Request) -> None:
    try:
        addresses.chosen(grant.server.work.platform.settings, request.every("resource"))
    except addresses.InvalidTarget as error:
        error.redirect_uri, error.state = grant.redirect_uri, request.payload.state
        raise
