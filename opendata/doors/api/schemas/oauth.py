"""OAuth2 clients of applications, and what people gave them: what the API takes and answers."""

from typing import Any

from marshmallow import fields

from opendata.doors.api.schemas import base
from opendata.doors.api.schemas.records import extended
from opendata.services.access.oauth.addresses import GRANTS, METHODS
from opendata.services.access.oauth.client_rules import LONGEST_REDIRECT, MOST_REDIRECTS
from opendata.services.access.oauth.registration import MOST_USES
from opendata.services.access.policy import SCOPES

_TIME: dict[str, Any] = {"example": "2027-01-31T00:00:00Z"}


def _text(description: str, *, nullable: bool = False, **metadata: Any) -> base.Text:
    return base.Text(required=True, allow_none=nullable, metadata={"description": description, **metadata})


def _codes(known: tuple[str, ...], description: str, **kwargs: Any) -> fields.Field[Any]:
    return fields.List(
        fields.String(validate=base.OneOf(known)),
        validate=base.Length(most=len(known)),
        metadata={"description": description},
        **kwargs,
    )


def _redirects(**kwargs: Any) -> fields.Field[Any]:
    return fields.List(
        base.Text(most=LONGEST_REDIRECT),
        validate=base.Length(most=MOST_REDIRECTS),
        metadata={
            "description": "Addresses people are sent back to, compared as whole strings; https, or http to"
            " the person's own machine."
        },
        **kwargs,
    )


def _jwks(**kwargs: Any) -> fields.Field[Any]:
    return fields.Dict(
        keys=fields.String(),
        allow_none=True,
        metadata={"description": "JSON Web Key Set of public keys, EC P-256 or RSA; for private_key_jwt."},
        **kwargs,
    )


_METHOD = "How the client says who it is; none for public ones, which have no secret."
_GRANT = "Ways in which it gets tokens."
_SCOPE = "What its tokens may do at most, within the scopes of the application."


# --- answers ---------------------------------------------------------------------------------------


class ClientSecret(base.Schema):
    """A secret of a client; its text is not kept."""

    id = _text("Identifier; it is no secret.")
    display = _text("The part that may be shown.", example="hpd_cs_K7Qm2x…")
    created = _text("When it was made.", **_TIME)
    expires_at = _text("When it ends.", **_TIME)


NewClientSecret = extended(
    ClientSecret,
    "NewClientSecret",
    secret=_text("The secret itself: shown here and never again.", example="hpd_cs_…"),
)


class OAuthClient(base.Schema):
    """The OAuth2 client of an application."""

    id = _text("The `client_id`.", example="client_7Qm2xVb9LtRz4NcW8sYp1H")
    name = _text("Name people see when they are asked.")
    type = _text("confidential or public.")
    auth_method = _text(_METHOD, example="client_secret_basic")
    grants = _codes(GRANTS, _GRANT, required=True)
    redirect_uris = _redirects(required=True)
    scopes = _codes(SCOPES, _SCOPE, required=True)
    jwks = _jwks(required=True)
    may_introspect = base.Flag(
        required=True, metadata={"description": "Whether it may ask about tokens of others."}
    )
    created = _text("When it was made.", **_TIME)
    revoked_at = _text("When it was revoked.", nullable=True, **_TIME)
    secrets = fields.List(
        fields.Nested(ClientSecret),
        required=True,
        metadata={"description": "Secrets that are good now, at most two, the newest first."},
    )


NewOAuthClient = extended(
    OAuthClient,
    "NewOAuthClient",
    secret=_text("Its first secret: shown here and never again.", nullable=True, example="hpd_cs_…"),
)


class RegistrationToken(base.Schema):
    """Lets its holder register clients (RFC 7591, "initial access token")."""

    token = _text("The token itself: shown here and never again.", example="hpd_ia_…")
    uses = fields.Integer(
        required=True,
        validate=base.Between(1, MOST_USES),
        metadata={"description": "Clients it is good for."},
    )
    expires_at = _text("When it ends.", **_TIME)
    registration_endpoint = _text("Where it is sent as a bearer token.")


class Consent(base.Schema):
    """An application the caller has let in."""

    client_id = _text("The client's identifier.")
    name = _text("Name of the client.")
    application = _text("Name of the application it belongs to.")
    homepage = _text("Web address of the application.", nullable=True)
    scopes = _codes(SCOPES, "What it may do in the caller's name.", required=True)
    since = _text("When the caller first agreed.", **_TIME)
    last_used = _text("When it last asked for a token.", **_TIME)
    ends = _text("When it has to ask again.", **_TIME)


# --- input -----------------------------------------------------------------------------------------


class NewRegistrationToken(base.Schema):
    """How many clients may be registered."""

    uses = fields.Integer(
        strict=True,
        load_default=1,
        validate=base.Between(1, MOST_USES),
        metadata={"description": "Clients it is good for."},
    )


class OAuthClientPatch(base.Schema):
    """What may be changed of a client."""

    name = base.Text(most=100, metadata={"description": "Name people see when they are asked."})
    grants = _codes(GRANTS, _GRANT)
    redirect_uris = _redirects()
    scopes = _codes(SCOPES, _SCOPE)
    jwks = _jwks()


OAuthClientInput = extended(
    OAuthClientPatch,
    "OAuthClientInput",
    name=base.Text(
        most=100,
        required=True,
        metadata={"description": "Name people see when they are asked.", "example": "Bản đồ xe buýt"},
    ),
    auth_method=fields.String(
        load_default=METHODS[0], validate=base.OneOf(METHODS), metadata={"description": _METHOD}
    ),
)
