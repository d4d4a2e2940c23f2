"""The names and addresses of the server and of what its tokens are for."""

from collections.abc import Mapping, Sequence
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Error

from opendata.services.access.policy import SCOPES

CODE = "authorization_code"
CREDENTIALS = "client_credentials"
REFRESH = "refresh_token"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
GRANTS = (CODE, CREDENTIALS, REFRESH, DEVICE)
METHODS = ("client_secret_basic", "private_key_jwt", "none")
"""Ways in which a client says who it is; the last is for public clients."""
ASSERTION_ALGORITHMS = ("ES256", "RS256")


class InvalidTarget(OAuth2Error):  # type: ignore[misc]
    """RFC 8707 §2."""

    error = "invalid_target"
    description = "The requested resource is not served with tokens of this server."


def issuer(settings: Any) -> str:
    """RFC 8414 §2: compared as a string, so never with a slash at its end."""
    return str(settings.base_url).rstrip("/")


def resource(settings: Any) -> str:
    """The one resource of this portal: its API. The audience of every token (RFC 8707, RFC 9068)."""
    return issuer(settings)


def registration(settings: Any) -> str:
    """Where clients register themselves (RFC 7591)."""
    return f"{issuer(settings)}/oauth/register"


def chosen(settings: Any, asked: Sequence[str]) -> str:
    """The resource that a request names, or the only one. Raises `InvalidTarget`."""
    known = resource(settings)
    if any(name not in {known, f"{known}/"} for name in asked):
        raise InvalidTarget
    return known


def server_metadata(settings: Any) -> Mapping[str, Any]:
    """RFC 8414 and RFC 9207."""
    here = issuer(settings)
    methods = list(METHODS)
    algorithms = list(ASSERTION_ALGORITHMS)
    return {
        "issuer": here,
        "authorization_endpoint": f"{here}/oauth/authorize",
        "token_endpoint": f"{here}/oauth/token",
        "jwks_uri": f"{here}/oauth/jwks.json",
        "registration_endpoint": registration(settings),
        "revocation_endpoint": f"{here}/oauth/revoke",
        "introspection_endpoint": f"{here}/oauth/introspect",
        "device_authorization_endpoint": f"{here}/oauth/device_authorization",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANTS),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": methods[:2],
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "scopes_supported": list(SCOPES),
        "service_documentation": f"{here}/developers",
        "ui_locales_supported": ["vi", "en"],
    }


def resource_metadata(settings: Any) -> Mapping[str, Any]:
    """RFC 9728."""
    return {
        "resource": resource(settings),
        "authorization_servers": [issuer(settings)],
        "jwks_uri": f"{issuer(settings)}/oauth/jwks.json",
        "scopes_supported": list(SCOPES),
        "bearer_methods_supported": ["header"],
        "resource_documentation": f"{issuer(settings)}/docs/api",
    }
