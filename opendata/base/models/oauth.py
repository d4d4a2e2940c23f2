"""What the OAuth2 server remembers. Codes and tokens are digests; access tokens are not stored at all.

`pepper_kid` names the pepper of a digest; None where it was made before that was written down.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from opendata.base.models.base import Base, Code, Instant, JsonValue, UtcDateTime


class OAuthClient(Base):
    """`type` is confidential or public; `auth_method` client_secret_basic, private_key_jwt or none. An
    application has one live client at most."""

    __tablename__ = "oauth_client"
    __table_args__ = (
        Index(
            "uq_oauth_client_live_application",
            "application_id",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int] = mapped_column(index=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("application.id"))
    type: Mapped[Code]
    auth_method: Mapped[Code]
    name: Mapped[str] = mapped_column(String(100))
    redirect_uris: Mapped[list[str]] = mapped_column(JsonValue, default=list)
    grants: Mapped[list[str]] = mapped_column(JsonValue, default=list)
    scopes: Mapped[list[str]] = mapped_column(JsonValue, default=list)
    jwks: Mapped[dict[str, Any] | None] = mapped_column(JsonValue)
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", JsonValue, default=dict)
    may_introspect: Mapped[bool] = mapped_column(default=False)
    registration_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    registration_kid: Mapped[str | None] = mapped_column(String(20))
    """The pepper of its digest."""
    created: Mapped[Instant]
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ClientSecret(Base):
    """At most two live ones a client, so that a secret can be changed without a gap."""

    __tablename__ = "client_secret"

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("oauth_client.id", ondelete="CASCADE"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    pepper_kid: Mapped[str] = mapped_column(String(20))
    display: Mapped[str] = mapped_column(String(30))
    created: Mapped[Instant]
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OAuthGrant(Base):
    """What a person gave a client (`gid` of its tokens). Reuse of a refresh token ends all of it."""

    __tablename__ = "oauth_grant"

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    version: Mapped[int] = mapped_column(index=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("oauth_client.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    scopes: Mapped[list[str]] = mapped_column(JsonValue, default=list)
    created: Mapped[Instant]
    ends: Mapped[Instant]
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reuse_detected_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AuthorizationCode(Base):
    __tablename__ = "authorization_code"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("oauth_client.id", ondelete="CASCADE"))
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    redirect_uri: Mapped[str] = mapped_column(String(2000))
    scope: Mapped[str] = mapped_column(String(500))
    resource: Mapped[str | None] = mapped_column(String(500))
    challenge: Mapped[str] = mapped_column(String(128))
    expires_at: Mapped[Instant]
    redeemed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    grant_id: Mapped[str | None] = mapped_column(ForeignKey("oauth_grant.id", ondelete="CASCADE"))


class RefreshToken(Base):
    __tablename__ = "refresh_token"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    grant_id: Mapped[str] = mapped_column(ForeignKey("oauth_grant.id", ondelete="CASCADE"), index=True)
    pepper_kid: Mapped[str | None] = mapped_column(String(20))
    parent: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    scope: Mapped[str] = mapped_column(String(500))
    resource: Mapped[str | None] = mapped_column(String(500))
    created: Mapped[Instant]
    expires_at: Mapped[Instant]
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DeviceCode(Base):
    """`status` is pending, approved or denied."""

    __tablename__ = "device_code"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    user_code_digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    pepper_kid: Mapped[str | None] = mapped_column(String(20))
    client_id: Mapped[str] = mapped_column(ForeignKey("oauth_client.id", ondelete="CASCADE"))
    user_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    scope: Mapped[str] = mapped_column(String(500))
    resource: Mapped[str | None] = mapped_column(String(500))
    status: Mapped[Code] = mapped_column(default="pending")
    interval: Mapped[int] = mapped_column(default=5)
    next_poll_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[Instant]
    redeemed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DeniedToken(Base):
    """An access token (`jti`) that ends before its time; dropped after `expires_at`."""

    __tablename__ = "denied_token"

    jti: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(index=True)
    expires_at: Mapped[Instant]


class InitialAccessToken(Base):
    """Lets its holder register clients for an organisation."""

    __tablename__ = "initial_access_token"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    created_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    pepper_kid: Mapped[str | None] = mapped_column(String(20))
    uses_left: Mapped[int]
    expires_at: Mapped[Instant]


class SigningKey(Base):
    """`state` is next, current or retired. The private part is encrypted with a key of the settings."""

    __tablename__ = "signing_key"

    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(index=True)
    state: Mapped[Code]
    public: Mapped[dict[str, Any]] = mapped_column(JsonValue)
    private: Mapped[str]
    created: Mapped[Instant]
    activated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AssertionId(Base):
    """A client assertion already used; kept until it would have ended."""

    __tablename__ = "assertion_id"

    jti: Mapped[str] = mapped_column(String(200), primary_key=True)
    client_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    expires_at: Mapped[Instant]
