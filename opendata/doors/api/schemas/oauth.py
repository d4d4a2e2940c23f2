"""OAuth2 clients of applications, and what people gave them: what the API takes and answers."""

from typing import Any

from marshmallow import fields

from opendata.doors.api.schemas import base, stated
from opendata.doors.api.schemas.records import extended
from opendata.services.access.oauth.addresses import GRANTS, METHODS
from opendata.services.access.oauth.client_rules import LONGEST_REDIRECT, MOST_REDIRECTS
from opendata.services.access.oauth.registration import MOST_USES
from opendata.services.access.policy import SCOPES


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

    id = stated.text("Identifier; it is no secret.")
    display = stated.text("The part that may be shown.", example="hpd_cs_K7Qm2x…")
    created = stated.time("When it was made.")
    expires_at = stated.time("When it ends.")


NewClientSecret = extended(
    ClientSecret,
    "NewClientSecret",
    secret=stated.text("The secret itself: shown here and never again.", example="hpd_cs_…"),
)


class OAuthClient(base.Schema):
    """The OAuth2 client of an application."""

    id = stated.text("The `client_id`.", example="client_7Qm2xVb9LtRz4NcW8sYp1H")
    name = stated.text("Name people see when they are asked.")
    type = stated.text("confidential or public.")
    auth_method = stated.text(_METHOD, example="client_secret_basic")
    grants = _codes(GRANTS, _GRANT, required=True)
    redirect_uris = _redirects(required=True)
    scopes = _codes(SCOPES, _SCOPE, required=True)
    jwks = _jwks(required=True)
    may_introspect = base.Flag(
        required=True, metadata={"description": "Whether it may ask about tokens of others."}
    )
    created = stated.time("When it was made.")
    revoked_at = stated.time("When it was revoked.", nullable=True)
    secrets = fields.List(
        fields.Nested(ClientSecret),
        required=True,
        metadata={"description": "Secrets that are good now, at most two, the newest first."},
    )


NewOAuthClient = extended(
    OAuthClient,
    "NewOAuthClient",
    secret=stated.text("Its first secret: shown here and never again.", nullable=True, example="hpd_cs_…"),
)


class RegistrationToken(base.Schema):
    """Lets its holder register clients (RFC 7591, "initial access token")."""

    token = stated.text("The token itself: shown here and never again.", example="hpd_ia_…")
    uses = fields.Integer(
        required=True,
        validate=base.Between(1, MOST_USES),
        metadata={"description": "Clients it is good for."},
    )
    expires_at = stated.time("When it ends.")
    registration_endpoint = stated.text("Where it is sent as a bearer token.")


class Consent(base.Schema):
    """An application the caller has let in."""

    client_id = stated.text("The client's identifier.")
    name = stated.text("Name of the client.")
    application = stated.text("Name of the application it belongs to.")
    homepage = stated.text("Web address of the application.", nullable=True)
    scopes = _codes(SCOPES, "What it may do in the caller's name.", required=True)
    since = stated.time("When the caller first agreed.")
    last_used = stated.time("When it last asked for a token.")
    ends = stated.time("When it has to ask again.")


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
